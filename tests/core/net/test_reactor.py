from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.error import ReactorAlreadyInstalledError
from twisted.internet.interfaces import IReadDescriptor
from twisted.python import context
from twisted.python.log import ILogContext
from zope.interface import implementer

from asyncluster.core.net.reactor import Reactor, install


@implementer(IReadDescriptor)
class Reader:
    """One end of a pair of sockets; `does` is what it does when there is something to read."""

    def __init__(self, does: Callable[[], None]) -> None:
        self.far, self.near = socket.socketpair()
        self.far.setblocking(True)
        self.reason: object = None
        self.doRead = does

    def fileno(self) -> int:
        return self.near.fileno()

    def logPrefix(self) -> str:
        return "reader"

    def connectionLost(self, reason: object) -> None:
        """Called by what went wrong, or by the end of the reactor."""
        self.reason = reason
        self.far.close()
        self.near.close()


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    reactor = Reactor()
    late = reactor.callLater(20, reactor.stop)
    yield reactor
    if late.active():
        late.cancel()


def run(reactor: Reactor) -> None:
    reactor.run(installSignalHandlers=False)


def test_what_can_be_read_is_read_and_timers_run(reactor: Reactor) -> None:
    heard = []

    def read() -> None:
        heard.append(reader.near.recv(10))
        reactor.callLater(0.01, reactor.stop)

    reader = Reader(read)
    reactor.addReader(reader)
    reader.far.send(b"hello")
    run(reactor)
    assert heard == [b"hello"]


def test_readers_run_in_no_log_context_of_their_own(reactor: Reactor) -> None:
    seen = []

    def read() -> None:
        seen.append(context.get(ILogContext))
        reactor.stop()

    reader = Reader(read)
    reactor.addReader(reader)
    reader.far.send(b"x")
    outside = context.get(ILogContext)
    run(reactor)
    assert seen == [outside]


def test_one_that_is_closed_by_another_in_the_same_turn_is_not_read(reactor: Reactor) -> None:
    read = []

    def read_and_remove(own: int) -> None:
        read.append(own)
        reactor.removeReader(readers[1 - own])
        readers[1 - own].connectionLost("by the other one")
        reactor.stop()

    readers = [Reader(lambda own=own: read_and_remove(own)) for own in range(2)]
    for reader in readers:
        reactor.addReader(reader)
        reader.far.send(b"x")
    run(reactor)
    assert len(read) == 1


def test_one_that_fails_loses_its_connection_and_no_other(reactor: Reactor, log: list[dict[str, Any]]) -> None:
    def fail() -> None:
        raise RuntimeError("planted")

    def stop_once_it_is_gone() -> None:
        if bad.reason is not None:
            left.append(good.reason)
            reactor.stop()

    bad, good = Reader(fail), Reader(stop_once_it_is_gone)
    left: list[object] = []
    for reader in (bad, good):
        reactor.addReader(reader)
        reader.far.send(b"x")
    run(reactor)
    assert "planted" in str(bad.reason)
    assert left == [None]
    [error] = [event for event in log if event.get("isError")]
    assert "planted" in str(error["failure"])
    log.remove(error)


def test_the_reactor_of_a_process_is_ours_once_it_is_installed() -> None:
    program = """
from asyncluster.core.net.reactor import Reactor, install
installed = install()
from twisted.internet import reactor
assert reactor is installed and isinstance(reactor, Reactor)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_another_one_is_not_replaced() -> None:
    from twisted.internet import reactor

    with pytest.raises(ReactorAlreadyInstalledError):
        install()
    assert not isinstance(reactor, Reactor)

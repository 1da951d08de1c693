from __future__ import annotations

import socket
import subprocess
import sys
import time
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
    """One end of a pair of sockets, at which something waits to be read; `does` is what it then does."""

    def __init__(self, does: Callable[[], None]) -> None:
        self.far, self.near = socket.socketpair()
        self.reason: object = None
        self.doRead = does
        self.far.send(b"hello")

    def fileno(self) -> int:
        return self.near.fileno()

    def logPrefix(self) -> str:
        return "reader"

    def connectionLost(self, reason: object) -> None:
        self.reason = reason
        self.far.close()
        self.near.close()


@pytest.fixture
def reactor() -> Iterator[Reactor]:
    """One that nobody has installed, and that works while it is told to: see `run_until`."""
    reactor = Reactor()
    yield reactor
    for reader in reactor.removeAll():
        reader.connectionLost("the test is over")


def run_until(reactor: Reactor, condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        reactor.iterate(0.05)


def test_what_can_be_read_is_read_and_timers_run(reactor: Reactor) -> None:
    heard = []

    def read() -> None:
        data = reader.near.recv(10)
        reactor.callLater(0.01, heard.append, data)

    reader = Reader(read)
    reactor.addReader(reader)
    run_until(reactor, lambda: heard)
    assert heard == [b"hello"]


def test_readers_run_in_no_log_context_of_their_own(reactor: Reactor) -> None:
    seen = []
    reactor.addReader(Reader(lambda: seen.append(context.get(ILogContext))))
    run_until(reactor, lambda: seen)
    assert seen[0] == context.get(ILogContext)


def test_one_that_is_closed_by_another_in_the_same_turn_is_not_read(reactor: Reactor) -> None:
    read = []

    def read_and_close(own: int) -> None:
        readers[own].near.recv(10)
        read.append(own)
        reactor.removeReader(readers[1 - own])
        readers[1 - own].connectionLost("by the other one")

    readers = [Reader(lambda own=own: read_and_close(own)) for own in range(2)]
    for reader in readers:
        reactor.addReader(reader)
    run_until(reactor, lambda: read)
    assert len(read) == 1


def test_one_that_fails_loses_its_connection_and_no_other(reactor: Reactor, log: list[dict[str, Any]]) -> None:
    def fail() -> None:
        raise RuntimeError("planted")

    read = []
    bad, good = Reader(fail), Reader(lambda: read.append(1))
    reactor.addReader(bad)
    reactor.addReader(good)
    run_until(reactor, lambda: bad.reason and read)
    assert "planted" in str(bad.reason)
    assert good.reason is None
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


def test_its_threads_begin_with_it() -> None:
    program = """
import threading
from asyncluster.core.net.reactor import install
reactor = install()
reactor.callWhenRunning(lambda: reactor.callLater(0, reactor.stop))
counts = []
reactor.addSystemEventTrigger("before", "shutdown", lambda: counts.append(threading.active_count()))
reactor.run()
assert counts == [5], counts
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_another_one_is_not_replaced() -> None:
    from twisted.internet import reactor

    with pytest.raises(ReactorAlreadyInstalledError):
        install()
    assert not isinstance(reactor, Reactor)

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.framing import frame
from asyncluster.ndm.node.workersocket import WorkerSocket


class Reactor:
    def __init__(self) -> None:
        self.readers: set[Any] = set()
        self.writers: set[Any] = set()

    def addReader(self, one: Any) -> None:
        self.readers.add(one)

    def removeReader(self, one: Any) -> None:
        self.readers.discard(one)

    def addWriter(self, one: Any) -> None:
        self.writers.add(one)

    def removeWriter(self, one: Any) -> None:
        self.writers.discard(one)


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    theirs.setblocking(False)
    reactor, heard, broken = Reactor(), [], []

    def received(bodies: list[memoryview]) -> None:
        heard.extend(map(bytes, bodies))
        if b"bad" in heard:
            raise ProtocolError("It is bad.")

    one = WorkerSocket(reactor, ours, received, lambda: broken.append(True))
    yield one, theirs, reactor, heard, broken
    one.close()
    theirs.close()


def test_a_worker_that_does_not_read_is_waited_for(ends):
    one, theirs, reactor, _heard, _broken = ends
    reading, writing = os.pipe()
    for number in range(50):
        one.send(bytes([number]) * 1000, os.dup(reading) if number == 49 else None)
    assert reactor.writers == {one}
    data, descriptors = b"", []
    while reactor.writers:
        more, fds, _flags, _address = socket.recv_fds(theirs, 65536, 8)
        data += more
        descriptors += fds
        one.doWrite()
    more, fds, _flags, _address = socket.recv_fds(theirs, 65536, 8)
    assert data + more == b"".join(frame(bytes([number]) * 1000) for number in range(50))
    (descriptor,) = [*descriptors, *fds]
    for fd in (descriptor, reading, writing):
        os.close(fd)


def test_frames_and_descriptors_come_in_order(ends):
    one, theirs, _reactor, heard, _broken = ends
    reading, writing = os.pipe()
    socket.send_fds(theirs, [frame(b"one")], [writing])
    theirs.sendall(frame(b"two"))
    one.drain()
    assert heard == [b"one", b"two"]
    descriptor = one.take_descriptor()
    os.write(descriptor, b"x")
    assert os.read(reading, 1) == b"x"
    with pytest.raises(ProtocolError):
        one.take_descriptor()
    for fd in (descriptor, reading, writing):
        os.close(fd)


def test_nonsense_closes_the_socket_and_is_told_once(ends):
    one, theirs, reactor, _heard, broken = ends
    theirs.sendall(frame(b"bad") + frame(b"bad"))
    one.doRead()
    assert broken == [True]
    assert not reactor.readers
    one.drain()
    one.send(b"more")
    assert theirs.recv(10) == b""


def test_a_giant_frame_is_nonsense(ends):
    one, theirs, _reactor, _heard, broken = ends
    theirs.sendall(b"\xff\xff\xff\xff")
    one.doRead()
    assert broken == [True]


def test_too_many_descriptors_are_nonsense(ends):
    one, theirs, _reactor, _heard, broken = ends
    for _ in range(40):
        socket.send_fds(theirs, [frame(b"")], [0, 0])
    one.drain()
    assert broken == [True]


def test_a_worker_that_has_ended_is_not_read_again(ends):
    one, theirs, reactor, _heard, broken = ends
    theirs.close()
    one.doRead()
    assert not reactor.readers
    one.send(b"x")
    one.doWrite()
    assert broken == []

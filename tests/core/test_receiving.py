from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from asyncluster.core.receiving import Receiver


@pytest.fixture
def ends() -> Iterator[tuple[Receiver, socket.socket]]:
    ours, theirs = socket.socketpair()
    receiver = Receiver(ours, 2)
    yield receiver, theirs
    receiver.close()
    ours.close()
    theirs.close()


def test_what_arrived_stays_when_more_arrives(ends: tuple[Receiver, socket.socket]) -> None:
    receiver, theirs = ends
    theirs.send(b"one")
    first = receiver.receive()
    theirs.send(b"another")
    assert (first, receiver.receive()) == (b"one", b"another")


def test_nothing_there_and_the_end_are_two_things(ends: tuple[Receiver, socket.socket]) -> None:
    receiver, theirs = ends
    with pytest.raises(BlockingIOError):
        receiver.receive(socket.MSG_DONTWAIT)
    theirs.close()
    assert receiver.receive() == b""


def test_descriptors_come_in_order_and_are_closed_if_nobody_takes_them(ends: tuple[Receiver, socket.socket]) -> None:
    receiver, theirs = ends
    reading, writing = os.pipe()
    socket.send_fds(theirs, [b"x"], [writing, reading])
    os.close(reading)
    os.close(writing)
    receiver.receive()
    taken = receiver.arrived.popleft()
    os.write(taken, b"through")
    os.close(taken)
    assert os.read(receiver.arrived[0], 10) == b"through"
    assert not os.get_inheritable(receiver.arrived[0])
    (left,) = receiver.arrived
    receiver.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(left)


def test_more_descriptors_than_may_come_are_noticed(ends: tuple[Receiver, socket.socket]) -> None:
    receiver, theirs = ends
    socket.send_fds(theirs, [b"x"], [theirs.fileno()] * 8)
    assert receiver.receive() == b"x"
    assert receiver.cut

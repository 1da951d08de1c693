from __future__ import annotations

import gc
import os
import socket

import pytest

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.session.channel import MAX_MESSAGE, Channel, ChannelClosed, close_all


@pytest.fixture
def ends():
    ours, theirs = Channel.pair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_a_message_and_its_descriptors_arrive_whole(ends):
    ours, theirs = ends
    other = Channel(theirs)
    reading, writing = os.pipe()
    ours.send({"do": "end", "reason": "kicked"}, [writing])
    os.close(writing)
    fields, fds = other.receive()
    assert fields == {"do": "end", "reason": "kicked"}
    assert not os.get_inheritable(fds[0])
    os.write(fds[0], b"x")
    close_all(fds)
    assert os.read(reading, 2) == b"x"
    os.close(reading)
    assert other.receive() is None


@pytest.mark.parametrize("data", [b"{", b"[1]", b"\xff", b"[" * 60_000, b"null"])
def test_what_is_no_message_is_refused(ends, data):
    ours, theirs = ends
    theirs.send(data)
    with pytest.raises(ProtocolError):
        ours.receive()


def test_more_descriptors_than_a_message_has_are_not_kept(ends):
    ours, theirs = ends
    gc.collect()  # what earlier tests have left goes now
    before = len(os.listdir("/proc/self/fd"))
    socket.send_fds(theirs, [b"{}"], [0] * 9)
    with pytest.raises(ProtocolError):
        ours.receive()
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_long_a_message_is_not_sent(ends):
    with pytest.raises(ProtocolError, match="limit"):
        ends[0].send({"words": "x" * MAX_MESSAGE})


def test_an_end_that_is_gone_is_noticed_both_ways(ends):
    ours, theirs = ends
    theirs.close()
    with pytest.raises(ChannelClosed):
        ours.receive()
    with pytest.raises(ChannelClosed):
        ours.send({})


def test_who_does_not_read_blocks_nobody(ends):
    ours, _theirs = ends

    def send_for_ever() -> None:
        while True:
            ours.send({"words": "x" * 1000})

    with pytest.raises(ChannelClosed):
        send_for_ever()

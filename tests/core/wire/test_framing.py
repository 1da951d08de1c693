from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.framing import FrameReader, frame


@given(st.lists(st.binary(max_size=200), max_size=20), st.lists(st.integers(1, 50), min_size=1))
def test_frames_come_out_whole_however_the_stream_is_cut(bodies: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, bodies))
    reader = FrameReader(200)
    got: list[bytes] = []
    turn = 0
    while stream:
        size = cuts[turn % len(cuts)]
        got += map(bytes, reader.receive(stream[:size]))
        stream, turn = stream[size:], turn + 1
    assert got == bodies
    assert reader.buffered == 0


def test_a_giant_is_refused_by_its_announcement() -> None:
    reader = FrameReader(256)
    with pytest.raises(ProtocolError, match="257 bytes is over the limit of 256"):
        reader.receive(struct.pack("!I", 257))


def test_a_reader_holds_at_most_what_is_announced() -> None:
    reader = FrameReader(1000)
    assert reader.receive(struct.pack("!I", 1000) + b"x" * 999) == []
    assert reader.buffered == 1003
    (body,) = reader.receive(b"y" + frame(b"next")[:3])
    assert bytes(body) == b"x" * 999 + b"y"
    assert reader.buffered == 3


def test_the_limit_can_be_raised_after_a_login() -> None:
    reader = FrameReader(4)
    reader.receive(frame(b"1234"))
    reader.max_frame = 5
    assert reader.receive(frame(b"12345")) == [b"12345"]


def test_bodies_stay_valid_when_more_arrives() -> None:
    reader = FrameReader(100)
    reader.receive(frame(b"first")[:5])
    (first,) = reader.receive(frame(b"first")[5:])
    reader.receive(frame(b"other"))
    assert bytes(first) == b"first"

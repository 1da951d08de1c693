from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire import timebar as wire
from asyncluster.core.wire.framing import FrameReader

TO_BAR = [
    wire.State("Maria Koval", 6120.0, 1e9, 14400.0, 60.0, 14400.0, 60.0, None, 1e9, "Europe/Berlin"),
    wire.Notice(2**63 - 1, "Nadia Singh", "Save your work.", 1e9),
    wire.Ending("The operator ends this session.", 10.0),
]
FROM_BAR = [wire.Acknowledged(7), wire.EndSession()]


@pytest.mark.parametrize(("decoder", "messages"), [(wire.to_time_bar, TO_BAR), (wire.from_time_bar, FROM_BAR)])
def test_messages_survive_the_wire(decoder, messages):
    frames = FrameReader(wire.MAX_FRAME).receive(b"".join(wire.framed(message) for message in messages))
    assert [decoder.decode(frame) for frame in frames] == messages


@pytest.mark.parametrize(
    "message",
    [wire.State("x" * 101), wire.State("x", left=-1.0), wire.Notice(1, "x", "x" * 2001, 0.0), wire.State("x", mode="")],
)
def test_what_breaks_a_limit_is_refused_by_the_receiver(message):
    with pytest.raises(msgspec.ValidationError):
        wire.to_time_bar.decode(wire.framed(message)[4:])


@given(st.binary(max_size=200))
def test_rubbish_is_a_decode_error_and_nothing_else(data):
    for decoder in (wire.from_time_bar, wire.to_time_bar):
        try:
            decoder.decode(data)
        except msgspec.DecodeError:
            pass

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire import greeter as wire
from asyncluster.core.wire.framing import FrameReader

TO_GREETER = [
    wire.Configuration(
        "pc06",
        "Physics lab",
        (300, 200),
        [wire.Session("plasma", "Plasma")],
        "plasma",
        [wire.Layout("ch(fr)", "French (Switzerland)")],
        True,
        "de",
        "dark",
        1.5,
        "Ask in room 214.",
    ),
    wire.MasterState(False, 1_700_000_000.0),
    wire.Openings([(540, 1080)], None, "Europe/Berlin"),
    wire.Refused("Closed now.", "", 8.0),
    wire.Accepted(),
]
FROM_GREETER = [wire.Ready(), wire.Login("lena", "geheim", "icewm", "gb"), wire.Power("shut down")]


@pytest.mark.parametrize(("decoder", "messages"), [(wire.to_greeter, TO_GREETER), (wire.from_greeter, FROM_GREETER)])
def test_messages_survive_the_wire(decoder, messages):
    frames = FrameReader(wire.MAX_FRAME).receive(b"".join(wire.framed(message) for message in messages))
    assert [decoder.decode(frame) for frame in frames] == messages


def test_a_password_shows_in_no_representation():
    assert "geheim" not in repr(wire.Login("lena", "geheim"))
    assert "geheim" not in f"{[wire.Login('lena', 'geheim')]}"


@pytest.mark.parametrize(
    "message",
    [
        wire.Login("", "x"),
        wire.Login("n" * 257, "x"),
        wire.Login("lena", "x" * 1025),
        wire.Power("explode"),
        wire.Configuration("pc06", mode="purple"),
        wire.Configuration("pc06", scale=99.0),
        wire.Configuration("pc06", layouts=[wire.Layout("us; rm", "x")]),
        wire.Configuration("pc06", layouts=[wire.Layout("-print", "x")]),
        wire.Refused("x", "", -1.0),
        wire.Openings([(0, 1441)]),
    ],
)
def test_what_breaks_a_limit_is_refused_by_the_receiver(message):
    decoder = wire.from_greeter if isinstance(message, wire.Login | wire.Power) else wire.to_greeter
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(wire.framed(message)[4:])


@given(st.binary(max_size=200))
def test_rubbish_is_a_decode_error_and_nothing_else(data):
    for decoder in (wire.from_greeter, wire.to_greeter):
        try:
            decoder.decode(data)
        except msgspec.DecodeError:
            pass

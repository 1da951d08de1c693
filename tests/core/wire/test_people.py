from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire import messages
from asyncluster.core.wire import people as wire
from asyncluster.core.wire.messages import Message
from asyncluster.core.wire.people import (
    AskHours,
    BeginSession,
    EndedSession,
    Lease,
    LiveSession,
    SessionGranted,
    SessionOrders,
    SessionReport,
)

ID = "00000000-0000-4000-8000-000000000001"
FromNode = BeginSession | SessionReport | AskHours


def test_messages_are_the_same_after_the_way() -> None:
    for message in (
        BeginSession(1, ID, ":0", "ada", "päss"),
        SessionReport([LiveSession(ID, "ada", ":0", 5, 6, None)], [EndedSession(ID, "ada", ":0", 5, 6, "logout")]),
        SessionGranted(1, "ada", Lease(ID, 5, None, None, None, "")),
        SessionOrders([Lease(ID, 5, 6, 6, 11, "daily")], [], [ID]),
    ):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=type(message)) == message


def _tags(module: object) -> dict[int, str]:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and issubclass(kind, Message)]
    return {kind.__struct_config__.tag: kind.__name__ for kind in kinds if kind.__struct_config__.tag is not None}


def test_no_number_means_two_messages() -> None:
    jobs, people = _tags(messages), _tags(wire)
    assert len(people) >= 8
    assert all(jobs.get(tag, name) == name for tag, name in people.items())


@pytest.mark.parametrize(
    "fields",
    [
        [80, 1, "not a uuid", ":0", "ada", "x"],
        [80, 1, ID, "", "ada", "x"],
        [80, 1, ID, ":0\n", "ada", "x"],
        [80, 1, ID, "x" * 41, "ada", "x"],
        [80, 1, ID, ":0", "a" * 5000, "x"],
        [80, 1, ID, ":0", "ada", "x" * 5000],
        [80, -1, ID, ":0", "ada", "x"],
        [80, 1, ID, ":0", "ada"],
        [81, [[ID, "ada", ":0", 5, -6, None]], []],
        [81, [[ID, "ada", ":0", 5, 2**41, None]], []],
        [81, [[ID, "a" * 33, ":0", 5, 6, None]], []],
        [81, [], [[ID, "ada", ":0", 5, 6, "x" * 41]]],
        [81, [], [[ID, "ada", ":0", 5, 6, "logout"]] * 1001],
    ],
)
def test_what_does_not_fit_is_refused(fields: list[object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=FromNode)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises((msgspec.MsgspecError, RecursionError)):
        msgspec.msgpack.decode(b"\x93" + noise, type=FromNode)

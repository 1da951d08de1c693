"""What node daemon and time bar say to each other, over an inherited socketpair, in frames (`framing`).

The time bar runs as the person whose time it shows. It is told and shows; nothing depends on it: what it sends is a
wish (EndSession) or a receipt (Acknowledged), and the node daemon treats it as coming from a stranger.

    N  State("lena", left=6120, until=..., ...)          at the start, at each change, and now and then
    N  Notice(7, "Nadia Singh", "The projector test starts at 14:30.", sent)
    B  Acknowledged(7)
    N  Ending("The operator ends this session.", 10)
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from asyncluster.core.wire.framing import frame

#: Largest frame on this link, in bytes; either side closes on a longer one.
MAX_FRAME = 64 * 1024

Word: TypeAlias = Annotated[str, Meta(max_length=100)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e9)]
MessageId: TypeAlias = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of everything that travels on this link."""


# --- Node daemon to time bar ------------------------------------------------------------------------------------


class State(Message, tag=1, frozen=True):
    """How the person's time stands at the moment of sending.

    Attributes:
        name: who sits here, as people read it.
        left: seconds until the session ends; None: no limit.
        until: when that is, in seconds since 1970, to be read as a time of day; None as `left`.
        total: what `left` is part of (the day's quota, say), for the length of the bar; None: nothing.
        used_today, used_week: seconds used, this session included.
        daily, weekly: the quotas in seconds; None: no such limit.
        closes: when the room closes, in seconds since 1970; None: no opening limits this person.
        zone: time zone of these times of day ("Europe/Berlin"); "": that of this computer.
        warn_at: seconds before the end at which the bar warns, the longest first.
        language, mode, scale: as in `greeter.Configuration`.
    """

    name: Word
    left: Seconds | None = None
    until: float | None = None
    total: Seconds | None = None
    used_today: Seconds = 0.0
    daily: Seconds | None = None
    used_week: Seconds = 0.0
    weekly: Seconds | None = None
    closes: float | None = None
    zone: Word = ""
    warn_at: Annotated[tuple[Seconds, ...], Meta(max_length=20)] = (900.0, 300.0, 60.0)
    language: Annotated[str, Meta(max_length=20)] = "en"
    mode: Annotated[str, Meta(pattern="^(auto|light|dark)$")] = "auto"
    scale: Annotated[float, Meta(ge=1, le=3)] = 1.0


class Notice(Message, tag=2, frozen=True):
    """Words of an operator; shown until the person presses OK.

    Attributes:
        id: what Acknowledged names.
        sender: who wrote it, "" if that is not to be said.
        text: up to 2000 characters.
        sent: when, in seconds since 1970.
    """

    id: MessageId
    sender: Word
    text: Annotated[str, Meta(max_length=2000)]
    sent: float


class Ending(Message, tag=3, frozen=True):
    """The session ends before its time, for a reason that a person reads."""

    reason: Annotated[str, Meta(max_length=500)]
    seconds: Seconds


# --- Time bar to node daemon ------------------------------------------------------------------------------------


class Acknowledged(Message, tag=20, frozen=True):
    """The person has pressed OK under a Notice."""

    id: MessageId


class EndSession(Message, tag=21, frozen=True):
    """The person wants to log out, and has said so twice."""


ToTimeBar: TypeAlias = State | Notice | Ending
FromTimeBar: TypeAlias = Acknowledged | EndSession

_encoder = msgspec.msgpack.Encoder()
to_time_bar = msgspec.msgpack.Decoder(ToTimeBar)
from_time_bar = msgspec.msgpack.Decoder(FromTimeBar)


def framed(message: Message) -> bytes:
    """`message` as it goes on the wire."""
    return frame(_encoder.encode(message))

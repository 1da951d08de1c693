"""What node daemon and greeter say to each other, over an inherited socketpair, in frames (`framing`).

A login as it goes, N for the node daemon and G for the greeter:

    N  Configuration, MasterState(reachable), Openings(...)
    G  Ready
    G  Login("lena", password, "icewm-session", "gb")
    N  Refused("The name or the password is wrong.", "", 0)
    G  Login("lena", password, "icewm-session", "gb")
    N  Accepted                                            (the greeter clears its fields; the node ends it)

The node daemon may send Configuration, MasterState and Openings again at any time; each replaces the former one.
The greeter sends one Login at a time and waits for Refused or Accepted.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from asyncluster.core.wire.framing import frame

#: Largest frame on this link, in bytes; either side closes on a longer one.
MAX_FRAME = 256 * 1024

Word: TypeAlias = Annotated[str, Meta(max_length=100)]
Sentence: TypeAlias = Annotated[str, Meta(max_length=500)]
Minute: TypeAlias = Annotated[int, Meta(ge=0, le=1440)]
Pixels: TypeAlias = Annotated[int, Meta(ge=1, le=10_000)]


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of everything that travels on this link."""


class Session(msgspec.Struct, frozen=True, array_like=True):
    """A session that a person may choose.

    Attributes:
        id: what a Login names.
        name: what people read.
    """

    id: Word
    name: Word


class Layout(msgspec.Struct, frozen=True, array_like=True):
    """A keyboard layout that a person may choose.

    Attributes:
        code: as setxkbmap has it, with the variant in parentheses: "gb", "ch(fr)".
        name: what people read.
    """

    code: Annotated[str, Meta(pattern=r"^[a-z]{2,8}(\([a-zA-Z0-9_-]{1,30}\))?$")]
    name: Word


# --- Node daemon to greeter -----------------------------------------------------------------------------------


class Configuration(Message, tag=1, frozen=True):
    """What the greeter shows before anybody has typed.

    Attributes:
        node: name of this computer.
        cluster: name of the room or cluster, "" for none.
        size: width and height of the login window in pixels, before `scale`.
        sessions: the choice, in order. Without any, none is offered and a Login names "".
        session: id of the one that is chosen at first.
        layouts: the choice of keyboard layouts; empty: the greeter offers this computer's own and common ones.
        power: whether restart and shut down are offered.
        language: "en", "de", "fr" or "es"; a locale such as "de_CH" will do.
        mode: colours: "auto", "light" or "dark".
        scale: factor of large text.
        hint: a line for who has no password or forgot it, "" for none.
    """

    node: Word
    cluster: Word = ""
    size: tuple[Pixels, Pixels] = (300, 200)
    sessions: Annotated[list[Session], Meta(max_length=100)] = []
    session: Word = ""
    layouts: Annotated[list[Layout], Meta(max_length=100)] = []
    power: bool = False
    language: Annotated[str, Meta(max_length=20)] = "en"
    mode: Literal["auto", "light", "dark"] = "auto"
    scale: Annotated[float, Meta(ge=1, le=3)] = 1.0
    hint: Sentence = ""


class MasterState(Message, tag=2, frozen=True):
    """Whether the master answers.

    Attributes:
        since: when that began, in seconds since 1970; None: not known.
    """

    reachable: bool
    since: float | None = None


class Openings(Message, tag=3, frozen=True):
    """When the room is open.

    Attributes:
        today: (start, end) of each opening of the present day, in minutes since midnight of `zone`.
        opens: the next time it opens after today, in seconds since 1970; None: not planned.
        zone: the master's time zone ("Europe/Berlin"); "": that of this computer.
    """

    today: Annotated[list[tuple[Minute, Minute]], Meta(max_length=96)]
    opens: float | None = None
    zone: Word = ""


class Refused(Message, tag=4, frozen=True):
    """The answer to a Login that opens no session.

    Attributes:
        reason: why, one sentence.
        advice: what happens next or what to do; may be "".
        retry_after: seconds before the next try is looked at; 0: at once.
    """

    reason: Sentence
    advice: Sentence = ""
    retry_after: Annotated[float, Meta(ge=0, le=86_400)] = 0.0


class Accepted(Message, tag=5, frozen=True):
    """The answer to a Login whose session begins now."""


# --- Greeter to node daemon -----------------------------------------------------------------------------------


class Ready(Message, tag=20, frozen=True):
    """The window is on the screen and what is typed arrives in its first field."""


class Login(Message, tag=21, frozen=True):
    """Somebody pressed Enter.

    Attributes:
        name, password: as typed.
        session: id of the chosen session, "" for the node's own.
        layout: code of the keyboard layout that was used, "" if unknown.
    """

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    password: Annotated[str, Meta(max_length=1024)]
    session: Word = ""
    layout: Annotated[str, Meta(max_length=40)] = ""

    def __repr__(self) -> str:
        return f"Login(name={self.name!r}, password=<not shown>, session={self.session!r})"


class Power(Message, tag=22, frozen=True):
    """Somebody asked for this, twice. The node daemon does it only if its configuration allows."""

    action: Literal["restart", "shut down"]


ToGreeter: TypeAlias = Configuration | MasterState | Openings | Refused | Accepted
FromGreeter: TypeAlias = Ready | Login | Power

_encoder = msgspec.msgpack.Encoder()
to_greeter = msgspec.msgpack.Decoder(ToGreeter)
from_greeter = msgspec.msgpack.Decoder(FromGreeter)


def framed(message: Message) -> bytes:
    """`message` as it goes on the wire."""
    return frame(_encoder.encode(message))

"""What the steward tells a keeper to do: the first message on its channel.

A keeper is one process for one stay on a display. The orders come from the steward, which is root and has checked them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.session.channel import Fields


@dataclass(frozen=True)
class Greet:
    """Put a greeter on a display.

    Attributes:
        uid, gid: whom it runs as.
    """

    place: Place
    uid: int
    gid: int


@dataclass(frozen=True)
class Begin:
    """Open a session on a display.

    Attributes:
        session: its UUID.
        user: the account, to be checked once more.
        choice: id of the chosen session; "": the node's own.
        password: for PAM to check; None: the master has, and that is enough.
        started: when it began by the master's clock.
        began: the same instant on CLOCK_BOOTTIME.
        deadline: on that clock; None: no limit.
        niceness, grace: of the configuration.
        window_manager, sessions: what may be chosen.
        records: directory of records.
        service: PAM's.
    """

    place: Place
    session: str
    user: str
    choice: str
    password: str | None
    started: int
    began: float
    deadline: float | None
    niceness: int
    grace: float
    window_manager: tuple[str, ...]
    sessions: tuple[str, ...]
    records: str
    service: str

    def __repr__(self) -> str:
        return f"Begin({self.session}, {self.user}, :{self.place.display})"


@dataclass(frozen=True)
class Close:
    """Close what a session's keeper could not: it was killed, and all processes of the session with it.

    Attributes:
        user: the account.
        service: PAM's.
    """

    place: Place
    user: str
    service: str


_WORDS: dict[type, str] = {Greet: "greet", Begin: "begin", Close: "close"}
_KINDS = {word: kind for kind, word in _WORDS.items()}


def to_fields(order: Greet | Begin | Close) -> Fields:
    """As it travels."""
    fields = asdict(order)
    place = fields["place"]
    place["directory"] = str(place["directory"])
    place["group"] = None if place["group"] is None else str(place["group"])
    return {"do": _WORDS[type(order)], **fields}


def from_fields(fields: Fields) -> Greet | Begin | Close:
    """As it was sent.

    Raises:
        KeyError, TypeError: it was not sent by a steward of this version.
    """
    values = dict(fields)
    kind = _KINDS[values.pop("do")]
    place = values.pop("place")
    group = place.pop("group")
    values["place"] = Place(
        display=place["display"],
        program=tuple(place["program"]),
        directory=Path(place["directory"]),
        group=None if group is None else Path(group),
    )
    for name in ("window_manager", "sessions"):
        if name in values:
            values[name] = tuple(values[name])
    order: Greet | Begin | Close = kind(**values)
    return order

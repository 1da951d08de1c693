"""What a node and the master say to each other about people: small frozen structs on the node's link.

N is a node, M the master:

    N  BeginSession(id, session, display, name, password)     M  SessionGranted(id, lease) or SessionRefused(id)
    N  SessionReport(live, ended)       every 30 s, and as soon as the link is up or a session ends
                                        M  SessionOrders(leases, ends, booked)
                                        M  SessionOrders, SessionNotice      at any time: the operator did something
    N  NoticeSeen(session, id)           the person has confirmed a message
    N  AskHours(id)                     M  OpeningHours(id)                  for the greeter

A session's name is a UUID that the node makes before it asks; asking again with it (the answer was lost) begins no
second one. `elapsed` is what the node counts from the grant, in whole seconds on CLOCK_BOOTTIME. A lease says
after how many of them the session ends; the node holds to it without the master. A report is complete: it lists
all the sessions that go on and all ended ones that the master has not `booked` yet, so that it heals whatever was lost
before. Wall-clock instants are whole seconds since 1970 by the master's clock, and are for people to read.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

from msgspec import Meta

from asyncluster.core.wire.messages import Count, Message, Part

SessionId: TypeAlias = Annotated[str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", max_length=36)]
Display: TypeAlias = Annotated[str, Meta(pattern=r"^[ -~]{1,40}\Z", max_length=40)]
Typed: TypeAlias = Annotated[str, Meta(max_length=4096)]
Name: TypeAlias = Annotated[str, Meta(max_length=32)]
Word: TypeAlias = Annotated[str, Meta(max_length=40)]
Elapsed: TypeAlias = Annotated[int, Meta(ge=0, le=2**40)]

MOST_SESSIONS = 1000  # in one report; a node with more to book sends the rest after the first are booked


class BeginSession(Message, tag=80, frozen=True):
    """Somebody has typed a name and a password at a greeter.

    Attributes:
        unfit: why the node could not open a session for that name; "" if it can. Whoever knows the password is told
            so, and no session begins.
    """

    id: Count
    session: SessionId
    display: Display
    name: Typed
    password: Typed
    unfit: Annotated[str, Meta(max_length=300)] = ""

    def __repr__(self) -> str:
        return f"BeginSession(id={self.id}, session={self.session!r}, display={self.display!r}, ...)"


class LiveSession(Part, frozen=True):
    """A session that goes on.

    Attributes:
        started: the instant that the lease gave.
        holds: after how many seconds the node will end it; None: no limit.
    """

    session: SessionId
    user: Name
    display: Display
    started: Count
    elapsed: Elapsed
    holds: Elapsed | None


class EndedSession(Part, frozen=True):
    """A session that is over after `elapsed` seconds; `reason` is a word of `people.refusals.End`."""

    session: SessionId
    user: Name
    display: Display
    started: Count
    elapsed: Elapsed
    reason: Word


class SessionReport(Message, tag=81, frozen=True):
    """All that a node knows of its sessions."""

    live: Annotated[list[LiveSession], Meta(max_length=MOST_SESSIONS)]
    ended: Annotated[list[EndedSession], Meta(max_length=MOST_SESSIONS)]


class AskHours(Message, tag=82, frozen=True):
    """A greeter wants to show today's openings."""

    id: Count


class NoticeSeen(Message, tag=83, frozen=True):
    """The person has confirmed the operator's message of that number."""

    session: SessionId
    id: Count


class Lease(Part, frozen=True):
    """How long a session may last.

    Attributes:
        ends_after: seconds since it began; None: no limit.
        left: seconds from now on, for the time bar; None: no limit.
        until: the instant at which it will end, for people to read.
        limit: what ends it: "opening", "daily", "weekly"; "" if nothing does.
        used_today, used_week: seconds of the person's use so far, this session included.
        daily, weekly: their quotas in seconds; None: no such limit.
        closes: when the present opening ends; None: no opening limits them.
    """

    session: SessionId
    started: Count
    ends_after: Elapsed | None
    left: Elapsed | None
    until: Count | None
    limit: Word
    used_today: Count = 0
    used_week: Count = 0
    daily: Count | None = None
    weekly: Count | None = None
    closes: Count | None = None


class SessionGranted(Message, tag=85, frozen=True):
    """Answer to `BeginSession`: start the session for the account `user`."""

    id: Count
    user: Name
    lease: Lease


class SessionRefused(Message, tag=86, frozen=True):
    """Answer to `BeginSession`: why not, in words for the person.

    Attributes:
        retry_after: seconds before another attempt makes sense; 0: at once.
    """

    id: Count
    reason: str
    retry_after: Count


class EndOrder(Part, frozen=True):
    """End a session now: `reason` is a word of `people.refusals.End`, `text` is for the person."""

    session: SessionId
    reason: Word
    text: str


class SessionOrders(Message, tag=87, frozen=True):
    """Answer to `SessionReport`, and whatever changes between two of them.

    Attributes:
        booked: ended sessions that the node may forget.
    """

    leases: list[Lease]
    ends: list[EndOrder]
    booked: list[SessionId] = []


class SessionNotice(Message, tag=88, frozen=True):
    """A message of the operator's, to be shown in a session until the person confirms it by its number."""

    session: SessionId
    id: Count
    sender: str
    text: str


class OpeningHours(Message, tag=89, frozen=True):
    """Answer to `AskHours`.

    Attributes:
        spans: today's openings as instants (start, end).
        text: the same as one sentence.
        opens: when the next opening begins after today; None: none is planned.
        midnight: when today began where the master is.
        zone: the master's time zone ("Europe/Berlin"), "" if it has no name.
    """

    id: Count
    spans: list[tuple[Count, Count]]
    text: str
    opens: Count | None = None
    midnight: Count = 0
    zone: Annotated[str, Meta(max_length=100)] = ""


FromNode: TypeAlias = BeginSession | SessionReport | NoticeSeen | AskHours
ToNode: TypeAlias = SessionGranted | SessionRefused | SessionOrders | SessionNotice | OpeningHours

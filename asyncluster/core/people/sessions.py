"""Sessions as leases: what the master records of them, what it counts, and how two reports become one booking.

**Who counts.** The node counts how long a session has lasted, on a clock that only goes forward and counts suspend; the
master stores that as `last_seen = started + elapsed`. So nobody's wall clock, neither jumping nor wrong, gives or takes
time. A report may come late, twice or out of order: what was seen only grows, and a confirmed end stays.

**What is promised.** A lease says how long a session may last in all; the node ends it then by itself, master or no
master. `deadline = started + that` is the longest promise that the node may still hold. It becomes shorter only when
the node has told that it holds a shorter one, for a message on its way may be lost.

**What is charged.** As long as the node answers, a session is charged for what was seen. A session that was ended
here (the person logged in elsewhere) while its node is out of contact may go on there: until the node reports, the
whole promise is charged, so a pulled cable opens no second budget.

**What is listed.** Rows of one person never overlap: a session that goes on after the next one has begun is listed
until then. If it went on for long (nobody could tell its node to stop), it is charged for all of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from asyncluster.core.people.budget import Span
from asyncluster.core.people.ends import End

BEAT = 30  # seconds between two reports of a node
SILENCE = 2 * BEAT  # an open session counts on for this long between two reports
GRACE = 60  # seconds that a session may take to end without being charged twice
_LONGEST_ERROR = 86400  # seconds that a node's count may differ from the master's clocks


@dataclass(frozen=True, slots=True)
class Session:
    """One session as it is stored; all instants in whole seconds since 1970.

    Attributes:
        uuid: made by the node, so that asking twice begins one session.
        started: by the master's clock.
        last_seen: `started` plus what the node has counted so far.
        heard: when the node said so, by the master's clock.
        deadline: the longest promise that the node may hold; None: no limit.
        ordered: the operator wants it ended, and the node has not reported that it is.
        ended: None while it is open.
        charged_until: for an ended session, what is charged while its node is out of contact.
        confirmed: the node itself has reported the end.
        end_reason: why it ended.
    """

    uuid: str
    user: str
    node: str
    display: str
    started: int
    last_seen: int
    heard: int
    deadline: int | None
    ordered: End | None = None
    ended: int | None = None
    charged_until: int | None = None
    confirmed: bool = False
    end_reason: End | None = None


def begun(uuid: str, user: str, node: str, display: str, *, now: int, after: int, left: int | None) -> Session:
    """A new session with a promise of `left` seconds; it is listed from `after` on if the clock was set back."""
    started = max(now, after)
    deadline = None if left is None else started + left
    return Session(uuid, user, node, display, started, started, now, deadline)


def seen(session: Session, now: int, *, in_contact: bool) -> int:
    """Until when an open session has lasted, as far as can be told between two reports."""
    silent = max(0, now - session.heard)
    until = session.last_seen + (min(silent, SILENCE) if in_contact else silent)
    return until if session.deadline is None else min(until, max(session.deadline, session.last_seen))


def charged(session: Session, now: int, *, in_contact: bool) -> Span:
    """The use that the budget counts for a session."""
    if session.ended is None:
        return Span(session.started, seen(session, now, in_contact=in_contact))
    if session.charged_until is None or (in_contact and not session.confirmed):
        return Span(session.started, session.ended)
    return Span(session.started, session.charged_until)


def is_held(session: Session, *, in_contact: bool) -> bool:
    """Is more charged than was used, because the session may still go on out of reach?"""
    unsure = session.ended is None or not session.confirmed
    return unsure and not in_contact and session.deadline is not None


def reported(session: Session, elapsed: int, now: int, *, holds: int | None) -> Session:
    """The node says that the session goes on, has lasted so long, and which promise (`holds` seconds) it has."""
    if session.ended is not None:
        return session
    last_seen = max(session.last_seen, session.started + _believable(session, elapsed, now))
    deadline = None if holds is None else session.started + holds
    return replace(session, last_seen=last_seen, heard=now, deadline=deadline)


def promised(session: Session, left: int | None, *, at: int) -> tuple[Session, int | None]:
    """Promise `left` more seconds: the session, and the seconds that it may last in all.

    `at` is how far the session is: what the node has just reported, or `seen` between two reports.
    """
    if left is None:
        return replace(session, deadline=None), None
    until = at + left
    longest = None if session.deadline is None else max(session.deadline, until)
    return replace(session, deadline=longest), until - session.started


def closed(session: Session, now: int, reason: End, *, in_contact: bool) -> Session:
    """End an open session here; its node will be told, or will find out when it comes back.

    What happened after the last report is known only while the node is in contact.
    """
    ended = seen(session, now, in_contact=True) if in_contact else session.last_seen
    promise = ended if session.deadline is None else max(ended, session.deadline)
    return replace(session, ended=ended, charged_until=promise, end_reason=reason)


def released(session: Session, reason: End) -> Session:
    """End a session whose node is out of contact, and charge no more than was seen: the operator's decision."""
    return replace(session, ended=session.last_seen, charged_until=session.last_seen, end_reason=reason)


def expired(session: Session, now: int, *, in_contact: bool) -> Session | None:
    """The session, ended at its deadline, if that has passed with its node out of contact; else None."""
    if session.ended is not None or in_contact or session.deadline is None:
        return None
    if seen(session, now, in_contact=False) < session.deadline:
        return None
    end = max(session.deadline, session.last_seen)
    return replace(session, ended=end, charged_until=end, end_reason=End.OUT_OF_CONTACT)


def is_lost(session: Session, now: int) -> bool:
    """The node reports, but not this session: has it had the time to learn of it?"""
    return session.ended is None and now - session.heard > SILENCE


def lost(session: Session) -> Session:
    """End a session of which its node knows nothing: it lasted as long as it was seen."""
    return replace(session, ended=session.last_seen, charged_until=None, confirmed=True, end_reason=End.LOST)


def booked(session: Session, elapsed: int, reason: End, now: int, *, next_started: int | None) -> Session:
    """The node says that the session has ended after so many seconds; `next_started`: of the same person.

    The node knows best, whether the session was still open here or had been ended for want of news.
    """
    if session.confirmed:
        return session
    end = session.started + _believable(session, elapsed, now)
    listed = end if next_started is None else min(end, max(session.started, next_started))
    went_on = end - listed > GRACE
    return replace(
        session,
        last_seen=max(session.last_seen, listed),
        heard=now,
        ended=listed,
        charged_until=end if went_on else None,
        confirmed=True,
        end_reason=_why(session, end, reason),
    )


def _why(session: Session, end: int, reported: End) -> End:
    """Whoever ended it first: the master, so that the node only obeyed, or what the node says."""
    if session.ended is None:
        return session.ordered or reported
    if session.end_reason in (End.ELSEWHERE, End.REPLACED, End.KICKED) and end >= session.ended:
        return session.end_reason
    return reported


def _believable(session: Session, elapsed: int, now: int) -> int:
    """What the node counted, unless no clock could have run so far ahead: that would block the person for ever."""
    return max(0, min(elapsed, max(0, now - session.started) + _LONGEST_ERROR))

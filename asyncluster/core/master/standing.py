"""What the stored records say about a person at one instant. Runs inside a transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import Connection

from asyncluster.core.database.accounts import StoredAccount
from asyncluster.core.database.grants import grants_since
from asyncluster.core.database.openings import load_calendar
from asyncluster.core.database.sessions import sessions_since
from asyncluster.core.people.budget import Grant, Span, Verdict, judge
from asyncluster.core.people.calendar import Calendar
from asyncluster.core.people.sessions import Session, charged


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision needs to know besides the records.

    Attributes:
        now: whole seconds since 1970.
        contact: the nodes that are connected and have reported.
        zone: the master's time zone.
    """

    now: int
    contact: frozenset[str]
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a judgement of a person is made of.

    Attributes:
        now: the instant that the answer is for.
        sessions: those that reach into the week of `now`, and open ones.
        spans: what each of them is charged.
    """

    stored: StoredAccount
    calendar: Calendar
    now: int
    sessions: tuple[Session, ...]
    spans: tuple[Span, ...]
    grants: tuple[Grant, ...]

    def verdict(self) -> Verdict:
        """The judgement."""
        return judge(self.stored.account, self.calendar, self.now, self.spans, self.grants)

    def after(self, sessions: Sequence[Session], spans: Sequence[Span]) -> Standing:
        """The same person with other sessions."""
        stored, calendar, now, grants = self.stored, self.calendar, self.now, self.grants
        return Standing(stored, calendar, now, tuple(sessions), tuple(spans), grants)


def standing(connection: Connection, situation: Situation, stored: StoredAccount, *, at: int | None = None) -> Standing:
    """What the records say about a person.

    Args:
        connection: to the database.
        situation: the circumstances now.
        stored: whom it is about.
        at: another instant to answer for; use after it is left out.
    """
    return standings(connection, situation, [stored], user=stored.account.name, at=at)[0]


def standings(
    connection: Connection,
    situation: Situation,
    accounts: Sequence[StoredAccount],
    *,
    user: str | None = None,
    at: int | None = None,
) -> list[Standing]:
    """The same for many people at once; `user` names the only one, to spare looking at all others."""
    calendar = load_calendar(connection, situation.zone)
    moment = situation.now if at is None else at
    week = calendar.week_start(moment)
    sessions: dict[str, list[Session]] = defaultdict(list)
    for session in sessions_since(connection, week, user=user):
        sessions[session.user].append(session)
    grants = grants_since(connection, week, user=user)
    return [
        Standing(
            stored,
            calendar,
            moment,
            tuple(sessions[stored.account.name]),
            tuple(_spans(sessions[stored.account.name], situation, at)),
            tuple(grants.get(stored.account.name, ())),
        )
        for stored in accounts
    ]


def span_of(session: Session, situation: Situation) -> Span:
    """What a session is charged."""
    return charged(session, situation.now, in_contact=session.node in situation.contact)


def _spans(sessions: Sequence[Session], situation: Situation, at: int | None) -> list[Span]:
    spans = [span_of(session, situation) for session in sessions]
    if at is None:
        return spans
    return [Span(span.start, min(span.end, at)) for span in spans if span.start < at]

"""The time budget: who may sit down now, until when, and by which limit.

One function, `judge`, of an account, what it used this week, what the operator granted, the calendar and `now`.
Nothing is remembered between two judgements, so there is nothing that a crash could lose or count twice.

The rule, second by second. A second of use on a local day is

* *regular* if the room is open and neither the day's nor the week's quota is used up; else
* *extra* if a grant of that day has a second left: it is taken from the grant and counts towards no quota; else
* *overdraft*: nobody was to sit there, but somebody did (the quota was lowered, the account was unrestricted, a
  session took its grace). It counts towards the quotas like regular use, and never eats a later grant.

So a grant lets a person stay past closing or quota by exactly its length, on the day on which it was given; what is
not used by midnight is gone. A person may sit down if the next second would be regular or extra, and stay until the
first overdraft. That is worked out over midnight: a session may outlive its day's quota into a day that has its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from asyncluster.core.people.calendar import ONE_DAY, Calendar, Spans, monday
from asyncluster.core.people.names import DAY

HORIZON = 8 * DAY  # nobody's deadline is worked out further ahead
SEARCH_DAYS = 60  # how far ahead the next possible time is looked for
_UNLIMITED = 1 << 62


class Limit(StrEnum):
    """What ends a session, or keeps one from beginning."""

    DISABLED = "disabled"
    OPENING = "opening"
    DAILY = "daily"
    WEEKLY = "weekly"


@dataclass(frozen=True, slots=True)
class Account:
    """What the operator has said about a person; `daily` and `weekly` in seconds, None for no limit."""

    name: str
    enabled: bool = True
    restricted: bool = True
    daily: int | None = None
    weekly: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Use from `start` to before `end`. A span may reach past `now`: time that is promised and so spent."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Grant:
    """`seconds` more, given by the operator at the instant `at`, for the local day of that instant."""

    at: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one account at one instant.

    Attributes:
        granted: the person may sit down.
        until: the instant at which a session beginning now would have to end; None: no limit within a week.
        left: seconds until then, 0 when there are none, None for no limit. For a disabled account these are what
            the policy would give.
        limit: what refuses, or what will end the session; None if nothing will.
        opens: when the room opens next, if it is the room that is closed.
        next: when a session could begin next, if none can now; None if that is not in sight.
        used_today, used_week: seconds of all use on the day and in the week of now, grants included.
        left_today, left_week: what is left of the quotas; None for no limit.
        granted_today, grant_left: seconds of today's grants, and what is left of them.
    """

    granted: bool
    until: int | None
    left: int | None
    limit: Limit | None
    opens: int | None
    next: int | None
    used_today: int
    used_week: int
    left_today: int | None
    left_week: int | None
    granted_today: int
    grant_left: int


def judge(
    account: Account, calendar: Calendar, now: int, used: Iterable[Span] = (), grants: Iterable[Grant] = ()
) -> Verdict:
    """May `account` sit down at `now`, and until when?

    Args:
        account: whom the answer is for.
        calendar: when the room is open.
        now: the instant; openings, quotas and grants are those of its day and week.
        used: all use that reaches into the week of `now`, in any order; earlier use does no harm.
        grants: all grants of those days, in any order; those after `now` do not count yet.
    """
    ledger = _Ledger(account, calendar, tuple(grant for grant in grants if grant.at <= now))
    week = calendar.week_start(now)
    for span in sorted(used):
        for piece in ledger.pieces(max(span.start, week), span.end):
            ledger.charge(piece)
    today = ledger.standing(now)
    if not account.restricted:
        return _verdict(account, today, until=None, left=None, limit=None)
    until, limit = ledger.stay(now)
    left = None if until is None else until - now
    if left != 0:
        return _verdict(account, today, until=until, left=left, limit=limit)
    opens, possible = ledger.look_ahead(now)
    return _verdict(account, today, until=until, left=0, limit=limit, opens=opens, possible=possible)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch within one day, wholly open or wholly closed, between grants."""

    start: int
    end: int
    day: date
    open: bool


@dataclass(frozen=True, slots=True)
class _Standing:
    used_today: int
    used_week: int
    left_today: int
    left_week: int
    granted_today: int
    grant_left: int


class _Ledger:
    """What one account has used, by day and week, while its use is gone through in the order of time."""

    def __init__(self, account: Account, calendar: Calendar, grants: tuple[Grant, ...]) -> None:
        self._daily = _UNLIMITED if account.daily is None else account.daily
        self._weekly = _UNLIMITED if account.weekly is None else account.weekly
        self._restricted = account.restricted
        self._calendar = calendar
        self._grants = [(grant.at, calendar.day_of(grant.at), grant.seconds) for grant in grants]
        self._open: dict[date, Spans] = {}
        self._day_used: dict[date, int] = defaultdict(int)
        self._week_used: dict[date, int] = defaultdict(int)
        self._extra_used: dict[date, int] = defaultdict(int)

    def pieces(self, start: int, end: int) -> Iterator[_Piece]:
        """A stretch of time, cut wherever the rule may change."""
        day = self._calendar.day_of(start) if start < end else None
        while day is not None and start < end:
            day_end = min(end, self._calendar.day_start(day + ONE_DAY))
            spans = self._open_spans(day) if self._restricted else ()
            edges = {edge for span in spans for edge in span} | {at for at, _, _ in self._grants} | {day_end}
            for edge in sorted(edges):
                if start < edge <= day_end:
                    is_open = any(first <= start < last for first, last in spans)
                    yield _Piece(start, edge, day, is_open)
                    start = edge
            day += ONE_DAY

    def charge(self, piece: _Piece, *, overdrawn: bool = True) -> int:
        """Book a piece of use; how many seconds of it were overdraft. They are always its last ones.

        Args:
            piece: what was used.
            overdrawn: the overdraft was used, too, and is booked.
        """
        day, length = piece.day, piece.end - piece.start
        regular = min(length, self._left(day)) if piece.open else 0
        extra = min(length - regular, self._grant_left(day, piece.start))
        overdraft = length - regular - extra
        booked = regular + overdraft if overdrawn else regular
        self._day_used[day] += booked
        self._week_used[monday(day)] += booked
        self._extra_used[day] += extra
        return overdraft

    def stay(self, now: int) -> tuple[int | None, Limit | None]:
        """Until when a session that begins now may stay, and what ends it then."""
        for piece in self.pieces(now, now + HORIZON):
            limit = self._limit(piece)
            if overdraft := self.charge(piece, overdrawn=False):
                return piece.end - overdraft, limit
        return None, None

    def look_ahead(self, now: int) -> tuple[int | None, int | None]:
        """When the room opens next (None if it is open), and when there is time in an opening next."""
        first: int | None = None
        today = self._calendar.day_of(now)
        for day in (today + timedelta(days=number) for number in range(SEARCH_DAYS)):
            for start, end in self._open_spans(day):
                if end <= now:
                    continue
                first = max(start, now) if first is None else first
                if self._left(day) > 0:
                    return (None if first == now else first), max(start, now)
        return (None if first == now else first), None

    def standing(self, now: int) -> _Standing:
        """What is used and left at an instant, before anything is looked at that comes after it."""
        day = self._calendar.day_of(now)
        week = [monday(day) + timedelta(days=number) for number in range(7)]
        return _Standing(
            used_today=self._day_used[day] + self._extra_used[day],
            used_week=self._week_used[week[0]] + sum(self._extra_used[each] for each in week),
            left_today=max(0, self._daily - self._day_used[day]),
            left_week=max(0, self._weekly - self._week_used[week[0]]),
            granted_today=sum(seconds for _, of, seconds in self._grants if of == day),
            grant_left=self._grant_left(day, now),
        )

    def _open_spans(self, day: date) -> Spans:
        if day not in self._open:
            self._open[day] = self._calendar.open_spans(day)
        return self._open[day]

    def _left(self, day: date) -> int:
        return max(0, min(self._daily - self._day_used[day], self._weekly - self._week_used[monday(day)]))

    def _grant_left(self, day: date, at: int) -> int:
        given = sum(seconds for since, of, seconds in self._grants if of == day and since <= at)
        return max(0, given - self._extra_used[day])

    def _limit(self, piece: _Piece) -> Limit:
        """What the person will run out of first in this piece."""
        if not piece.open:
            return Limit.OPENING
        today = self._daily - self._day_used[piece.day]
        return Limit.DAILY if today < self._weekly - self._week_used[monday(piece.day)] else Limit.WEEKLY


def _verdict(
    account: Account,
    standing: _Standing,
    *,
    until: int | None,
    left: int | None,
    limit: Limit | None,
    opens: int | None = None,
    possible: int | None = None,
) -> Verdict:
    quotas = account.restricted
    return Verdict(
        granted=account.enabled and left != 0,
        until=until,
        left=left,
        limit=limit if account.enabled else Limit.DISABLED,
        opens=opens,
        next=possible if account.enabled else None,
        used_today=standing.used_today,
        used_week=standing.used_week,
        left_today=standing.left_today if quotas and account.daily is not None else None,
        left_week=standing.left_week if quotas and account.weekly is not None else None,
        granted_today=standing.granted_today,
        grant_left=standing.grant_left,
    )

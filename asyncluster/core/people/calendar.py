"""The master's local calendar: when a day begins, and when the room is open.

A day is what lies between two local midnights, so it has 23 or 25 hours where the clocks change. An opening begins
at the first instant at which a clock on the wall shows its start *or later*, and ends at the last instant at which
it shows its end: when the clocks go back inside an opening, it is an hour longer; when they skip its start, it
begins at the change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo

from asyncluster.core.people.names import DAY

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """A weekly opening: `weekday` 0 = Monday, `start` and `end` in seconds since local midnight (end up to 86400)."""

    weekday: int
    start: int
    end: int


Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Calendar:
    """Openings in a time zone.

    Attributes:
        zone: the master's time zone.
        openings: every week's; they may touch and overlap.
        exceptions: dates that have other openings instead, as (start, end) in seconds since midnight; none at all
            means closed.
    """

    zone: tzinfo
    openings: tuple[Opening, ...] = ()
    exceptions: Mapping[date, Spans] = field(default_factory=dict)

    def day_of(self, instant: int) -> date:
        """The local date of an instant."""
        day = datetime.fromtimestamp(instant, self.zone).date()
        # A zone may have changed its clocks back over midnight; what counts is when the day began first.
        if instant >= self.day_start(day + ONE_DAY):
            return day + ONE_DAY
        return day - ONE_DAY if instant < self.day_start(day) else day

    def day_start(self, day: date) -> int:
        """The instant at which a local date begins."""
        return self.instant(day, 0)

    def instant(self, day: date, second: int, *, last: bool = False) -> int:
        """The first (or `last`) instant at which the wall shows `second` of `day`, or later if it never does."""
        if second == DAY:
            return self.day_start(day + ONE_DAY)
        wall = datetime(day.year, day.month, day.day) + timedelta(seconds=second)
        early = int(wall.replace(tzinfo=self.zone, fold=0).timestamp())
        late = int(wall.replace(tzinfo=self.zone, fold=1).timestamp())
        if early <= late:
            return late if last else early
        # The clocks skip this time: between the two readings lies the change.
        before = self._offset(late)
        return late + bisect_left(range(late, early), True, key=lambda at: self._offset(at) != before)

    def _offset(self, instant: int) -> timedelta | None:
        return datetime.fromtimestamp(instant, UTC).astimezone(self.zone).utcoffset()

    def open_spans(self, day: date) -> Spans:
        """When the room is open on a local date: instants (start, end), in order, touching ones joined."""
        joined: list[tuple[int, int]] = []
        for start, end in sorted(self._wall_spans(day)):
            span = self.instant(day, start), self.instant(day, end, last=True)
            if joined and span[0] <= joined[-1][1]:
                joined[-1] = joined[-1][0], max(joined[-1][1], span[1])
            elif span[0] < span[1]:
                joined.append(span)
        return tuple(joined)

    def _wall_spans(self, day: date) -> Spans:
        if day in self.exceptions:
            return self.exceptions[day]
        return tuple((o.start, o.end) for o in self.openings if o.weekday == day.weekday())

    def week_start(self, instant: int) -> int:
        """The beginning of the week of an instant: local midnight before its Monday."""
        return self.day_start(monday(self.day_of(instant)))


def monday(day: date) -> date:
    """The Monday of a date's week."""
    return day - timedelta(days=day.weekday())

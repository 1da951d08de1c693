"""The week as it is painted: 7 days of 96 quarters of an hour, the difference to what is in force, and whom it would
log out.

Openings that do not begin or end on a quarter of an hour are kept as they are until somebody paints over them: a
day's spans are seconds since midnight, painting cuts them and joins them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import TypeAlias

from asyncluster.console.state.actions import Action, Request
from asyncluster.console.state.words import minute_of_day
from asyncluster.core.people.calendar import Calendar, Opening
from asyncluster.core.people.names import SHORT_WEEKDAYS
from asyncluster.core.wire.feed import OpeningRow, PersonRow

QUARTER = 900
DAY = 86_400
Spans: TypeAlias = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Week:
    """Openings of the weekdays, Monday first, and of dates that differ."""

    days: tuple[Spans, ...] = ((),) * 7
    exceptions: Mapping[date, Spans] = field(default_factory=dict)

    def painted(self, day: int, start: int, end: int, *, is_open: bool) -> Week:
        """The week with `start` to `end` (seconds since midnight) of a weekday open or closed."""
        spans = paint(self.days[day], start, end, is_open=is_open)
        return Week((*self.days[:day], spans, *self.days[day + 1 :]), self.exceptions)

    def calendar(self, zone: tzinfo) -> Calendar:
        """The same for questions about instants."""
        openings = tuple(Opening(day, start, end) for day, spans in enumerate(self.days) for start, end in spans)
        return Calendar(zone, openings, self.exceptions)


def week_of(rows: Iterable[OpeningRow]) -> Week:
    """The week that the master's rows describe."""
    days: list[Spans] = [()] * 7
    exceptions: dict[date, Spans] = {}
    for row in rows:
        spans = joined(tuple(row.spans))
        if row.day in SHORT_WEEKDAYS:
            days[SHORT_WEEKDAYS.index(row.day)] = spans
        else:
            exceptions[date.fromisoformat(row.day)] = spans
    return Week(tuple(days), dict(sorted(exceptions.items())))


def joined(spans: Sequence[tuple[int, int]]) -> Spans:
    """Spans in order, with those that touch or overlap made one."""
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = result[-1][0], max(result[-1][1], end)
        elif start < end:
            result.append((start, end))
    return tuple(result)


def paint(spans: Spans, start: int, end: int, *, is_open: bool) -> Spans:
    """A day's spans with one stretch made open or closed."""
    if is_open:
        return joined((*spans, (start, end)))
    pieces = [piece for first, last in spans for piece in ((first, min(last, start)), (max(first, end), last))]
    return joined([piece for piece in pieces if piece[0] < piece[1]])


def open_seconds(spans: Spans) -> int:
    """How long a day is open."""
    return sum(end - start for start, end in spans)


def saving(before: Week, after: Week) -> Action | None:
    """Brings the weekly openings from one state to the other; None if there is nothing to do."""
    requests = [*_changes(before, after)]
    if not requests:
        return None
    back = Action("", tuple(_changes(after, before)), "The week is as it was.")
    return Action("Save week", tuple(requests), "The week was saved.", undo=back)


def _changes(before: Week, after: Week) -> Iterable[Request]:
    """What is new comes first, so that nobody is logged out in between."""
    for verb, mine, other in (("opening add", after, before), ("opening remove", before, after)):
        for day, spans in enumerate(mine.days):
            for start, end in spans:
                if (start, end) not in other.days[day]:
                    times = {"start": minute_of_day(start), "end": minute_of_day(end)}
                    yield Request(verb, {"day": SHORT_WEEKDAYS[day], **times})


def excepting(day: date, spans: Spans | None, before: Spans | None) -> Action:
    """Gives a date openings of its own, closes it (no spans), or lets it be like every other (None)."""
    done = f"{day:%a} {day.day} {day:%b %Y} was changed." if spans is not None else "The exception was removed."
    back = Action("", (_exception(day, before),), "The exception is as it was.")
    return Action(f"Exception for {day.isoformat()}", (_exception(day, spans),), done, undo=back)


def _exception(day: date, spans: Spans | None) -> Request:
    times = None if spans is None else [[minute_of_day(start), minute_of_day(end)] for start, end in spans]
    return Request("opening except", {"date": day.isoformat(), "spans": times})


def logged_out(week: Week, before: Week, people: Iterable[PersonRow], now: float, zone: tzinfo) -> list[PersonRow]:
    """Restricted people whose session would have to end earlier than with the openings of `before`.

    Time that was given holds past closing, so those who were given some stay.
    """
    closes, closed_before = (closing(openings, now, zone) for openings in (week, before))
    if closes >= closed_before:
        return []
    return [
        person
        for person in people
        if person.node and person.restricted and not person.granted and (person.until is None or person.until > closes)
    ]


def closing(week: Week, now: float, zone: tzinfo) -> float:
    """When the room closes that is open now; `now` if it is closed. An opening may go on past midnight."""
    calendar = week.calendar(zone)
    day = calendar.day_of(int(now))
    end = now
    for ahead in range(8):
        for start, last in calendar.open_spans(day + timedelta(days=ahead)):
            if start <= end < last:
                end = last
    return end

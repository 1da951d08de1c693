"""The timesheet as the usage page shows it: sittings, hours of the week, sums, and CSV. Without Qt."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from asyncluster.console.state import words
from asyncluster.core.wire.feed import Row

#: Columns of an export: those of `asyncluster timesheet --csv`.
CSV_KEYS = ("name", "node", "display", "from", "to", "hours", "ended_by")
_HOUR = 3600


class Sitting(Row, frozen=True):
    """One session of the timesheet.

    Attributes:
        id: its place in the answer.
        start, end: instants; `end` is now for a session that goes on, and `over` is false then.
    """

    id: int
    name: str
    node: str
    start: float
    end: float
    over: bool
    why: str

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.start


@dataclass(frozen=True)
class Period:
    """From one date to another, both included; what the choice is called."""

    key: str
    word: str
    days: int

    def dates(self, today: date) -> tuple[date, date]:
        """The first and the last day; a week begins on its Monday."""
        if self.key == "week":
            return today - timedelta(days=today.weekday()), today
        return today - timedelta(days=self.days - 1), today


PERIODS = (
    Period("today", "Today", 1),
    Period("week", "This week", 7),
    Period("month", "4 weeks", 28),
    Period("quarter", "13 weeks", 91),
)


def sittings(rows: Iterable[Mapping[str, Any]], now: float) -> list[Sitting]:
    """The rows of "timesheet list"."""
    return [
        Sitting(
            number,
            row["name"],
            row["node"],
            datetime.fromisoformat(row["from"]).timestamp(),
            now if row["to"] is None else datetime.fromisoformat(row["to"]).timestamp(),
            row["to"] is not None,
            row.get("ended_by") or "",
        )
        for number, row in enumerate(rows)
    ]


def hours_of_week(
    found: Iterable[Sitting], first: date, last: date, zone: tzinfo | None, now: float
) -> list[list[float]]:
    """For each weekday, Monday first, and each of its 24 hours: how many people sat there on average.

    Days of the period that are still to come do not count, nor does the part of this hour that is.
    """
    seconds = [[0.0] * 24 for _ in range(7)]
    begin, end = midnight(first, zone), min(midnight(last + timedelta(days=1), zone), now)
    for sitting in found:
        for start, stop in _by_hour(max(sitting.start, begin), min(sitting.end, end)):
            moment = datetime.fromtimestamp(start, zone)
            seconds[moment.weekday()][moment.hour] += stop - start
    passed = [[0.0] * 24 for _ in range(7)]
    for start, stop in _by_hour(begin, end):
        moment = datetime.fromtimestamp(start, zone)
        passed[moment.weekday()][moment.hour] += stop - start
    return [
        [sat / there if there else 0.0 for sat, there in zip(day, all_day, strict=True)]
        for day, all_day in zip(seconds, passed, strict=True)
    ]


def midnight(day: date, zone: tzinfo | None) -> float:
    """The instant at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()


def _by_hour(start: float, end: float) -> Iterable[tuple[float, float]]:
    """Pieces of a stretch of time that lie within one quarter of an hour, as offsets of time zones do."""
    while start < end:
        stop = min(end, (start // 900 + 1) * 900)
        yield start, stop
        start = stop


def totals(found: Iterable[Sitting]) -> list[tuple[str, float]]:
    """Seconds of each person, the most first."""
    sums: dict[str, float] = {}
    for sitting in found:
        sums[sitting.name] = sums.get(sitting.name, 0.0) + sitting.seconds
    return sorted(sums.items(), key=lambda row: (-row[1], row[0]))


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows of "timesheet list" as comma-separated values, like `asyncluster timesheet --csv`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_KEYS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    """A spreadsheet takes a text that begins with one of these for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value


def summary(found: Sequence[Sitting]) -> str:
    """The period in a sentence."""
    if not found:
        return "Nobody sat there"
    seconds = sum(sitting.seconds for sitting in found)
    people = len({sitting.name for sitting in found})
    hours = words.thousands(seconds / _HOUR)
    who = words.counted(people, "person", "people")
    return f"{who}, {words.counted(len(found), 'session', 'sessions')}, {hours} h"

"""What a plot over time shows: the hour of a node, the minutes of a job, the weeks of a room. Without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from asyncluster.console.state import words
from asyncluster.console.state.usage import Sitting
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JobDetail, NodeDetail

_YOUNG = 5  # minutes
_HOUR = 3600


@dataclass(frozen=True)
class Curves:
    """Areas upon each other.

    Attributes:
        title: of the plot.
        unit: behind each number.
        step: seconds between two values.
        end: instant of the newest.
        areas: name, the state whose colour it has, and values, the newest last; all have as many.
        most: the greatest value that there can be; None: as it comes.
    """

    title: str
    unit: str
    step: float
    end: float
    areas: Sequence[tuple[str, State, Sequence[float]]]
    most: float | None = None

    def instants(self) -> list[float]:
        """Of the values."""
        count = len(self.areas[0][2]) if self.areas else 0
        return [self.end - (count - 1 - place) * self.step for place in range(count)]

    def place_of(self, instant: float) -> int | None:
        """The value that is nearest to an instant; None outside."""
        instants = self.instants()
        if not instants or not instants[0] - self.step <= instant <= self.end + self.step:
            return None
        return min(max(round((instant - instants[0]) / self.step), 0), len(instants) - 1)

    def words(self, place: int, zone: tzinfo | None) -> str:
        """What was then."""
        instants = self.instants()
        if not instants:
            return "Nothing was measured yet."
        said = ", ".join(f"{name} {self._number(values[place])}{self.unit}" for name, _color, values in self.areas)
        return f"{words.moment(instants[place], self.end, zone)}: {said}"

    def _number(self, value: float) -> str:
        return words.thousands(value) if value >= 10 or value == int(value) else f"{value:.1f}"


def of_node(detail: NodeDetail, now: float) -> Curves:
    """The last hour of a node."""
    areas = (("Ours", State.COMPUTING, detail.ours), ("Others\u2019", State.IN_USE, detail.others))
    return Curves(f"Load of {detail.name}, percent of all cores", "\u2009%", detail.seconds, now, areas, 100.0)


def of_job(name: str, detail: JobDetail, now: float) -> Curves:
    """The life of a job, as far as it is kept: by the minute, or by the second if it is young."""
    if len(detail.minutes) > _YOUNG:
        what, step, values, failed = "minute", 60.0, detail.minutes, detail.failing_minutes
    else:
        what, step, values, failed = "second", 1.0, detail.throughput, detail.failing
    title, unit = f"Calls per {what} of {name}", f" per {what}"
    if not any(failed):
        return Curves(title, unit, step, now, (("Calls", State.COMPUTING, values),))
    done = [total - bad for total, bad in zip(values, failed, strict=True)]
    return Curves(title, unit, step, now, (("Done", State.COMPUTING, done), ("Failed", State.ERROR, failed)))


def of_people(found: Iterable[Sitting], first: float, now: float) -> Curves:
    """How many people sat in the room on average, hour by hour from an instant until now."""
    seconds = _no_hours(first, now)
    for sitting in found:
        at, end = max(sitting.start, first), min(sitting.end, now)
        while at < end:
            place = _hour_of(at, first)
            until = min(end, (at // _HOUR + 1) * _HOUR)
            seconds[place] += until - at
            at = until
    return _by_hour("People in the room, on average of an hour", "People", State.IN_USE, seconds, now)


def of_computing(rows: Iterable[Mapping[str, Any]], first: float, now: float) -> Curves:
    """How many cores computed for jobs on average, hour by hour; `rows` are those of "timesheet compute" by hour."""
    seconds = _no_hours(first, now)
    for row in rows:
        place = _hour_of(datetime.fromisoformat(row["start"]).timestamp(), first)
        if 0 <= place < len(seconds):
            seconds[place] += _HOUR * row["hours"]
    return _by_hour("Cores that computed for jobs, on average of an hour", "Cores", State.COMPUTING, seconds, now)


def _hour_of(instant: float, first: float) -> int:
    return int(instant // _HOUR - first // _HOUR)


def _no_hours(first: float, now: float) -> list[float]:
    return [0.0] * (_hour_of(now, first) + 1)


def _by_hour(title: str, name: str, state: State, seconds: list[float], now: float) -> Curves:
    """Averages of whole hours, each at its beginning; the hour that is not over counts as far as it has gone."""
    last = now // _HOUR * _HOUR
    values = [sum_ / _HOUR for sum_ in seconds]
    values[-1] = seconds[-1] / max(60.0, now - last)
    return Curves(title, "", _HOUR, last, ((name, state, values),))

"""What a plot over time shows: the hour of a node, the minutes of a job. Without Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from asyncluster.console.state import words
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JobDetail, NodeDetail

_YOUNG = 5  # minutes


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
        said = ", ".join(f"{name} {words.thousands(values[place])}{self.unit}" for name, _color, values in self.areas)
        return f"{words.clock(instants[place], zone)}: {said}"


def of_node(detail: NodeDetail, now: float) -> Curves:
    """The last hour of a node."""
    areas = (("Ours", State.COMPUTING, detail.ours), ("Others\u2019", State.IN_USE, detail.others))
    return Curves(f"Load of {detail.name}, percent of all cores", "\u2009%", detail.seconds, now, areas, 100.0)


def of_job(name: str, detail: JobDetail, now: float) -> Curves:
    """The life of a job, as far as it is kept: by the minute, or by the second if it is young."""
    if len(detail.minutes) > _YOUNG:
        title, unit, step, values = f"Calls per minute of {name}", " per minute", 60.0, detail.minutes
    else:
        title, unit, step, values = f"Calls per second of {name}", " per second", 1.0, detail.throughput
    return Curves(title, unit, step, now, (("Calls", State.COMPUTING, values),))

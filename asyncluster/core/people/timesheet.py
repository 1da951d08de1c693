"""Reports of the timesheet: sums per person, per node and per week, exact over midnights and week changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from asyncluster.core.people.calendar import Calendar, monday

ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody sat somewhere from `start` to `end` (until now, if the session is still open)."""

    user: str
    node: str
    start: int
    end: int


@dataclass(slots=True)
class Sum:
    """What a report says about one person, node or week (`key`)."""

    key: str
    seconds: int = 0
    sessions: int = 0
    users: set[str] = field(default_factory=set)
    nodes: set[str] = field(default_factory=set)

    def add(self, sitting: Sitting) -> None:
        self.seconds += sitting.end - sitting.start
        self.sessions += 1
        self.users.add(sitting.user)
        self.nodes.add(sitting.node)


def within(sittings: Iterable[Sitting], since: int, until: int) -> Iterator[Sitting]:
    """The parts of sittings that lie in [since, until)."""
    for sitting in sittings:
        start, end = max(sitting.start, since), min(sitting.end, until)
        if start < end or (start == end == sitting.start):
            yield Sitting(sitting.user, sitting.node, start, end)


def by_person(sittings: Iterable[Sitting]) -> list[Sum]:
    """A sum for each person, by name."""
    return _sums(sittings, lambda sitting: sitting.user)


def by_node(sittings: Iterable[Sitting]) -> list[Sum]:
    """A sum for each node, by name."""
    return _sums(sittings, lambda sitting: sitting.node)


def by_week(sittings: Iterable[Sitting], calendar: Calendar) -> list[Sum]:
    """A sum for each week, named by the date of its Monday; a session over a week change is in both."""
    parts = (part for sitting in sittings for part in _weeks(sitting, calendar))
    return _sums(parts, lambda part: monday(calendar.day_of(part.start)).isoformat())


def _weeks(sitting: Sitting, calendar: Calendar) -> Iterator[Sitting]:
    start = sitting.start
    while True:
        following = calendar.day_start(monday(calendar.day_of(start)) + ONE_WEEK)
        end = min(sitting.end, following)
        yield Sitting(sitting.user, sitting.node, start, end)
        if end == sitting.end:
            return
        start = end


def _sums(sittings: Iterable[Sitting], key: Callable[[Sitting], str]) -> list[Sum]:
    sums: dict[str, Sum] = defaultdict(lambda: Sum(""))
    for sitting in sittings:
        mine = sums[key(sitting)]
        mine.key = key(sitting)
        mine.add(sitting)
    return [sums[name] for name in sorted(sums)]

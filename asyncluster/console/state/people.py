"""What is said about a person's time, without Qt: the master's numbers, moved on to now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from asyncluster.console.state import words
from asyncluster.console.state.nodes import SOON, VERY_SOON
from asyncluster.console.state.query import Field
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import PersonRow


def name_of(person: PersonRow) -> str:
    """The full name if it is known, else the User ID."""
    return person.full_name or person.name


def passed(person: PersonRow, now: float) -> float:
    """Seconds of the session since the master counted."""
    return max(0.0, now - person.at) if person.node else 0.0


def used_today(person: PersonRow, now: float) -> float:
    """Seconds used today."""
    return person.used_today + passed(person, now)


def used_week(person: PersonRow, now: float) -> float:
    """Seconds used since Monday."""
    return person.used_week + passed(person, now)


def left(person: PersonRow, now: float) -> float | None:
    """Seconds left, whatever limits them; None: no limit."""
    if person.node and person.until is not None:
        return max(0.0, person.until - now)
    return person.left


def left_of(quota: float | None, used: float, granted: float = 0.0) -> float | None:
    """Seconds left of a quota; None without one."""
    return None if quota is None else max(0.0, quota + granted - used)


def fill(left_seconds: float | None, *, quiet: State | str = "muted") -> State | str:
    """The colour of a bar of used time: it warns when little is left."""
    if left_seconds is None or left_seconds >= SOON:
        return quiet
    return State.DRAINING if left_seconds >= VERY_SOON else State.ERROR


def is_low(person: PersonRow, now: float) -> bool:
    """Whether the person has less than a quarter of an hour."""
    seconds = left(person, now)
    return seconds is not None and seconds < SOON


def is_recent(person: PersonRow) -> bool:
    """Whether the person was there this week."""
    return bool(person.node) or person.used_week > 0


def status(person: PersonRow, now: float, zone: tzinfo | None) -> str:
    """Where the person is, or why they are not."""
    if person.node:
        since = "" if person.since is None else f" since {words.moment(person.since, now, zone)}"
        return f"On {person.node}{since}"
    if not person.enabled:
        return "Disabled"
    return person.refused or "Not logged in"


def fields(now: Callable[[], float]) -> dict[str, Field[PersonRow]]:
    """What a search can ask about people."""
    return {
        "name": Field(name_of),
        "user": Field(lambda person: person.name),
        "node": Field(lambda person: person.node),
        "left": Field(lambda person: left(person, now()), seconds=True),
        "today": Field(lambda person: used_today(person, now()), seconds=True),
        "week": Field(lambda person: used_week(person, now()), seconds=True),
        "enabled": Field(lambda person: "yes" if person.enabled else "no"),
        "restricted": Field(lambda person: "yes" if person.restricted else "no"),
        "refused": Field(lambda person: person.refused),
    }


def by_day(sessions: Iterable[Mapping[str, Any]], today: date, now: float, zone: tzinfo | None) -> dict[date, float]:
    """Seconds that sessions of the timesheet have in each of the last seven days, today included."""
    days = {today - timedelta(days=back): 0.0 for back in range(6, -1, -1)}
    for session in sessions:
        begin = datetime.fromisoformat(session["from"]).timestamp()
        end = now if session["to"] is None else datetime.fromisoformat(session["to"]).timestamp()
        for day in days:
            first = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
            after = day + timedelta(days=1)
            last = datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()
            days[day] += max(0.0, min(end, last) - max(begin, first))
    return days

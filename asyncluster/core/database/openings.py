"""Opening hours: every week's, and the dates that differ."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, tzinfo

from sqlalchemy import Connection, delete, insert, select

from asyncluster.core.database.schema import exceptions, openings
from asyncluster.core.people.calendar import Calendar, Opening, Spans

_CLOSED = (0, 0)  # the one row of a date without openings


def load_calendar(connection: Connection, zone: tzinfo) -> Calendar:
    """All openings and exceptions, in the master's time zone."""
    return Calendar(zone, tuple(list_openings(connection)), list_exceptions(connection))


def list_openings(connection: Connection) -> list[Opening]:
    """The weekly openings, from Monday on."""
    rows = connection.execute(select(openings.c.weekday, openings.c.start, openings.c.end))
    return sorted(Opening(*row) for row in rows)


def add_opening(connection: Connection, opening: Opening) -> bool:
    """Store an opening. Returns whether it is new."""
    if connection.execute(select(openings).where(_is(opening))).first() is not None:
        return False
    row = insert(openings).values(weekday=opening.weekday, start=opening.start, end=opening.end)
    connection.execute(row)
    return True


def remove_opening(connection: Connection, opening: Opening) -> bool:
    """Remove an opening. Returns whether there was this one."""
    return connection.execute(delete(openings).where(_is(opening))).rowcount == 1


def list_exceptions(connection: Connection) -> dict[date, Spans]:
    """The openings of the dates that differ, in the order of the dates."""
    found: dict[date, list[tuple[int, int]]] = defaultdict(list)
    query = select(exceptions.c.date, exceptions.c.start, exceptions.c.end)
    for day, start, end in sorted(tuple(row) for row in connection.execute(query)):
        found[day].append((start, end))
    return {day: tuple(span for span in spans if span != _CLOSED) for day, spans in found.items()}


def set_exception(connection: Connection, day: date, spans: Spans) -> None:
    """Give a date its own openings, instead of those it had; none at all means closed."""
    remove_exception(connection, day)
    for start, end in sorted(set(spans)) or [_CLOSED]:
        connection.execute(insert(exceptions).values(date=day, start=start, end=end))


def remove_exception(connection: Connection, day: date) -> bool:
    """Let a date be like every other of its weekday. Returns whether it was not."""
    return connection.execute(delete(exceptions).where(exceptions.c.date == day)).rowcount > 0


def _is(opening: Opening):  # type: ignore[no-untyped-def]
    return (
        (openings.c.weekday == opening.weekday) & (openings.c.start == opening.start) & (openings.c.end == opening.end)
    )

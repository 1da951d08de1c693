"""The verbs about opening hours; a change applies to the sessions that are open, at once."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection

from asyncluster.core.database import openings as table
from asyncluster.core.errors import AsynClusterError, NotAllowed, UsageError
from asyncluster.core.master.verbs.verb import Context, Verb, act_of
from asyncluster.core.people import names
from asyncluster.core.people.calendar import Opening, Spans
from asyncluster.core.people.names import SHORT_WEEKDAYS, clock_time
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.people import NoArgs, OpeningExcept, OpeningSpan


async def list_openings(context: Context, _args: NoArgs) -> list[dict[str, Any]]:
    """Weekly openings first, then the dates that differ; a closed date is one row without times."""
    calendar = await context.database.run(table.load_calendar, context.people.zone)
    weekly = [
        {
            "kind": "weekly",
            "day": SHORT_WEEKDAYS[opening.weekday],
            "date": None,
            "start": clock_time(opening.start),
            "end": clock_time(opening.end),
        }
        for opening in calendar.openings
    ]
    return weekly + [row for day, spans in calendar.exceptions.items() for row in _exception_rows(day, spans)]


async def add(context: Context, args: OpeningSpan) -> None:
    """A weekly opening more."""
    opening = Opening(names.weekday(args.day), *names.day_span(args.start, args.end))

    def change(connection: Connection) -> None:
        if not table.add_opening(connection, opening):
            raise NotAllowed(f"There is an opening on {_words(opening)} already; nothing was changed.")

    await context.people.act(act_of(context, "opening add", _words(opening)), change)


async def remove(context: Context, args: OpeningSpan) -> None:
    """A weekly opening less."""
    opening = Opening(names.weekday(args.day), *names.day_span(args.start, args.end))

    def change(connection: Connection) -> None:
        if not table.remove_opening(connection, opening):
            raise AsynClusterError(f"There is no opening on {_words(opening)}; nothing was changed.")

    await context.people.act(act_of(context, "opening remove", _words(opening)), change)


async def make_exception(context: Context, args: OpeningExcept) -> None:
    """Give a date its own openings, close it, or let it be like every other."""
    day = names.local_date(args.date)
    spans = None if args.spans is None else tuple(sorted(names.day_span(*span) for span in args.spans))
    if spans and any(first[1] > second[0] for first, second in pairwise(spans)):
        raise UsageError("These openings overlap; give each time once.")

    def change(connection: Connection) -> None:
        if spans is not None:
            table.set_exception(connection, day, spans)
        elif not table.remove_exception(connection, day):
            raise AsynClusterError(f"{day} has no exception; nothing was changed.")

    details = "removed" if spans is None else ", ".join(map(_span_words, spans)) or "closed"
    await context.people.act(act_of(context, "opening except", day.isoformat(), details), change)


def _exception_rows(day: date, spans: Spans) -> list[dict[str, Any]]:
    row = {"kind": "exception", "day": SHORT_WEEKDAYS[day.weekday()], "date": day.isoformat()}
    if not spans:
        return [row | {"start": None, "end": None}]
    return [row | {"start": clock_time(start), "end": clock_time(end)} for start, end in spans]


def _words(opening: Opening) -> str:
    return f"{SHORT_WEEKDAYS[opening.weekday]} {_span_words((opening.start, opening.end))}"


def _span_words(span: tuple[int, int]) -> str:
    return f"{clock_time(span[0])}-{clock_time(span[1])}"


VERBS: dict[str, Verb] = {
    "opening list": Verb(Role.ANYONE, NoArgs, list_openings),
    "opening add": Verb(Role.OPERATOR, OpeningSpan, add),
    "opening remove": Verb(Role.OPERATOR, OpeningSpan, remove),
    "opening except": Verb(Role.OPERATOR, OpeningExcept, make_exception),
}

"""`asyncluster opening`: when restricted people may log in."""

from __future__ import annotations

import click

from asyncluster.core.commands.asking import Column, ask, json_option, print_json, print_rows, say
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.errors import UsageError

_COLUMNS = (
    Column("Day", "day"),
    Column("Date", "date"),
    Column("From", "start"),
    Column("To", "end"),
    Column("", "note"),
)


@click.command
@json_option
@pass_options
def list_openings(options: GlobalOptions, as_json: bool) -> None:
    """Lists the weekly openings, and the dates that differ."""
    rows = ask(options, "opening list")
    if as_json:
        print_json(rows)
        return
    shown = [row | {"note": "closed" if row["start"] is None else ""} for row in rows]
    print_rows(shown, _COLUMNS, "There are no openings: restricted people cannot log in. Add one with: opening add")


@click.command
@click.argument("day")
@click.argument("start")
@click.argument("end")
@pass_options
def add(options: GlobalOptions, day: str, start: str, end: str) -> None:
    """Opens every week on DAY (mon to sun, or 0 to 6) from START to END (HH:MM; the end of a day is 24:00)."""
    ask(options, "opening add", day=day, start=start, end=end)
    say(options, f"Open on {day} from {start} to {end}.")


@click.command
@click.argument("day")
@click.argument("start")
@click.argument("end")
@pass_options
def remove(options: GlobalOptions, day: str, start: str, end: str) -> None:
    """Removes the weekly opening on DAY from START to END; sessions end if it was theirs."""
    ask(options, "opening remove", day=day, start=start, end=end)
    say(options, f"The opening on {day} from {start} to {end} was removed.")


@click.command
@click.argument("date")
@click.argument("times", nargs=-1, metavar="closed | remove | START END [START END]...")
@pass_options
def make_exception(options: GlobalOptions, date: str, times: tuple[str, ...]) -> None:
    """Gives a DATE (YYYY-MM-DD) openings of its own.

    \b
    asyncluster opening except 2026-12-24 closed
    asyncluster opening except 2026-12-31 10:00 14:00
    asyncluster opening except 2026-12-31 remove
    """
    ask(options, "opening except", date=date, spans=_spans(times))
    say(options, f"{date} was changed.")


def _spans(times: tuple[str, ...]) -> list[tuple[str, str]] | None:
    if times == ("remove",):
        return None
    if times == ("closed",):
        return []
    if not times or len(times) % 2:
        raise UsageError("After the date comes closed, or remove, or START END (as often as needed).")
    return list(zip(times[::2], times[1::2], strict=True))

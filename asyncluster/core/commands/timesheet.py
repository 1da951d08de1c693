"""`asyncluster timesheet`: who sat where, from when to when, and what it comes to."""

from __future__ import annotations

import csv
import sys
from typing import Any

import click

from asyncluster.core.commands.asking import Column, ask, json_option, local_time, print_json, print_rows
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.commands.user import hours_words, pages
from asyncluster.core.errors import UsageError

_SESSION_COLUMNS = (
    Column("Name", "name"),
    Column("Node", "node"),
    Column("From", "from", show=local_time),
    Column("To", "to", show=local_time),
    Column("Time", "hours", right=True, show=hours_words),
    Column("Ended by", "ended_by"),
)
_SESSION_KEYS: tuple[str, ...] = ("name", "node", "display", "from", "to", "hours", "ended_by")
_SUM_KEYS: dict[str, tuple[str, ...]] = {
    "person": ("name", "hours", "sessions", "nodes"),
    "node": ("node", "hours", "sessions", "people"),
    "week": ("week", "hours", "sessions", "people", "nodes"),
}


@click.command
@click.argument("name", required=False)
@click.option("--from", "since", metavar="DATE", help="First date, like 2026-12-01.")
@click.option("--to", "until", metavar="DATE", help="Last date, included.")
@click.option("--by", type=click.Choice(sorted(_SUM_KEYS)), help="Sums instead of sessions.")
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
@pass_options
def timesheet(
    options: GlobalOptions,
    name: str | None,
    since: str | None,
    until: str | None,
    by: str | None,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Lists who sat where, from when to when; a running session has no end yet."""
    if as_csv and as_json:
        raise UsageError("Choose --csv or --json.")
    period = {"name": name, "since": since, "until": until}
    if by is None:
        rows, keys = list(pages(options, "timesheet list", **period)), _SESSION_KEYS
    else:
        rows, keys = ask(options, "timesheet report", by=by, **period), _SUM_KEYS[by]
    if as_json:
        print_json(rows)
    elif as_csv:
        _print_csv(rows, keys)
    else:
        print_rows(rows, _SESSION_COLUMNS if by is None else _sum_columns(keys), "Nobody sat there.")


def _sum_columns(keys: tuple[str, ...]) -> list[Column]:
    return [
        Column(key.capitalize(), key, right=number > 0, show=hours_words if key == "hours" else str)
        for number, key in enumerate(keys)
    ]


def _print_csv(rows: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    writer = csv.DictWriter(sys.stdout, keys, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)


def _cell(value: object) -> object:
    """A spreadsheet takes a text that begins with one of these for a formula."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@")) else value

"""How commands ask the master, and how they show what it answers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from asyncluster.core.commands.options import GlobalOptions

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def ask(options: GlobalOptions, verb: str, **arguments: Any) -> Any:
    """Asks the master one thing and returns the decoded answer.

    Raises:
        MasterUnreachable, NotAllowed, UsageError, AsynClusterError: what the master, or its absence, says.
    """
    from asyncluster.core.client.cluster import Cluster

    with Cluster(config=options.config) as cluster:
        return cluster.ask(verb, **arguments)


def say(options: GlobalOptions, text: str) -> None:
    """Confirms what was done, unless -q was given."""
    if not options.quiet:
        click.echo(text)


@dataclass(frozen=True)
class Column:
    """A column of a table for people.

    Attributes:
        key: of the row.
        right: set for numbers.
        show: turns a value into text; None values are shown as a dash without asking it.
    """

    title: str
    key: str
    right: bool = False
    show: Callable[[Any], str] = str


def print_json(value: object) -> None:
    """Prints an answer as it is."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def print_rows(rows: Sequence[Mapping[str, Any]], columns: Iterable[Column], nothing: str) -> None:
    """Prints a table, or the sentence `nothing` where there are no rows."""
    if rows:
        _console().print(table_of(rows, columns))
    else:
        click.echo(nothing)


def table_of(rows: Sequence[Mapping[str, Any]], columns: Iterable[Column]) -> Any:
    """A table of rich's."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="bold")
    chosen = list(columns)
    for column in chosen:
        table.add_column(column.title, justify="right" if column.right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column.key), column) for column in chosen))
    return table


def print_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Prints names and values, one a line; None is shown as a dash."""
    click.echo(facts_text(facts))


def facts_text(facts: Iterable[tuple[str, object]]) -> str:
    """Names and values, one a line."""
    pairs = [(name, "—" if value is None else str(value)) for name, value in facts]
    width = max((len(name) for name, _ in pairs), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in pairs)


def _cell(value: Any, column: Column) -> str:
    from rich.markup import escape

    return "—" if value is None else escape(column.show(value))


def _console() -> Any:
    from rich.console import Console

    width = None if sys.stdout.isatty() else 200  # a pipe has no width; do not break lines for it
    return Console(highlight=False, width=width)


def local_time(text: str) -> str:
    """An ISO 8601 instant as people read it, in this machine's time zone."""
    return datetime.fromisoformat(text).astimezone().strftime("%a %d %b %H:%M")


def thousands(number: float) -> str:
    """112870 -> "112 870", with a narrow space that does not break."""
    return f"{number:,.0f}".replace(",", "\u202f")


def seconds_in_words(seconds: float) -> str:
    """About how long: "0.8 s", "12 s", "3 min", "2 h 05 min"."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"

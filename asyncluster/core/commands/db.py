"""`asyncluster db`: the privilege and usage database, without a master.

Both commands work on the database that the configuration names. A running master does not mind: every step is a
transaction of its own, and it sees what was imported at once.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import click

from asyncluster.core.commands.asking import Column, json_option, print_json, print_rows
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.config import Role, load
from asyncluster.core.errors import ExitCode

_NOTE_COLUMNS = (Column("Table", "table"), Column("Row", "row"), Column("", "text"))


@click.command
@pass_options
def upgrade(options: GlobalOptions) -> None:
    """Brings the database up to date; an SQLite file is copied first."""
    with _open(options) as database:
        if options.quiet:
            return
        if database.backup is not None:
            click.echo(f"The database was upgraded. The copy of before is {database.backup}.")
        else:
            click.echo("The database is up to date.")


@click.command("import-legacy")
@click.argument("url")
@json_option
@pass_options
def import_legacy(options: GlobalOptions, url: str, as_json: bool) -> None:
    """Takes over accounts, openings and the timesheet of an AsynCluster 0.3 database.

    URL is SQLAlchemy's, like sqlite:////var/lib/old.db; the old database is only read. What is here already stays
    as it is, so the import can be run again. Rows that cannot be used are listed, and the exit code is then 1.
    """
    from asyncluster.core.database.importing import import_legacy as take_over
    from asyncluster.core.database.legacy import read_legacy
    from asyncluster.core.people.calendar import Calendar
    from asyncluster.core.people.passwords import Hasher
    from asyncluster.core.people.zones import local_zone

    with _open(options) as database:
        legacy = read_legacy(url, Calendar(local_zone()))
        progress = _Progress(shown=not (options.quiet or as_json))
        outcome = take_over(database, legacy, Hasher(), now=int(time.time()), progress=progress)
    notes = [asdict(note) for note in outcome.notes]
    counts = {
        kind: {"added": getattr(outcome, kind), "known": getattr(outcome, f"{kind}_known")}
        for kind in ("accounts", "openings", "sessions")
    }
    if as_json:
        print_json(counts | {"notes": notes})
    else:
        _print_outcome(options, counts, notes)
    if any(note["left_out"] for note in notes):
        raise click.exceptions.Exit(ExitCode.PARTLY)


def _open(options: GlobalOptions) -> Any:
    from asyncluster.core.database.database import Database

    settings, _warnings = load(options.config, Role.MASTER)
    assert settings.server is not None
    return Database(settings.server.database)


def _print_outcome(options: GlobalOptions, counts: dict[str, dict[str, int]], notes: list[dict[str, Any]]) -> None:
    if not options.quiet:
        for kind, count in counts.items():
            click.echo(f"{kind.capitalize()}: {count['added']} added, {count['known']} there already.")
    if notes:
        print_rows(notes, _NOTE_COLUMNS, "")


class _Progress:
    """Says how far the hashing of passwords is, on standard error."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown

    def __call__(self, done: int, total: int) -> None:
        if self._shown:
            click.echo(f"{done} of {total} passwords hashed", err=True)

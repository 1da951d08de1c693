"""`asyncluster job list`, `show`, `logs`, `cancel`, `why`."""

from __future__ import annotations

import sys
from typing import Any

import click

from asyncluster.core.commands.asking import (
    Column,
    ask,
    json_option,
    local_time,
    print_facts,
    print_json,
    print_rows,
    say,
    seconds_in_words,
    thousands,
)
from asyncluster.core.commands.options import GlobalOptions, pass_options

LATELY_HOURS = 24

_COLUMNS = (
    Column("Job", "number", right=True),
    Column("Name", "name"),
    Column("Owner", "owner"),
    Column("Nice", "niceness", right=True),
    Column("State", "state"),
    Column("Done", "done", right=True, show=thousands),
    Column("Failed", "failed", right=True, show=thousands),
    Column("Running", "running", right=True, show=thousands),
    Column("Waiting", "queued", right=True, show=thousands),
    Column("Since", "created", show=local_time),
)


@click.command
@click.option("--all", "everything", is_flag=True, help="Those that have long been over as well.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="At most so many.")
@json_option
@pass_options
def list_jobs(options: GlobalOptions, everything: bool, limit: int, as_json: bool) -> None:
    """Lists jobs that are open or were so within a day, the newest first: yours, or as an operator everybody's."""
    jobs = ask(options, "job list", all=everything, over_hours=LATELY_HOURS, limit=limit)
    if as_json:
        print_json(jobs)
        return
    print_rows(jobs, _COLUMNS, "No job." if everything else "No job within a day. For earlier ones: job list --all")


@click.command
@click.argument("number", type=click.IntRange(1))
@json_option
@pass_options
def show(options: GlobalOptions, number: int, as_json: bool) -> None:
    """Shows all about one job."""
    job = ask(options, "job show", number=number)
    if as_json:
        print_json(job)
        return
    print_facts(_facts(job))


def _facts(job: dict[str, Any]) -> list[tuple[str, object]]:
    failures = ", ".join(f"{count} {kind}" for kind, count in job["failures"].items())
    nodes = ", ".join(f"{name} ({count})" for name, count in job["nodes"].items())
    facts: list[tuple[str, object]] = [
        ("Job", f"{job['number']}  {job['name']}"),
        ("Owner", job["owner"]),
        ("State", job["state"]),
        ("Niceness", job["niceness"]),
        ("Opened", local_time(job["created"])),
        ("Ended", job["finished"] and local_time(job["finished"])),
        ("Done", thousands(job["done"])),
        ("Failed", f"{thousands(job['failed'])}  {failures}".rstrip()),
        ("Running", thousands(job["running"])),
        ("Waiting", thousands(job["queued"])),
        ("Worked", seconds_in_words(job["busy_seconds"])),
        ("Nodes", nodes or None),
    ]
    facts += [("Unfit", f"{node}: {reason}") for node, reason in job["unfit"].items()]
    return facts if job["error"] is None else [*facts, ("Error", job["error"])]


@click.command
@click.argument("number", type=click.IntRange(1))
@click.option("--call", type=click.IntRange(0), help="Only what this call printed.")
@json_option
@pass_options
def logs(options: GlobalOptions, number: int, call: int | None, as_json: bool) -> None:
    """Prints what a job's calls have printed."""
    answer = ask(options, "job logs", number=number, call=call)
    if as_json:
        print_json(answer["lines"])
        return
    for line in answer["lines"]:
        stream = sys.stderr if line["stream"] == "err" else sys.stdout
        stream.write(line["text"])
    if answer["dropped"]:
        click.echo(f"({thousands(answer['dropped'])} characters in the middle were not kept.)", err=True)


@click.command
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1))
@pass_options
def cancel(options: GlobalOptions, numbers: tuple[int, ...]) -> None:
    """Ends jobs: their calls stop within seconds, wherever they run."""
    ask(options, "job cancel", numbers=list(numbers))
    for number in numbers:
        say(options, f"Job {number} is cancelled.")


@click.command
@click.argument("numbers", nargs=-1, required=True, type=click.IntRange(1))
@click.option("--niceness", required=True, type=click.IntRange(0, 19), help="Each step up takes a fifth off the share.")
@pass_options
def renice(options: GlobalOptions, numbers: tuple[int, ...], niceness: int) -> None:
    """Changes the share of the workers that jobs have."""
    ask(options, "job renice", numbers=list(numbers), niceness=niceness)
    for number in numbers:
        say(options, f"Job {number} has niceness {niceness}.")


@click.command
@click.argument("number", type=click.IntRange(1))
@pass_options
def why(options: GlobalOptions, number: int) -> None:
    """Says in one sentence why a job is not running."""
    click.echo(ask(options, "job why", number=number))

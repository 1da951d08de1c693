"""`asyncluster status`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import click

from asyncluster.core.commands.asking import (
    ask,
    facts_text,
    json_option,
    print_facts,
    print_json,
    seconds_in_words,
    thousands,
)
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.commands.watching import show_live, watch_option
from asyncluster.core.wire.feed import DaskRow


@click.command
@json_option
@watch_option
@pass_options
def status(options: GlobalOptions, as_json: bool, watch: bool) -> None:
    """Shows master, nodes, jobs and sessions at a glance."""
    if watch:
        show_live(options, ["master", "dask"], _live_text, as_json=as_json)
        return
    now = ask(options, "status")
    if as_json:
        print_json(now)
        return
    nodes, jobs = now["nodes"], now["jobs"]
    print_facts(
        [
            ("Master", _master_words(now["master"], now["release"], now["uptime_seconds"])),
            ("Nodes", f"{nodes['connected']} connected, {nodes['draining']} draining, {nodes['lost']} lost"),
            ("Workers", f"{now['workers']['busy']} of {now['workers']['all']} busy"),
            ("Jobs", f"{jobs['open']} open"),
            ("Calls", f"{thousands(jobs['running'])} running, {thousands(jobs['queued'])} waiting"),
            *([("Dask", _dask_words(_row(now["dask"])))] if now["dask"] else []),
            ("People", f"{now['sessions']} logged in"),
        ]
    )


def _live_text(tables: Mapping[str, Any]) -> str:
    if not tables["master"]:
        return ""
    (row,) = tables["master"].values()
    cores = f"{row.cores_ours} ours, {row.cores_person} the people's, {row.cores_other} others, {row.cores_idle} idle"
    return facts_text(
        [
            ("Master", _master_words(row.name, row.release, time.time() - row.started)),
            ("Nodes", f"{row.answering} of {row.nodes} answer"),
            ("Cores", cores),
            ("Jobs", f"{row.jobs} open"),
            ("Calls", f"{thousands(row.running)} running, {thousands(row.queued)} waiting"),
            ("Today", f"{thousands(row.finished_today)} calls finished, {thousands(row.failed_today)} failed"),
            *[("Dask", _dask_words(dask)) for dask in tables["dask"].values()],
            ("People", f"{row.sessions} logged in"),
        ]
    )


def _row(dask: dict[str, Any]) -> DaskRow:
    """What the verb says of Dask, as the feed says it."""
    tasks = dask["tasks"]
    return DaskRow(
        "dask",
        dask["state"] == "ready",
        dask["trouble"],
        workers=dask["workers"],
        running=tasks["running"],
        waiting=tasks["waiting"],
    )


def _dask_words(row: DaskRow) -> str:
    if not row.ready:
        return row.trouble
    workers = f"{_counted(sum(row.workers.values()), 'worker')} on {_counted(len(row.workers), 'node')}"
    return f"{workers}, {_counted(row.running, 'task')} running, {thousands(row.waiting)} waiting"


def _counted(number: int, thing: str) -> str:
    return f"{thousands(number)} {thing}{'' if number == 1 else 's'}"


def _master_words(name: str, release: str, uptime: float) -> str:
    return f"{name}, {release}, up {seconds_in_words(uptime)}"

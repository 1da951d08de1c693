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


@click.command
@json_option
@watch_option
@pass_options
def status(options: GlobalOptions, as_json: bool, watch: bool) -> None:
    """Shows master, nodes, jobs and sessions at a glance."""
    if watch:
        show_live(options, ["master"], _live_text, as_json=as_json)
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
            *_dask_facts(now["dask"]),
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
            ("People", f"{row.sessions} logged in"),
        ]
    )


def _dask_facts(dask: dict[str, Any] | None) -> list[tuple[str, str]]:
    """A line about the second engine, if there is one."""
    if dask is None:
        return []
    if dask["state"] != "ready":
        return [("Dask", dask["trouble"])]
    tasks, workers = dask["tasks"], sum(dask["workers"].values())
    words = f"{workers} workers on {len(dask['workers'])} nodes, {thousands(tasks['running'])} tasks running"
    return [("Dask", f"{words}, {thousands(tasks['waiting'])} waiting")]


def _master_words(name: str, release: str, uptime: float) -> str:
    return f"{name}, {release}, up {seconds_in_words(uptime)}"

"""`asyncluster status`."""

from __future__ import annotations

import click

from asyncluster.core.commands.asking import ask, json_option, print_facts, print_json, seconds_in_words, thousands
from asyncluster.core.commands.options import GlobalOptions, pass_options


@click.command
@json_option
@pass_options
def status(options: GlobalOptions, as_json: bool) -> None:
    """Shows master, nodes, jobs and sessions at a glance."""
    now = ask(options, "status")
    if as_json:
        print_json(now)
        return
    nodes, jobs = now["nodes"], now["jobs"]
    print_facts(
        [
            ("Master", f"{now['master']}, {now['release']}, up {seconds_in_words(now['uptime_seconds'])}"),
            ("Nodes", f"{nodes['connected']} connected, {nodes['draining']} draining, {nodes['lost']} lost"),
            ("Workers", f"{now['workers']['busy']} of {now['workers']['all']} busy"),
            (
                "Jobs",
                f"{jobs['open']} open, {thousands(jobs['running'])} calls running, {thousands(jobs['queued'])} waiting",
            ),
            ("People", f"{now['sessions']} logged in"),
        ]
    )

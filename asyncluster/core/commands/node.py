"""`asyncluster node list`, `show`, `drain`, `resume`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click
import msgspec

from asyncluster.core.commands.asking import (
    Column,
    ask,
    json_option,
    local_time,
    print_facts,
    print_json,
    print_rows,
    say,
    table_of,
    thousands,
)
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.commands.watching import show_live, watch_option

_COLUMNS = (
    Column("Node", "name"),
    Column("State", "state"),
    Column("Person", "people", show=lambda people: ", ".join(people) or "—"),
    Column("Workers", "workers", right=True),
    Column("Running", "running", right=True),
    Column("Waiting", "queued", right=True),
    Column("Load", "load", right=True, show=lambda value: f"{value:.2f}"),
    Column("Memory", "memory_used_share", right=True, show=lambda share: f"{share:.0%}"),
    Column("Trouble", "trouble"),
)


@click.command
@json_option
@watch_option
@pass_options
def list_nodes(options: GlobalOptions, as_json: bool, watch: bool) -> None:
    """Lists the nodes and what they do."""
    if watch:
        show_live(options, ["nodes"], _live_table, as_json=as_json)
        return
    nodes = ask(options, "node list")
    if as_json:
        print_json(nodes)
        return
    print_rows(nodes, _COLUMNS, "No node is connected. On a node, run: asyncluster node run")


_LIVE_COLUMNS = (
    Column("Node", "name"),
    Column("State", "state"),
    Column("Person", "person"),
    Column("Workers", "workers", right=True),
    Column("Running", "running", right=True),
    Column("Waiting", "queued", right=True),
    Column("Calls/min", "rate", right=True, show=thousands),
    Column("Load", "load", right=True, show=lambda value: f"{value:.2f}"),
    Column("Trouble", "trouble"),
)


def _live_table(tables: Mapping[str, Any]) -> Any:
    nodes = tables["nodes"]
    rows = [msgspec.structs.asdict(nodes[name]) for name in sorted(nodes)]
    shown = [{**row, "state": row["state"].replace("_", " "), "running": sum(row["running"].values())} for row in rows]
    return table_of(shown, _LIVE_COLUMNS)


@click.command
@click.argument("name")
@json_option
@pass_options
def show(options: GlobalOptions, name: str, as_json: bool) -> None:
    """Shows all about one node."""
    (node,) = ask(options, "node show", names=[name])
    if as_json:
        print_json(node)
        return
    print_facts(_facts(node))


def _facts(node: dict[str, Any]) -> list[tuple[str, object]]:
    return [
        ("Node", node["name"]),
        ("State", node["state"]),
        ("Since", local_time(node["since"])),
        ("Person", ", ".join(node["people"]) or None),
        ("Cores", node["cores"]),
        ("Workers", node["workers"]),
        ("Running", node["running"]),
        ("Waiting", node["queued"]),
        ("Jobs", ", ".join(map(str, node["jobs"])) or None),
        ("Load", None if node["load"] is None else f"{node['load']:.2f}"),
        ("Memory", None if node["memory_used_share"] is None else f"{node['memory_used_share']:.0%} used"),
        ("Displays", ", ".join(node["displays"]) or "none, headless"),
        ("AsynCluster", node["release"]),
        ("Python", node["python"]),
        ("Trouble", node["trouble"] or None),
    ]


@click.command
@click.argument("names", nargs=-1, required=True)
@pass_options
def drain(options: GlobalOptions, names: tuple[str, ...]) -> None:
    """Lets nodes finish what they run and gives them nothing new."""
    ask(options, "node drain", names=list(names))
    for name in names:
        say(options, f"{name} takes no new calls; what runs is finished.")


@click.command
@click.argument("names", nargs=-1, required=True)
@pass_options
def resume(options: GlobalOptions, names: tuple[str, ...]) -> None:
    """Lets drained nodes work again."""
    ask(options, "node resume", names=list(names))
    for name in names:
        say(options, f"{name} works again.")

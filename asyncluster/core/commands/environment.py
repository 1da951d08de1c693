"""`asyncluster env`: what jobs run in."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
)
from asyncluster.core.commands.options import GlobalOptions, pass_options

if TYPE_CHECKING:
    from asyncluster.core.client.environments import Standing

_SHOWN = 12  # digits of a key

_COLUMNS = (
    Column("Key", "key", show=lambda key: str(key)[:_SHOWN]),
    Column("Name", "name"),
    Column("", "standing"),
    Column("Python", "python"),
    Column("Wheels", "wheels", right=True),
    Column("Size", "size", right=True, show=lambda size: _megabytes(size)),
    Column("On", "on_nodes"),
    Column("Since", "created", show=local_time),
    Column("By", "by"),
)


@click.command
@click.argument("source", type=click.Path(path_type=Path))
@click.option("--name", help="By which jobs may ask for it; it stays until it is removed.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--patience",
    type=click.FloatRange(1, 86_400),
    default=600,
    show_default=True,
    help="Seconds for which a node may show no progress.",
)
@json_option
@pass_options
def sync(options: GlobalOptions, source: Path, name: str | None, dry_run: bool, patience: float, as_json: bool) -> None:
    """Puts a project with all that it needs on every node, and makes it what jobs run in.

    SOURCE is the folder of a Python project, a wheel, or a requirements file. Jobs that are open keep what they have.
    If one node cannot have it, nothing changes.
    """
    from asyncluster.core.client import environments
    from asyncluster.core.client.bundling import bundle
    from asyncluster.core.client.cluster import Cluster
    from asyncluster.core.environments.kept import check_name

    if name is not None:
        check_name(name)
    quiet = options.quiet or as_json
    with tempfile.TemporaryDirectory(prefix="asyncluster-env-") as temporary, Cluster(config=options.config) as cluster:
        folder = Path(temporary)
        environments.check_ready(cluster)
        with _Progress(quiet) as progress:
            manifest = bundle(source, folder, progress.say)
        if dry_run:
            plan = environments.begin(cluster, manifest, name, dry=True)
            files = [{"filename": wheel.filename, "size": wheel.size} for wheel in manifest.wheels]
            _show_plan(plan | {"python": manifest.python, "wheel_files": files}, as_json=as_json)
            return
        with _Progress(quiet) as progress:
            key = environments.sync(cluster, folder, manifest, name, patience=patience, tell=progress.show)
        shown = cluster.ask("env show", environment=key)
    if as_json:
        print_json(shown)
    else:
        say(options, f"{_called(shown)} is on {_count(shown['nodes'], 'node')}, and current.")


def _show_plan(plan: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(plan)
        return
    for wheel in plan["wheel_files"]:
        click.echo(f"{_megabytes(wheel['size']):>10}  {wheel['filename']}")
    nodes = ", ".join(plan["nodes"]) or "no node, as none is connected"
    already = "; the master has it already" if plan["known"] else ""
    click.echo(f"Environment {plan['key'][:_SHOWN]}: {_megabytes(plan['size'])} for Python {plan['python']}{already}.")
    click.echo(f"It would go to {nodes}. Nothing was done.")


class _Progress:
    """One line of the terminal that says how far it is, if there is a terminal."""

    def __init__(self, quiet: bool) -> None:
        self._shown = not quiet and sys.stderr.isatty()
        self._last = ""
        self._on_nodes = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exc: object) -> None:
        if self._last:
            click.echo(f"\r{'':{len(self._last)}}\r", err=True, nl=False)
        if kind is KeyboardInterrupt and self._on_nodes:
            click.echo("The nodes go on with it. The same env sync again watches them.", err=True)

    def show(self, standing: Standing) -> None:
        """Says how far it is."""
        self._on_nodes = bool(standing.nodes)
        if standing.sent < standing.size or not standing.nodes:
            line = f"to the master: {standing.sent / standing.size:.0%}"
        else:
            done = sum(node.state == "done" for node in standing.nodes)
            late = min(standing.nodes, key=lambda node: (node.state == "done", node.share))
            behind = "" if late.state == "done" else f"; {late.name}: {late.state} {late.share:.0%}"
            line = f"{done} of {len(standing.nodes)} nodes have it{behind}"
        self.say(line)

    def say(self, line: str) -> None:
        """Shows this line in the place of the last one."""
        if self._shown:
            line = line[: shutil.get_terminal_size().columns - 1]
            click.echo(f"\r{line:{len(self._last)}}", err=True, nl=False)
            self._last = line


@click.command
@json_option
@pass_options
def list_environments(options: GlobalOptions, as_json: bool) -> None:
    """Lists what jobs can run in."""
    rows = ask(options, "env list")
    if as_json:
        print_json(rows)
        return
    shown = [row | {"on_nodes": f"{row['nodes']} of {row['nodes_connected']}"} for row in rows]
    print_rows(shown, _COLUMNS, "There is no environment: jobs run in what is installed on the nodes.")


@click.command
@click.argument("key")
@json_option
@pass_options
def show(options: GlobalOptions, key: str, as_json: bool) -> None:
    """Shows all about one: its wheels, the nodes that have it, the jobs that need it."""
    one = ask(options, "env show", environment=key)
    if as_json:
        print_json(one)
        return
    print_facts(_facts(one))


def _facts(one: dict[str, Any]) -> list[tuple[str, object]]:
    facts: list[tuple[str, object]] = [
        ("Key", one["key"]),
        ("Name", one["name"]),
        ("Standing", one["standing"] or None),
        ("Python", one["python"]),
        ("Brought", f"{local_time(one['created'])} by {one['by']}"),
        ("On", ", ".join(one["on"]) or "no node"),
        ("Jobs", ", ".join(map(str, one["jobs"])) or None),
        ("Size", _megabytes(one["size"])),
    ]
    return facts + [("Wheel", wheel["filename"]) for wheel in one["wheel_files"]]


@click.command
@click.argument("key")
@pass_options
def use(options: GlobalOptions, key: str) -> None:
    """Makes another one current, or none: jobs that are opened from now on get it.

    KEY is a name, a key or its first digits; "none" for the nodes as they are.
    """
    ask(options, "env use", environment=key)
    say(options, "No environment is current." if key == "none" else f"{key} is current.")


@click.command
@click.argument("key")
@pass_options
def remove(options: GlobalOptions, key: str) -> None:
    """Removes one from the master and from all nodes."""
    ask(options, "env remove", environment=key)
    say(options, f"{key} is removed.")


def _called(one: dict[str, Any]) -> str:
    return f"{one['name']} ({one['key'][:_SHOWN]})" if one["name"] else f"Environment {one['key'][:_SHOWN]}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"

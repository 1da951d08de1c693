"""`asyncluster node run`."""

from __future__ import annotations

import os

import click

from asyncluster.core.collecting import keeping_all
from asyncluster.core.commands.options import GlobalOptions, pass_options


@click.command
@click.option("--headless", is_flag=True, help="Workers only: no display, whatever the configuration says.")
@click.option("--workers", type=click.IntRange(0, 512), help="Calls that run at once; default: one per core.")
@click.option("--display", "displays", multiple=True, metavar=":N", help="An X display to serve; may be repeated.")
@pass_options
def run(options: GlobalOptions, headless: bool, workers: int | None, displays: tuple[str, ...]) -> None:
    """Runs the node daemon in the foreground."""
    from asyncluster.core.config import Role, load, values
    from asyncluster.core.config.forms import Unfit
    from asyncluster.core.errors import UsageError
    from asyncluster.ndm.node.settings import node_settings

    if headless and displays:
        raise UsageError("--headless and --display exclude each other.")
    try:
        displays = tuple(map(values.display, displays))
    except Unfit as error:
        raise UsageError(f"--display {error}") from None
    settings, warnings = load(options.config, Role.NODE)
    for warning in warnings:
        click.echo(f"Warning: {warning}", err=True)
    node = node_settings(settings, workers=workers, displays=() if headless else displays or None)

    if os.geteuid() == 0 and not _as_root(settings.client.worker_user, node.displays):
        from asyncluster.ndm.steward import running

        raise SystemExit(running.run(settings, node, verbose=options.verbose, quiet=options.quiet))

    if node.displays:
        raise UsageError("Displays need root, who alone may start sessions. Use --headless, or start this as root.")
    with keeping_all():
        from asyncluster.ndm.node import daemon

    daemon.run(node, verbose=options.verbose, quiet=options.quiet)


def _as_root(worker_user: tuple[str, ...], displays: tuple[str, ...]) -> bool:
    """Whether nothing is to be gained by a steward: root has been told to run even the workers as root."""
    return worker_user[:1] == ("root",) and not displays

"""`asyncluster console`: the operator's window."""

from __future__ import annotations

import os
from pathlib import Path

import click

from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.qt.screen import missing_screen


@click.command
@click.option("--socket", type=click.Path(path_type=Path), help="The master's socket; else as the configuration says.")
@click.option("--theme", type=click.Choice(["auto", "light", "dark"]), help="Colours.  [default: as the last time]")
@pass_options
def console(options: GlobalOptions, socket: Path | None, theme: str | None) -> int:
    """Shows the room, the jobs and the people, and acts on them.

    Over a slow link, forward the socket: ssh -L ./master.sock:/run/asyncluster/control.sock MASTER, then give
    --socket ./master.sock.
    """
    from asyncluster.core.client.address import locate

    path = locate(socket, options.config)
    if missing := missing_screen(os.environ):
        raise AsynClusterError(missing)
    try:
        from asyncluster.console.program import run
        from asyncluster.core.qt.theme import Mode
    except ImportError as error:
        raise AsynClusterError(
            f"The console needs PyQt6, which does not load here: {error}. Install it: pip install 'asyncluster[gui]'"
        ) from error
    return run(path, config=options.config, mode=None if theme is None else Mode(theme))

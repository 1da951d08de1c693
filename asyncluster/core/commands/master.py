"""`asyncluster master run`."""

from __future__ import annotations

import click

from asyncluster.core.collecting import keeping_all
from asyncluster.core.commands.options import GlobalOptions, pass_options


@click.command
@pass_options
def run(options: GlobalOptions) -> None:
    """Runs the master in the foreground."""
    with keeping_all():
        from asyncluster.core.config import Role, load
        from asyncluster.core.master import service

    settings, warnings = load(options.config, Role.MASTER)
    service.run(settings, warnings, verbose=options.verbose, quiet=options.quiet)

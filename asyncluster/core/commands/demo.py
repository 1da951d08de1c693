"""`asyncluster demo`: everything on this machine, and nothing left of it afterwards."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.resources import resource

_NEXT = """
What to type next:
  python {cauchy} --plot cauchy.png
                                     the same with a picture of what it found
  asyncluster config init            a configuration of your own
  asyncluster master run             a master, in one terminal
  asyncluster node run --headless    a node, in another; more of them on other machines
  asyncluster job map {stars}:distance {records} -o stars.jsonl
                                     a function over a file, on all of them
"""


@click.command
@click.option("--console/--no-console", default=None, help="Show the operator's window, too; default: with a screen.")
@click.option("--desk/--no-desk", default=None, help="Show a workstation to log in at, too; default: with a screen.")
@click.option("--iterations", type=click.IntRange(2, 1000), default=12, show_default=True, help="How long it runs.")
@pass_options
def demo(options: GlobalOptions, console: bool | None, desk: bool | None, iterations: int) -> None:
    """Runs a master, two nodes and a real job on this machine, with no configuration.

    With a screen it shows the operator's window and, where Xephyr and a window manager are installed, a workstation of
    this cluster in a window of its own: log in there as demo. The session is yours, in an empty home, and ends with it.
    """
    cauchy = _load(resource("examples/cauchy.py"))
    from rich.console import Console

    terminal = Console(highlight=False, soft_wrap=True)
    say = (lambda text: None) if options.quiet else click.echo
    say("Starting a master and two nodes on this machine, for as long as this takes…")
    from asyncluster.core.client.local import LocalCluster
    from asyncluster.core.commands.demo_windows import Windows

    with (
        LocalCluster(nodes=2, workers=1) as cluster,
        Windows(cluster.socket, say) as windows,
        cluster.job(cauchy.NAMESPACE, name="cauchy") as job,
    ):
        windows.open(console=console, desk=desk)
        say(
            f"{cauchy.OBSERVATIONS:,} observations of a Cauchy process, {cauchy.CHAINS:,} chains that look for its\n"
            "location and scale by population Monte Carlo. The likelihoods are computed on the nodes.\n"
        )
        found = _infer(cauchy, job, iterations, terminal, quiet=options.quiet)
        click.echo(found)
        if windows and sys.stdin.isatty():  # a script that runs the demo closes no window
            say("Close a window or press Ctrl-C to end the demo.")
            windows.wait()
    names = {"cauchy": "cauchy.py", "stars": "stars.py", "records": "stars.csv"}
    say(_NEXT.format_map({key: os.path.relpath(resource(f"examples/{name}")) for key, name in names.items()}))


def _load(path: Path) -> ModuleType:
    """The example as a module.

    Raises:
        AsynClusterError: NumPy, which it needs, is not installed.
    """
    spec = importlib.util.spec_from_file_location("cauchy", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    try:
        spec.loader.exec_module(module)
    except ModuleNotFoundError as error:
        raise AsynClusterError(
            f"The demo's job needs {error.name}. Install it: pip install 'asyncluster[demo]'"
        ) from None
    return module


def _infer(cauchy: ModuleType, job: Any, iterations: int, console: Any, *, quiet: bool) -> Any:
    """Runs the inference with a live display."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as progress:
        task = progress.add_task("waiting for the workers", total=iterations)

        def report(iteration: Any) -> None:
            progress.update(task, advance=1, description=f"iteration {iteration.number} of {iteration.of}")
            if not quiet:
                progress.console.print(str(iteration))

        return cauchy.infer_on(job, iterations, 2008, report)

"""The command `asyncluster`: a noun, then a verb.

This is the composition root of the command line, so it may know every part of the package. It imports a verb's
code only when that verb is run or explained: `asyncluster --version` and a completion must not wait for Qt,
SQLAlchemy or Twisted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from asyncluster import __version__
from asyncluster.core.commands.options import GlobalOptions, accept_anywhere
from asyncluster.core.errors import AsynClusterError, ExitCode

#: noun -> (help, {verb: "module:command"}); a noun without verbs is a command itself.
NOUNS: dict[str, tuple[str, dict[str, str] | str]] = {
    "demo": ("Everything on this machine, with no configuration.", "core.commands.demo:demo"),
    "config": (
        "Write and check the configuration.",
        {"init": "core.commands.config:init", "check": "core.commands.config:check"},
    ),
    "master": ("The master.", {"run": "core.commands.master:run", "install": "ndm.install:install_master"}),
    "node": (
        "Nodes and what they do.",
        {
            "run": "ndm.commands:run",
            "install": "ndm.install:install_node",
            "list": "core.commands.node:list_nodes",
            "show": "core.commands.node:show",
            "drain": "core.commands.node:drain",
            "resume": "core.commands.node:resume",
        },
    ),
    "job": (
        "Python jobs on the cluster.",
        {
            "map": "core.commands.job_map:map_lines",
            "run": "core.commands.job_run:run",
            "list": "core.commands.job:list_jobs",
            "show": "core.commands.job:show",
            "logs": "core.commands.job:logs",
            "cancel": "core.commands.job:cancel",
            "renice": "core.commands.job:renice",
            "why": "core.commands.job:why",
        },
    ),
    "env": (
        "Environments: packages that jobs run with, the same on all nodes.",
        {
            "sync": "core.commands.environment:sync",
            "list": "core.commands.environment:list_environments",
            "show": "core.commands.environment:show",
            "use": "core.commands.environment:use",
            "remove": "core.commands.environment:remove",
        },
    ),
    "user": (
        "People: accounts, hours, messages.",
        {
            "add": "core.commands.user:add",
            "list": "core.commands.user:list_users",
            "show": "core.commands.user:show",
            "password": "core.commands.user:password",
            "enable": "core.commands.user:enable",
            "disable": "core.commands.user:disable",
            "restrict": "core.commands.user:restrict",
            "unrestrict": "core.commands.user:unrestrict",
            "quota": "core.commands.user:quota",
            "grant": "core.commands.user:grant",
            "message": "core.commands.user:message",
            "kick": "core.commands.user:kick",
            "unlock": "core.commands.user:unlock",
            "delete": "core.commands.user:delete",
        },
    ),
    "opening": (
        "Opening hours and their exceptions.",
        {
            "list": "core.commands.opening:list_openings",
            "add": "core.commands.opening:add",
            "remove": "core.commands.opening:remove",
            "except": "core.commands.opening:make_exception",
        },
    ),
    "timesheet": ("Who sat where, from when to when.", "core.commands.timesheet:timesheet"),
    "db": (
        "The privilege and usage database.",
        {"upgrade": "core.commands.db:upgrade", "import-legacy": "core.commands.db:import_legacy"},
    ),
    "status": ("Master, nodes, jobs and sessions at a glance.", "core.commands.status:status"),
    "doctor": ("What is wrong or unsafe on this machine, and the fix.", "doctor.command:doctor"),
    "console": ("The operator's window.", "console.commands:console"),
}

_OUR_FAULT = "This should not have happened; please report it, with what the same command says after adding -v."


def _load(path: str) -> click.Command:
    module, _, name = path.partition(":")
    command = getattr(import_module(f"asyncluster.{module}"), name)
    assert isinstance(command, click.Command)
    return command


class LazyGroup(click.Group):
    """A group whose members are imported when they are needed."""

    def __init__(self, *args: Any, members: dict[str, tuple[str, dict[str, str] | str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._members = members

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._members)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._members:
            return None
        help_text, target = self._members[name]
        if isinstance(target, str):
            return accept_anywhere(_load(target))
        members: dict[str, tuple[str, dict[str, str] | str]] = {verb: ("", path) for verb, path in target.items()}
        return accept_anywhere(LazyGroup(name, help=help_text, members=members))

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the members; a noun's line comes from the table, so that nothing is imported for it."""
        rows = []
        for name in self._members:
            help_text = self._members[name][0]
            if not help_text:
                command = self.get_command(ctx, name)
                help_text = command.get_short_help_str(70) if command else ""
            rows.append((name, help_text))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


@click.command(
    cls=LazyGroup,
    members=NOUNS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help="Configuration file; else $ASYNCLUSTER_CONF, else /etc/asyncluster.conf.",
)
@click.option("-v", "--verbose", count=True, help="Say more; errors come with their traceback.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what was asked for.")
@click.version_option(__version__, message="asyncluster %(version)s")
@click.pass_context
def asyncluster(context: click.Context, config: Path | None, verbose: int, quiet: bool) -> None:
    """The PCs of a room as workstations with hours, and as a cluster for Python jobs."""
    context.obj = GlobalOptions(config=config, verbose=verbose, quiet=quiet)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and exits with one of `ExitCode`."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        status = asyncluster.main(arguments, prog_name="asyncluster", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except (click.Abort, KeyboardInterrupt):
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        _forget_output()
        sys.exit(ExitCode.PARTLY)
    except AsynClusterError as error:
        _tell(error, str(error), arguments)
        sys.exit(error.exit_code)
    except OSError as error:
        _forget_output()
        _tell(error, f"The system refused: {error}.", arguments)
        sys.exit(ExitCode.PARTLY)
    except Exception as error:
        _tell(error, f"{_OUR_FAULT} ({type(error).__name__}: {error})", arguments)
        sys.exit(ExitCode.PARTLY)
    sys.exit(status if isinstance(status, int) else ExitCode.DONE)


def _tell(error: Exception, words: str, arguments: Sequence[str]) -> None:
    """Says what went wrong; to those who ask for more, also where."""
    if any(argument in arguments for argument in ("-v", "-vv", "--verbose")):
        import traceback

        traceback.print_exception(error)
    else:
        print(words, file=sys.stderr)


def _forget_output() -> None:
    """Drops what could not be written: Python would try, and complain, once more at exit."""
    with suppress(AttributeError, OSError, ValueError):  # there may be none
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


if __name__ == "__main__":
    main()

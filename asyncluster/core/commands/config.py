"""`asyncluster config`: write and check the configuration."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.config import Problem, Role, Surroundings, find, inspect, refusal
from asyncluster.core.errors import AsynClusterError, ExitCode

_ROLES = click.Choice([role.value for role in Role])
_FILE = click.Path(path_type=Path)
_NEXT_STEPS = {
    Role.MASTER: "Name the networks of your nodes in 'subnets', then copy the file to every node.",
    Role.NODE: "Set 'host' to the master's name, and put 'user' and both passwords of the master's file in it.",
    Role.ALL: "It works for a trial on this machine. For more machines, name their networks in 'subnets' and copy "
    "the file to each of them.",
}


@click.group()
def config() -> None:
    """Write and check the configuration."""


@config.command("init")
@click.option("--role", type=_ROLES, default=Role.ALL.value, help="What this machine is.  [default: all]")
@click.argument("path", type=_FILE, required=False)
@pass_options
def init(options: GlobalOptions, role: str, path: Path | None) -> None:
    """Write a complete, commented configuration with fresh passwords to PATH.

    Without PATH, it is written where programs look for it: --config, $ASYNCLUSTER_CONF, /etc/asyncluster.conf.
    A file that exists is never touched.
    """
    from asyncluster.core.config.template import fresh
    from asyncluster.core.wire.randomkeys import new_key

    here = Surroundings.here()
    file = path or find(options.config, here)
    write_new(file, fresh(Role(role), here, new_key))
    if not options.quiet:
        click.echo(f"Wrote {file}; only its owner can read it. {_NEXT_STEPS[Role(role)]}")


@config.command("check")
@click.option("--role", type=_ROLES, help="For which process.  [default: what its sections are for]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@pass_options
def check(options: GlobalOptions, role: str | None, as_json: bool) -> None:
    """Tell everything that is wrong with the configuration."""
    here = Surroundings.here()
    file = find(options.config, here)
    result = inspect(file, Role(role) if role else None, here)
    if as_json:
        _echo_json(file, result.problems, result.warnings)
        if result.problems:
            raise click.exceptions.Exit(ExitCode.CONFIG)
        return
    for warning in result.warnings:
        click.echo(f"Warning: {warning}", err=True)
    if result.problems:
        raise refusal(file, result.problems)
    if not options.quiet:
        click.echo(f"{file} is fine.")


def write_new(path: Path, text: str) -> None:
    """Make a file with that text which only its owner may read; never touch one that exists.

    Raises:
        AsynClusterError: it exists, or the system refuses; nothing is left behind.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:
        raise AsynClusterError(f"{path} already exists and was not changed. Name another file.") from None
    except OSError as error:
        raise AsynClusterError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(descriptor, 0o600)  # whatever the umask
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        os.unlink(path)
        raise AsynClusterError(f"{path} cannot be written: {error.strerror}.") from None


def _echo_json(path: Path, problems: Sequence[Problem], warnings: Sequence[Problem]) -> None:
    answer = {
        "path": str(path),
        "ok": not problems,
        "problems": [_as_dict(problem) for problem in problems],
        "warnings": [_as_dict(warning) for warning in warnings],
    }
    click.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _as_dict(problem: Problem) -> dict[str, object]:
    return {
        "line": problem.line,
        "section": problem.section,
        "key": problem.key,
        "message": problem.message,
    }

"""`asyncluster job run`: one call of a function of a file."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import click

from asyncluster.core.commands.job_code import environment_option, load_code, niceness_option, timeout_option
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.errors import CallFailed, ExitCode, UsageError

_NEGATIVE = re.compile(r"-(\d+(\.\d+)?([eE][+-]?\d+)?|Infinity)")


class NumbersAreArguments(click.Command):
    """Takes -1 for a number, where click takes it for an option; JSON does not mind the space that says so."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {word}" if _NEGATIVE.fullmatch(word) else word for word in args])


@click.command(cls=NumbersAreArguments)
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@click.argument("function")
@click.argument("arguments", metavar="[JSON]...", nargs=-1)
@niceness_option
@timeout_option
@environment_option
@pass_options
def run(
    options: GlobalOptions,
    path: Path,
    function: str,
    arguments: tuple[str, ...],
    niceness: int,
    timeout: float | None,
    environment: str | None,
) -> int:
    """Loads FILE as a job, calls FUNCTION once with the arguments, and prints its result.

    Arguments are JSON: 3, 0.5, '"text"', '[1, 2]'. What is no JSON is taken as text.
    """
    code = load_code(path, function)
    values = [_value(argument) for argument in arguments]
    from asyncluster.core.client.cluster import Cluster

    with (
        Cluster(config=options.config) as cluster,
        cluster.job(code, name=path.name, niceness=niceness, environment=environment) as job,
    ):
        future = job.with_(timeout=timeout).run(function, *values)
        error = future.exception()
        sys.stderr.write(future.log())
        if error is not None:
            click.echo(_words(error), err=True)
            return ExitCode.PARTLY
        click.echo(_text(future.result()))
    return ExitCode.DONE


def _words(error: BaseException) -> str:
    """The author's traceback; what failed for another reason says so itself."""
    from asyncluster.core.commands.job_map import traceback_of

    ours = isinstance(error, CallFailed) and error.__cause__ is None
    return (str(error) if ours else traceback_of(error)).rstrip()


def _value(argument: str) -> Any:
    try:
        return json.loads(argument)
    except json.JSONDecodeError:
        return argument
    except RecursionError:
        raise UsageError("An argument is nested too deeply.") from None


def _text(result: Any) -> str:
    try:
        return json.dumps(result, ensure_ascii=False)
    except (TypeError, ValueError):
        return repr(result)

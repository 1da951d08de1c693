"""What the options before the noun mean to every command."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The global options; the top-level program puts them into `click.Context.obj`.

    Attributes:
        config: the file named by --config, or None.
        verbose: how often -v was given.
        quiet: whether -q was given: say nothing but results and errors.
    """

    config: Path | None = None
    verbose: int = 0
    quiet: bool = False


# Commands run without the top-level program, as in tests, get the defaults.
pass_options = click.make_pass_decorator(GlobalOptions, ensure=True)


def accept_anywhere(command: click.Command) -> click.Command:
    """Lets a noun or a verb take the global options, too: whoever types them there means the same."""
    if not any(parameter.name == "config" for parameter in command.params):
        command.params += [
            click.Option(["--config"], type=click.Path(path_type=Path), **_ELSEWHERE),
            click.Option(["-v", "--verbose"], count=True, **_ELSEWHERE),
            click.Option(["-q", "--quiet"], is_flag=True, **_ELSEWHERE),
        ]
    return command


def _take(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value:  # else what stands before the noun holds
        context.obj = replace(context.find_object(GlobalOptions) or GlobalOptions(), **{str(parameter.name): value})


_ELSEWHERE: dict[str, Any] = {"hidden": True, "expose_value": False, "callback": _take}

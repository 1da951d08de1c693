"""What the options before the noun mean to every command."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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

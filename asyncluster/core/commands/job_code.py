"""What `job run` and `job map` have in common: the author's file, checked before anything is sent."""

from __future__ import annotations

import traceback
from pathlib import Path

import click

from asyncluster.core.errors import UsageError

niceness_option = click.option(
    "--niceness",
    type=click.IntRange(0, 19),
    default=0,
    envvar="ASYNCLUSTER_NICENESS",
    show_default=True,
    show_envvar=True,
    help="0 to 19: less of the workers.",
)
environment_option = click.option(
    "--environment",
    envvar="ASYNCLUSTER_ENVIRONMENT",
    show_envvar=True,
    help="What the calls run in: a name or key that env list shows, or none; default: the current one.",
)
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    envvar="ASYNCLUSTER_TIMEOUT",
    show_envvar=True,
    help="Seconds that one call may run.",
)


def load_code(path: Path, function: str) -> Path:
    """Makes sure that a file is Python that may define `function`, and returns it.

    Raises:
        UsageError: it cannot be read, is no Python, or never mentions the function.
    """
    try:
        text = path.read_text(encoding="utf-8")
        compile(text, str(path), "exec")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    except (SyntaxError, ValueError) as error:
        raise UsageError("".join(traceback.format_exception_only(error)).rstrip()) from None
    if function not in text and "import *" not in text:
        raise UsageError(f"{path} defines no {function!r}.")
    return path

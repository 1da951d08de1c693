"""Work beside the reactor that nobody waits for."""

from __future__ import annotations

import _thread
from collections.abc import Callable
from typing import Any


def in_background(function: Callable[..., Any], *arguments: Any) -> None:
    """Runs `function` in a thread of its own, or at once in this one if there is none to be had.

    `threading.Thread.start` waits until the new thread says that it runs; one that has no memory left to say so keeps
    whoever started it waiting for ever.
    """
    try:
        _thread.start_new_thread(function, arguments)
    except RuntimeError:
        function(*arguments)

"""Waiting until something is so: patient where the machine is busy, and at an end where it never comes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any


def within(seconds: float) -> float:
    """As long on this machine as `seconds` on one with nothing else to do."""
    return seconds * min(4.0, max(1.0, 1.5 * os.getloadavg()[0] / (os.cpu_count() or 1)))


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> Any:
    """Returns what `condition` gives as soon as it is true.

    Raises:
        TimeoutError: it did not become true.
    """
    seconds = within(seconds)
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.02)
    return value


def time_until(condition: Callable[[], Any], what: str, seconds: float = 30.0) -> float:
    """Waits likewise; returns how many seconds that took."""
    began = time.monotonic()
    wait_for(condition, what, seconds)
    return time.monotonic() - began

"""A gate for calls that the model of a master runs in threads of the test's own process.

Functions of tests travel by value; what they share with their test they import when they run.
"""

from __future__ import annotations

import threading
import time
from typing import Any

_open = threading.Event()
_lock = threading.Lock()
_running = 0
seen: list[Any] = []
most_at_once = 0


def reset() -> None:
    """Closes the gate and forgets."""
    global most_at_once
    _open.clear()
    seen.clear()
    most_at_once = 0


def open_gate() -> None:
    """Lets everybody through, those to come as well."""
    _open.set()


def pass_through(value: Any = None, seconds: float = 0.0) -> Any:
    """Waits until the gate is open, and that long besides."""
    global _running, most_at_once
    with _lock:
        _running += 1
        most_at_once = max(most_at_once, _running)
        seen.append(value)
    assert _open.wait(20)
    time.sleep(seconds)
    with _lock:
        _running -= 1
    return value


def touch(value: Any) -> Any:
    """Takes a little while."""
    _open.set()
    return pass_through(value, 0.005)

"""What the workers are asked to do. Each system imports this module at its workers; it needs nothing but Python."""

from __future__ import annotations

import os
import time
from typing import Any


def noop(number: int) -> int:
    """Nothing: all that such a call costs is the way there and back."""
    return number


def echo(data: Any) -> Any:
    """Sends back what came."""
    return data


def compute(seconds: float) -> int:
    """Work that takes so many seconds *of a processor*, however busy the machine is; says which process did it."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return os.getpid()


def wait_for(path: str) -> int:
    """Holds its worker until the file is gone."""
    while os.path.exists(path):
        time.sleep(0.02)
    return os.getpid()


def edges(array: Any) -> float:
    """Uses a large array, as little as that is possible."""
    return float(array[0] + array[-1])

"""Where a call finds itself: `from asyncluster import here`.

Attributes, inside a call, an update or a job's code:
    job: name of the job.
    node: name of the node that this worker belongs to.
    call: number of the call inside its job, from 1; 0 in the job's code and its updates.

Outside a worker all of them raise `UsageError`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from asyncluster.core.errors import UsageError

_PROGRESS_SECONDS = 0.05


@dataclass
class Place:
    """What the worker loop sets; one a process.

    Attributes:
        tell: sends (call, fraction, note).
        told: when that was done last, on the monotonic clock.
    """

    job: str
    node: str
    tell: Callable[[int, float, str], None]
    call: int = 0
    told: float = 0.0


_place: Place | None = None


def settle(place: Place | None) -> None:
    """For the worker loop: this process works here from now on."""
    global _place
    _place = place


def progress(fraction: float, note: str = "") -> None:
    """Shows how far the running call is.

    Args:
        fraction: 0 to 1; what lies outside is moved to the nearer end.
        note: up to 300 characters, such as "burn-in".

    Calls in quick succession cost little: at most 20 a second are sent, and the last one always.
    """
    place = _settled("progress()")
    now = time.monotonic()
    if fraction < 1 and now - place.told < _PROGRESS_SECONDS:
        return
    place.told = now
    place.tell(place.call, min(max(float(fraction), 0.0), 1.0), str(note)[:300])


def _settled(name: str) -> Place:
    if _place is None:
        raise UsageError(f"here.{name} has a meaning only inside a call on a worker.")
    return _place


def __getattr__(name: str) -> str | int:
    if name in ("job", "node", "call"):
        value: str | int = getattr(_settled(name), name)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

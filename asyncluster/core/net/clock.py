"""The part of a Twisted reactor that keeps time, in the types of Python; `twisted.internet.task.Clock` fits as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """A call that will happen, unless it is cancelled."""

    def active(self) -> bool:
        """Whether it has neither happened nor been cancelled."""

    def cancel(self) -> None:
        """Lets it not happen; only while it is active."""


class Clock(Protocol):
    """Seconds that only go forward, and calls at a later time."""

    def seconds(self) -> float:
        """The time now; only differences mean anything."""

    def callLater(self, delay: float, call: Callable[..., Any], *args: Any) -> Timer:
        """Calls `call(*args)` after `delay` seconds; with 0 in the reactor's next turn."""

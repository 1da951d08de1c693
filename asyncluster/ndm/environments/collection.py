"""Which environments a node has, and what it does about those that the master wants. Decides only; does nothing itself.

    wanted, link_up, link_down, got, failed, tick   ->   Get, Leave, Remove, Report   (`take`)

One is got at a time, the most urgent first. What could not be got is tried again a few minutes later: the disk may
have room again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from asyncluster.core.wire.environments import EnvironmentFailure, EnvironmentsHeld

RETRY_SECONDS = 300.0
_LONGEST = 300  # characters of a reason


@dataclass(frozen=True, slots=True)
class Get:
    """Fetch an environment and install it; `got` or `failed` follows, unless it is left."""

    key: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Give up the one that is being got: nobody wants it any more."""

    key: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Remove one that is installed."""

    key: str


@dataclass(frozen=True, slots=True)
class Report:
    """Tell the master."""

    message: EnvironmentsHeld


Step: TypeAlias = Get | Leave | Remove | Report


class Collection:
    """See the module.

    Args:
        held: keys of those that are installed.

    Attributes:
        getting: the one that is being got.
    """

    def __init__(self, held: Iterable[str]) -> None:
        self.getting: str | None = None
        self._held = set(held)
        self._wanted: list[str] = []
        self._failed: dict[str, tuple[str, float]] = {}  # why, and when it is tried again
        self._connected = False
        self._out: list[Step] = []

    def take(self) -> list[Step]:
        """What is to be done now, in order."""
        out, self._out = self._out, []
        return out

    def want(self, keys: Sequence[str], now: float) -> None:
        """The master says what it wants here, on a new connection or on this one."""
        self._connected = True
        self._wanted = list(dict.fromkeys(keys))
        self._failed = {key: why for key, why in self._failed.items() if key in self._wanted}
        if self.getting is not None and self.getting not in self._wanted:
            self._out.append(Leave(self.getting))
            self.getting = None
        for key in sorted(self._held.difference(self._wanted)):
            self._held.discard(key)
            self._out.append(Remove(key))
        self._report()
        self._next(now)

    def disconnected(self) -> None:
        """The master is away. What is being installed is installed."""
        self._connected = False

    def got(self, key: str, now: float) -> None:
        """It is installed."""
        if key == self.getting:
            self.getting = None
            self._held.add(key)
            self._failed.pop(key, None)
            self._report()
            self._next(now)

    def failed(self, key: str, words: str, now: float) -> None:
        """It cannot be had."""
        if key == self.getting:
            self.getting = None
            self._failed[key] = words[:_LONGEST], now + RETRY_SECONDS
            self._report()
            self._next(now)

    def tick(self, now: float) -> float | None:
        """Tries again what is due; returns when it wants to be called at the latest, None if never."""
        self._next(now)
        if self.getting is not None or not self._connected:
            return None
        return min((at for _words, at in self._failed.values()), default=None)

    def _next(self, now: float) -> None:
        if self.getting is not None or not self._connected:
            return
        for key in self._wanted:
            if key not in self._held and (key not in self._failed or now >= self._failed[key][1]):
                self.getting = key
                self._out.append(Get(key))
                return

    def _report(self) -> None:
        if self._connected:
            failed = [EnvironmentFailure(key, words) for key, (words, _at) in sorted(self._failed.items())]
            self._out.append(Report(EnvironmentsHeld(sorted(self._held), failed)))

"""How much of an executor's work is handed over at once: enough that no worker waits, little enough to be cancelled."""

from __future__ import annotations

import math
import os
from typing import Any

from asyncluster.core.rhythm import CLIENT_AHEAD

#: Calls to hand over at once, at most.
MOST = 10_000

#: Seconds after which the number of workers is asked for again.
WORKERS_SECONDS = 2.0


class Pace:
    """How many calls to hand over at once.

    Args:
        fixed: a number that the author wants; None: as the cluster's workers and the length of calls suggest.
    """

    def __init__(self, fixed: int | None) -> None:
        self._fixed = fixed
        self._workers = os.cpu_count() or 1  # until the master has said
        self._counted_at = math.inf
        self._mean = math.inf  # seconds a call

    @property
    def limit(self) -> int:
        """Tasks that may be at the master now."""
        if self._fixed is not None:
            return self._fixed
        # One more than there are workers, as ProcessPoolExecutor does, so that none waits for its next call.
        return self._workers + 1 + min(MOST, int(CLIENT_AHEAD * self._workers / self._mean))

    def ran(self, seconds: float) -> None:
        """A task took so long."""
        seconds = max(seconds, 1e-5)
        self._mean = seconds if self._mean == math.inf else 0.8 * self._mean + 0.2 * seconds

    def wants_workers(self, now: float) -> bool:
        """Whether it is time to count the workers again; says so once."""
        if self._fixed is not None or now - self._counted_at < WORKERS_SECONDS:
            return False
        self._counted_at = math.inf
        return True

    def counted(self, nodes: list[dict[str, Any]] | None, now: float) -> None:
        """The master's nodes, or None if it did not say."""
        self._counted_at = now
        if nodes is not None:
            self._workers = max(1, open_workers(nodes))


def open_workers(nodes: list[dict[str, Any]]) -> int:
    """How many workers take calls, by the master's list of nodes."""
    return sum(node["workers"] for node in nodes if node["state"] in ("run", "nice"))

"""Long computations, one for each turn of the reactor.

A storm of logins brings hundreds of frames in one turn, each good for several milliseconds of arithmetic. Done on the
spot they would hold up every timer and every other peer for seconds; queued here, all else gets its turn in between.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from asyncluster.core.net.clock import Clock


class OneByOne:
    """Runs jobs in the order they came, one a turn.

    Args:
        clock: the reactor.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: deque[Callable[[], None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing waits."""
        return not self._jobs

    def add(self, job: Callable[[], None]) -> None:
        """Runs `job` after those that wait, never in this turn."""
        self._jobs.append(job)
        if len(self._jobs) == 1:
            self._clock.callLater(0, self._run_one)

    def _run_one(self) -> None:
        try:
            self._jobs[0]()
        finally:
            self._jobs.popleft()
            if self._jobs:
                self._clock.callLater(0, self._run_one)

"""Wall-clock time for a whole run. Pure but for the clock that it is given."""

from __future__ import annotations

from collections.abc import Callable

_MARGIN = 1.2  # what was quick once may be slower the next time


class Budget:
    """Says what still fits.

    Args:
        seconds: for everything together.
        clock: monotonic seconds.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._took: dict[str, float] = {}

    @property
    def left(self) -> float:
        """Seconds."""
        return max(0.0, self._end - self._clock())

    def fits(self, task: str, guess: float = 0.0) -> bool:
        """Whether a task fits that took so long before, or else is guessed to take `guess` seconds."""
        return 0 < self.left >= self._took.get(task, guess) * _MARGIN

    def took(self, task: str, seconds: float) -> None:
        """How long a task took; its longest time counts."""
        self._took[task] = max(self._took.get(task, 0.0), seconds)

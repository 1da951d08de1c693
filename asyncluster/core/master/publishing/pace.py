"""How fast calls are finished: counted by the second and by the minute, from totals that only grow."""

from __future__ import annotations

from collections import deque
from itertools import islice

SECONDS = 300
MINUTES = 24 * 60
_RATE_OVER = 20  # seconds


class Pace:
    """Calls that were finished in each of the last seconds and minutes."""

    def __init__(self) -> None:
        self._total = 0
        self._in_minute = 0
        self._ticks = 0
        self.seconds: deque[int] = deque(maxlen=SECONDS)
        self.minutes: deque[int] = deque(maxlen=MINUTES)

    def second(self, total: int) -> None:
        """To be told once a second how many calls have been finished in all."""
        done, self._total = max(0, total - self._total), total
        self.seconds.append(done)
        self._in_minute += done
        self._ticks += 1
        if self._ticks % 60 == 0:
            self.minutes.append(self._in_minute)
            self._in_minute = 0

    @property
    def rate(self) -> float:
        """Finished calls per minute, over the last seconds."""
        recent = list(islice(reversed(self.seconds), _RATE_OVER))
        return round(60 * sum(recent) / len(recent), 1) if recent else 0.0

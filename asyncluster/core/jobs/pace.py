"""How many calls of one kind a worker slot may have ahead, from how long they took.

A worker should never wait for the master, so a node gets work ahead for each slot (`asyncluster.core.rhythm`). But no
call should wait behind a long one while another node is free, so calls of 20 ms and more get nothing ahead, and neither
do calls of which nothing is known: the depth begins at 1 and doubles at most with each report.
"""

from __future__ import annotations

from math import ceil

from asyncluster.core.rhythm import NODE_AHEAD

SLOW_SECONDS = 0.020
DEEPEST = 1024
BATCH_SECONDS = 0.001
LARGEST_BATCH = 256

_MEMORY = 16  # a report of so many calls weighs as much as all that was known before
_SHORTEST = 1e-6


def blend(mean: float | None, rows: int, seconds: float) -> float:
    """The mean that follows from an earlier one, if there is one, and `rows` rows that took `seconds` in all."""
    latest = max(seconds / rows, _SHORTEST)
    return latest if mean is None else mean + (latest - mean) * rows / (rows + _MEMORY)


class Pace:
    """Measured durations of one kind of call, and what follows from them.

    Attributes:
        mean: seconds a row takes, recent ones counting most; None: not known.
        depth: rows that one slot may have, the running one included.
        batch: rows that are worth a message of their own, as they take a slot about 1 ms.
    """

    __slots__ = ("_fixed", "batch", "depth", "mean")

    def __init__(self, fixed: int | None = None) -> None:
        self.mean: float | None = None
        self.depth = fixed or 1
        self.batch = 1
        self._fixed = fixed is not None

    @property
    def quick(self) -> bool:
        """Whether such calls may queue on a node."""
        return self.depth > 1

    def learn(self, rows: int, seconds: float) -> None:
        """Takes in that `rows` rows took `seconds` in all."""
        self.mean = blend(self.mean, rows, seconds)
        self.batch = max(1, min(LARGEST_BATCH, int(BATCH_SECONDS / self.mean)))
        if not self._fixed:
            deep = ceil(NODE_AHEAD / self.mean) if self.mean < SLOW_SECONDS else 1
            self.depth = min(deep, 2 * self.depth, DEEPEST)

"""Results that wait a moment for others, so that calls of a few milliseconds do not cost a message each.

Only results of workers that have more to do wait here: as soon as one has nothing left all of them leave, and whoever
makes one call after the other waits for nothing. They leave as well when they are many, or large, or when the first
of them has waited for `NODE_GATHERS` and something happens; the brain's next look at its workers is such a thing.
"""

from __future__ import annotations

from collections.abc import Sequence

from asyncluster.core.rhythm import NODE_GATHERS
from asyncluster.core.wire.limits import BATCH
from asyncluster.core.wire.messages import DoneRow

#: So many are worth a message.
ROWS = 32


class Gathering:
    """Rows of results by job, in the order in which they came.

    Attributes:
        size: bytes of results in it.
    """

    def __init__(self) -> None:
        self.size = 0
        self._rows: dict[int, list[DoneRow]] = {}
        self._count = 0
        self._since = 0.0

    def add(self, job: int, rows: Sequence[DoneRow], now: float) -> None:
        """Keeps results."""
        if not self._rows:
            self._since = now
        self._rows.setdefault(job, []).extend(rows)
        self._count += len(rows)
        self.size += _size(rows)

    def ripe(self, now: float) -> bool:
        """Whether they should leave, whatever the workers do."""
        if not self._rows:
            return False
        return self._count >= ROWS or now - self._since >= NODE_GATHERS

    def fits(self, rows: Sequence[DoneRow]) -> bool:
        """Whether one message could carry these as well."""
        return self.size + _size(rows) <= BATCH

    def take(self) -> list[tuple[int, list[DoneRow]]]:
        """Takes everything: rows by job."""
        taken = list(self._rows.items())
        self._rows = {}
        self._count = self.size = 0
        return taken

    def drop_job(self, job: int) -> None:
        """Forgets the results of a job that is over."""
        dropped = self._rows.pop(job, [])
        self._count -= len(dropped)
        self.size -= _size(dropped)


def _size(rows: Sequence[DoneRow]) -> int:
    return sum([len(row[4]) for row in rows])

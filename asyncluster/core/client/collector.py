"""The cyclic garbage collector while many calls are pending.

Every pending call is a few objects that the collector visits again and again, to find that they are all in use: with
its thresholds as Python sets them it takes more than half of the time in which a hundred thousand calls are submitted.
So its thresholds are raised while some client of this process has many calls pending, and put back afterwards. Nothing
is done if the program has turned the collector off or has raised the thresholds itself.
"""

from __future__ import annotations

import gc
import threading

#: Pending calls of one client from which on it counts as busy.
MANY = 1000

#: The thresholds meanwhile.
RAISED = (50_000, 50, 100)


class Collector:
    """Raises the thresholds while anybody is busy."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._busy: set[int] = set()
        self._usual: tuple[int, int, int] | None = None

    def note(self, who: object, pending: int) -> None:
        """Says how many calls `who` has pending now; with 0, `who` may be forgotten."""
        busy = pending >= MANY
        if busy == (id(who) in self._busy):
            return
        with self._lock:
            if busy:
                self._busy.add(id(who))
            else:
                self._busy.discard(id(who))
            self._apply()

    def _apply(self) -> None:
        current = gc.get_threshold()
        if self._busy and self._usual is None and gc.isenabled() and 0 < current[0] < RAISED[0]:
            self._usual = current
            gc.set_threshold(*RAISED)
        elif not self._busy and self._usual is not None:
            if current == RAISED:
                gc.set_threshold(*self._usual)
            self._usual = None


collector = Collector()

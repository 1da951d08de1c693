"""A control group for each worker: whatever a worker starts is in it, for good, and is told and ended with it.

    asyncluster-workers-1f2e.../     all of one node; killed as a whole when its steward starts
        7                            worker 7 and everything below it

A process that clears its environment, its parent and its session stays in its cell, since only root could move it. And
a cell that is frozen is not thawed by another job's worker of the same user, who could continue a stopped process.

Without control groups of the second version there are no cells; then `trees` has to do.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from asyncluster.ndm.session.group import ControlGroup

_NOWHERE = Path("/nonexistent")


class Cells:
    """The cells of one node's workers. Nothing here waits: the kernel may take its time to end a process.

    Args:
        home: where control groups may be made; None: nowhere.
        marker: names this node among those of this computer.
    """

    def __init__(self, home: Path | None, marker: str) -> None:
        self._all: ControlGroup | None = None
        self._leaving: list[ControlGroup] = []
        if home is not None:
            everybody = ControlGroup(home / f"asyncluster-workers-{hashlib.sha256(marker.encode()).hexdigest()[:16]}")
            try:
                everybody.make()
            except OSError:
                return
            self._all = everybody

    def put(self, worker: int, pid: int) -> None:
        """Puts a worker that was just started, and has started nothing yet, into a cell of its own, if it can."""
        self._sweep()
        if self._all is None:
            return
        try:
            self._all.part(str(worker)).adopt(pid)
        except OSError:  # it has died already, or the kernel makes no more groups
            self._cell(worker).try_remove()

    def kill(self, worker: int) -> bool:
        """Kills a worker with everything that it has started; False: it has no cell."""
        return self._cell(worker).tell_kill()

    def freeze(self, worker: int, on: bool) -> bool:
        """Lets a worker with everything that it has started stand still, or go on; False: it has no cell."""
        return self._cell(worker).freeze(on)

    def empty(self, worker: int) -> None:
        """The worker has ended: kills what it has left behind."""
        cell = self._cell(worker)
        if cell.tell_kill():
            self._leaving.append(cell)
            self._sweep()

    def close(self) -> None:
        """Kills everything that is left, and returns when it is gone."""
        if self._all is not None:
            self._all.kill()
            self._all.remove()

    def _cell(self, worker: int) -> ControlGroup:
        """The worker's; it need not be there."""
        return ControlGroup((self._all.path if self._all is not None else _NOWHERE) / str(worker))

    def _sweep(self) -> None:
        """Removes cells that are empty by now."""
        self._leaving = [cell for cell in self._leaving if not cell.try_remove()]

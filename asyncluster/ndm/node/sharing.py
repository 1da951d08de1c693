"""One spawner for two staffs, the node's own workers and Dask's: each numbers its workers as if it were alone."""

from __future__ import annotations

from asyncluster.ndm.node.processes import Ended, Reports, Spawner
from asyncluster.ndm.steward.spawn import Ends

_SECOND = 2**52  # the numbers of the second one's workers begin here


class SharedSpawner:
    """Splits a spawner.

    Attributes:
        first, second: the two halves; closing the first ends all workers of both.
    """

    def __init__(self, spawner: Spawner) -> None:
        self.first = _Half(spawner, 0)
        self.second = _Half(spawner, _SECOND)
        spawner.reports = self

    def ended(self, worker: int, how: Ended) -> None:
        half = self._half(worker)
        half.reports.ended(worker - half.base, how)

    def stays_nice(self, worker: int) -> None:
        half = self._half(worker)
        half.reports.stays_nice(worker - half.base)

    def _half(self, worker: int) -> _Half:
        return self.second if worker > _SECOND else self.first


class _Half:
    """A `Spawner`."""

    reports: Reports

    def __init__(self, whole: Spawner, base: int) -> None:
        self._whole = whole
        self.base = base

    def start(self, worker: int, ends: Ends, niceness: int) -> None:
        self._whole.start(self.base + worker, ends, niceness)

    def kill(self, worker: int) -> None:
        self._whole.kill(self.base + worker)

    def suspend(self, worker: int) -> None:
        self._whole.suspend(self.base + worker)

    def resume(self, worker: int) -> None:
        self._whole.resume(self.base + worker)

    def renice(self, worker: int, niceness: int) -> None:
        self._whole.renice(self.base + worker, niceness)

    def pids(self) -> list[int]:
        return self._whole.pids()

    def spare(self, pid: int, on: bool) -> None:
        self._whole.spare(pid, on)

    def close(self) -> None:
        if self.base == 0:
            self._whole.close()

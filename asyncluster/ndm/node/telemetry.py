"""How busy this computer is, and with whose work: read from /proc every two seconds, at the cost of well under 1 ms."""

from __future__ import annotations

import os
from collections.abc import Iterable

import psutil

from asyncluster.core.wire.messages import CoreUse

SECONDS = 2.0

_TICK = os.sysconf("SC_CLK_TCK")


class Meter:
    """Measures from one call to the next."""

    def __init__(self) -> None:
        self._busy = _busy()
        self._ours: dict[int, float] = {}

    def cores(self, workers: Iterable[int]) -> list[CoreUse]:
        """The use of each core since the last call.

        Args:
            workers: pids of our workers; what one computed counts on the core that it ran on last.
        """
        before, self._busy = self._busy, _busy()
        spent = dict.fromkeys(range(len(self._busy)), 0.0)
        ours: dict[int, float] = {}
        for pid in workers:
            used, core = _process(pid)
            ours[pid] = used
            spent[core] = spent.get(core, 0.0) + used - self._ours.get(pid, 0.0)
        self._ours = ours
        return [
            _use(busy - before_busy, total - before_total, spent[core])
            for core, ((before_busy, before_total), (busy, total)) in enumerate(zip(before, self._busy, strict=False))
        ]


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def memory_used() -> int:
    """Bytes of memory that cannot be had."""
    memory = psutil.virtual_memory()
    return int(memory.total - memory.available)


def _use(busy: float, total: float, ours: float) -> CoreUse:
    if total <= 0:
        return CoreUse(0.0, 0.0)
    share = min(max(ours / total, 0.0), 1.0)
    return CoreUse(round(share, 3), round(min(max(busy / total - share, 0.0), 1.0), 3))


def _busy() -> list[tuple[float, float]]:
    """For each core, seconds that it was busy and seconds in all."""
    cores = []
    for times in psutil.cpu_times(percpu=True):
        total = sum(times[:8])  # guest times, which follow, are in user and nice already
        cores.append((total - times.idle - times.iowait, total))
    return cores


def _process(pid: int) -> tuple[float, int]:
    """Seconds of processor time of a process and the children that it waited for, and the core that it is on."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0, 0
    return sum(map(int, fields[11:15])) / _TICK, int(fields[36])

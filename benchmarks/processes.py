"""What processes use, from the kernel's own accounts (Linux)."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_TICK = os.sysconf("SC_CLK_TCK")
_PRIVATE = re.compile(r"^Private_\w+:\s+(\d+) kB", re.MULTILINE)
_SHARED = re.compile(r"^Shmem:\s+(\d+) kB", re.MULTILINE)
_STILL = 64 * 1024
_SETTLING_SECONDS = 20.0


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of its children that have ended; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICK


def private_memory(pid: int | None) -> int:
    """Bytes that nobody else maps; 0 without a process, and of one that is gone."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(kib) for kib in _PRIVATE.findall(text)) * 1024


def shared_memory() -> int:
    """Bytes of shared memory on the whole machine, mapped or not."""
    return int(_SHARED.findall(Path("/proc/meminfo").read_text())[0]) * 1024


def settled(memory: Callable[[], int], pause: float = 0.3) -> int:
    """Bytes that `memory` says when it says about the same after `pause` seconds, or after 20 s of growth."""
    deadline = time.monotonic() + _SETTLING_SECONDS
    now = memory()
    while time.monotonic() < deadline:
        time.sleep(pause)
        before, now = now, memory()
        if abs(now - before) <= _STILL:
            break
    return now


def running_seconds(pid: int) -> float:
    """Processor time of the threads of a process that are alive, to the microsecond."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def descendants(pid: int) -> list[int]:
    """All processes below `pid`, itself not included."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(_parent(entry), []).append(int(entry.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def adopt_orphans() -> None:
    """From now on, what turns into a daemon below this process stays below it, and so is measured and ended."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_descendants() -> None:
    """Ends whatever a system has left behind, and waits for it."""
    while left := descendants(os.getpid()):
        for pid in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def machine_busy_seconds() -> float:
    """Processor time that all processes of the machine have used since it started."""
    user, nice, system, _idle, _wait, irq, softirq = (int(n) for n in _cpu_line().split()[1:8])
    return (user + nice + system + irq + softirq) / _TICK


class Usage:
    """Processor time of this process and everything below it, since the moment it was made."""

    def __init__(self) -> None:
        self._before = self._now()

    def seconds(self) -> float:
        """Used so far. Processes that began since then count in full."""
        return sum(used - self._before.get(pid, 0.0) for pid, used in self._now().items())

    @staticmethod
    def _now() -> dict[int, float]:
        own = os.getpid()
        return {pid: cpu_seconds(pid) for pid in (own, *descendants(own))}


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _cpu_line() -> str:
    with open("/proc/stat") as file:
        return file.readline()

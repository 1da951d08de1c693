"""What processes use, from the kernel's own accounts (Linux)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PRIVATE = re.compile(r"^Private_\w+:\s+(\d+) kB", re.MULTILINE)
_PROPORTIONAL = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and of its children that have ended; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(field) for field in fields[11:15]) / _TICK


def private_memory(pid: int | None) -> int:
    """Bytes that nobody else maps; 0 without a process."""
    return _rollup(pid, _PRIVATE) if pid else 0


def proportional_memory(pid: int) -> int:
    """Bytes of a process, those that it shares divided by the number of sharers."""
    return _rollup(pid, _PROPORTIONAL)


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


def _rollup(pid: int, pattern: re.Pattern[str]) -> int:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kib) for kib in pattern.findall(text)) * 1024


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def _cpu_line() -> str:
    with open("/proc/stat") as file:
        return file.readline()

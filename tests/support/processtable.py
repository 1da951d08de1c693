"""What the kernel says of a process. One that is dead but not yet collected by its parent lives no more."""

from __future__ import annotations

from pathlib import Path


def state(pid: int) -> str:
    """The letter of its state, such as "T"; "X" if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def lives(pid: int) -> bool:
    """Whether it is there and no zombie."""
    return state(pid) not in "XZ"

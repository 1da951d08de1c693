"""What the kernel says of a process. One that is dead but not yet collected by its parent lives no more."""

from __future__ import annotations

import os
from pathlib import Path

from asyncluster.ndm.steward.spawn import MARKER


def state(pid: int) -> str:
    """The letter of its state, such as "T"; "X" if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def lives(pid: int) -> bool:
    """Whether it is there and no zombie."""
    return state(pid) not in "XZ"


def carriers(marker: str) -> list[int]:
    """Processes of the node with this marker. The kernel shows an environment a little after its program began."""
    found = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and f"{MARKER}={marker}".encode() in Path(f"/proc/{name}/environ").read_bytes():
                found.append(int(name))
        except OSError:
            pass
    return found

"""The last line of a log, for the words of a failure."""

from __future__ import annotations

import os
import stat
from pathlib import Path

_TAIL = 2000
_LONGEST = 300


def last_words(path: Path) -> str:
    """The last line of more than one word; "" if there is none. A link or a pipe in the log's place is not read."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return ""
        file.seek(max(0, status.st_size - _TAIL))
        lines = file.read(_TAIL).decode(errors="replace").split("\n")
    said = [printable(line) for line in lines if len(line.split()) > 1]
    return said[-1][:_LONGEST] if said else ""


def printable(text: str) -> str:
    """The text without what could move a terminal's cursor or fake a line of a log."""
    return "".join(character for character in text.strip() if character.isprintable())

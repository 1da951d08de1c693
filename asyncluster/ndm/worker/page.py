"""The page of memory that a worker shares with its node daemon: what it is doing right now.

The worker writes before it does something, at the price of three stores. So when it dies, or does not come back, the
node daemon knows exactly of what, without a word from the worker. The node daemon made the page and sealed its size;
it believes nothing in it that does not fit to what it gave the worker.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from dataclasses import dataclass

SIZE = 32
_CALL, _ATTEMPT, _SINCE, _ENTRY = range(4)
_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW


@dataclass(frozen=True)
class Glance:
    """What a page says.

    Attributes:
        call, attempt: the row begun last; call 0: none yet.
        since: when it was begun, in seconds of the monotonic clock, which all processes of a machine share; None: it
            is finished, though its result may not have left yet.
        entry: index of the log entry that is being run; None: none.
    """

    call: int
    attempt: int
    since: float | None
    entry: int | None


class Page:
    """One end's mapping of the page behind descriptor `fd`, which stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._words = memoryview(mmap.mmap(fd, SIZE)).cast("Q")

    def begin(self, call: int, attempt: int, now_ns: int) -> None:
        """Says which row is begun; the call comes last, so that it never stands with another's attempt."""
        words = self._words
        words[_SINCE] = now_ns
        words[_ATTEMPT] = attempt
        words[_CALL] = call

    def finish(self) -> None:
        """Says that the row begun last is done, and its result pickled."""
        self._words[_SINCE] = 0

    def enter(self, entry: int | None) -> None:
        """Says which log entry is begun; None: it is done."""
        self._words[_ENTRY] = 0 if entry is None else entry + 1

    def glance(self) -> Glance:
        """Reads the page."""
        call, attempt, since, entry = self._words
        return Glance(call, attempt, since / 1e9 if since else None, entry - 1 if entry else None)


def create() -> int:
    """A descriptor of a new page; its size is sealed, since a page cut short would kill whoever reads it."""
    fd = os.memfd_create("asyncluster-page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, SIZE)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd

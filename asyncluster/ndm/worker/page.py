"""The pages of memory that a worker shares with its node daemon: what it is doing right now, and what it has done.

    call, attempt, since, entry | size, results that have not been sent yet

The worker writes before it does something, at the price of three stores. So when it dies, or does not come back, the
node daemon knows exactly of what, without a word from the worker. Results that wait for others, so as to share a
message with them, are here as well: they outlive the worker, and need not wait for the end of its next call. The node
daemon made the pages and sealed their size; it believes nothing in them that does not fit to what it gave the worker.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from dataclasses import dataclass

SIZE = 16 * 1024
_CALL, _ATTEMPT, _SINCE, _ENTRY, _KEPT = range(5)
_WORDS = 5
_HEAD = 8 * _WORDS
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
    """One end's mapping of the pages behind descriptor `fd`, which stays the caller's."""

    def __init__(self, fd: int) -> None:
        memory = memoryview(mmap.mmap(fd, SIZE))
        self._words = memory[:_HEAD].cast("Q")
        self._room = memory[_HEAD:]

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

    def keep(self, results: bytes) -> bool:
        """Keeps these results in the place of earlier ones; False if they are too large, and the earlier ones stay."""
        size = len(results)
        if size > len(self._room):
            return False
        self._words[_KEPT] = 0
        self._room[:size] = results
        self._words[_KEPT] = size
        return True

    def sent(self) -> None:
        """Says that the results that were kept have been sent."""
        self._words[_KEPT] = 0

    def kept(self) -> bytes:
        """The results that are kept; none if the worker is changing them."""
        before = bytes(self._words)
        size = self._words[_KEPT]
        if not 0 < size <= len(self._room):
            return b""
        results = bytes(self._room[:size])
        # They cannot be others of the same size but after another row, and that changes the words as well.
        return results if bytes(self._words) == before else b""

    def glance(self) -> Glance:
        """Reads what the worker does."""
        call, attempt, since, entry, _kept = self._words
        return Glance(call, attempt, since / 1e9 if since else None, entry - 1 if entry else None)


def create() -> int:
    """A descriptor of a new page; its size is sealed, since a page cut short would kill whoever reads it."""
    fd = os.memfd_create("asyncluster-page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, SIZE)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _SEALS)
    return fd

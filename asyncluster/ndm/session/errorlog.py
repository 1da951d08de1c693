"""Keeps `~/.xsession-errors` small: over `LIMIT` it is emptied, and its end is kept in `.xsession-errors.old`.

Programs write to the file themselves, and the distribution's session script opens it anew, so nothing stands between.
A child of the keeper looks after it now and then, as the person: a link in the file's place leads nowhere that the
person could not go, and a home that hangs holds up that child and nobody else.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from asyncluster.ndm.session.group import Processes
from asyncluster.ndm.session.launch import ERROR_LOG, Who, drop, open_log

#: Largest size of the file when somebody looks, and of what is kept, in bytes.
LIMIT, KEPT = 4 * 1024 * 1024, 1024 * 1024
_EVERY = 5.0  # seconds


class ErrorLog:
    """The log of one session.

    Args:
        who: the person.
        processes: of the session.
    """

    def __init__(self, who: Who, processes: Processes) -> None:
        self._who = who
        self._processes = processes
        self._pid = 0
        self._due = 0.0

    def tend(self, ended: Mapping[int, int], now: float) -> None:
        """Looks after it if that is due and the last look is over.

        Args:
            ended: children of this process that have ended since the last call.
        """
        if self._pid in ended:
            self._pid = 0
        if not self._pid and now >= self._due:
            self._due = now + _EVERY
            self._pid = os.fork()
            if self._pid == 0:
                self._look()

    def wake_at(self) -> float:
        """When to tend it again if nothing happens."""
        return self._due

    def _look(self) -> None:
        try:
            self._processes.join()
            drop(self._who)
            trim(Path(self._who.home) / ERROR_LOG)
        finally:
            os._exit(0)


def trim(log: Path, limit: int = LIMIT, kept: int = KEPT) -> None:
    """Empties a log that is over its limit and keeps its end beside it.

    Raises:
        OSError: there is none, or it is not a file.
    """
    fd = os.open(log, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(fd, "rb+") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size <= limit:
            return
        file.seek(status.st_size - kept)
        end = file.read(kept)
        os.ftruncate(fd, 0)  # first: what is kept is of less use than the room
    with os.fdopen(open_log(log.with_name(f"{log.name}.old")), "wb") as old:
        old.write(end)

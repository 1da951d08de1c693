"""Waiting in a keeper: for messages, for the ends of children, for a signal to stop, and no longer than asked."""

from __future__ import annotations

import ctypes
import os
import select
import signal
from collections.abc import Sequence
from typing import Protocol, TypeVar

_PR_SET_CHILD_SUBREAPER = 36
#: A wait is cut into pieces: after the machine was suspended, no clock of `poll` has moved, but ours has.
_LONGEST = 1.0
_libc = ctypes.CDLL(None)


class Readable(Protocol):
    """Something with a descriptor."""

    def fileno(self) -> int:
        """Its descriptor."""


R = TypeVar("R", bound=Readable)


class Watch:
    """One for a process, which has one thread. Orphans of its children become its children.

    Attributes:
        told_to_stop: SIGTERM or SIGINT has come.
    """

    def __init__(self) -> None:
        self.told_to_stop = False
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    def wait(self, readable: Sequence[R], seconds: float | None) -> list[R]:
        """Returns those that can be read; an empty list after a signal, or when the time is over."""
        poll = select.poll()
        by_fd = {item.fileno(): item for item in readable}
        for fd in (self._woken, *by_fd):
            poll.register(fd, select.POLLIN)
        limit = _LONGEST if seconds is None else min(max(seconds, 0.0), _LONGEST)
        ready = [fd for fd, _ in poll.poll(int(limit * 1000) + 1)]
        if self._woken in ready:
            try:
                os.read(self._woken, 4096)
            except BlockingIOError:
                pass
        return [by_fd[fd] for fd in ready if fd in by_fd]

    def ended(self) -> dict[int, int]:
        """Children that have ended since the last time, with their exit codes (negative: a signal)."""
        found: dict[int, int] = {}
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return found
            if pid == 0:
                return found
            found[pid] = os.waitstatus_to_exitcode(status)

    def _stop(self, _number: int, _frame: object) -> None:
        self.told_to_stop = True

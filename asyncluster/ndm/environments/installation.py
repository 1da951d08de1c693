"""The process that installs an environment, as the node daemon has it: started, waited for, given up after a while."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from asyncluster.ndm.environments import program

PATIENCE = 1800.0  # seconds
_WORDS = 4096  # bytes of what it says
_KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH")


@implementer(IReadDescriptor)
class Installation:
    """One such process.

    Args:
        reactor: Twisted's.
        directory: of all environments; the process works there, since there may be no path to it.
        folder, target: relative to that.
        ended: hears "" when it is done, else why it is not, as a sentence.

    Attributes:
        pid: of the process.

    Raises:
        OSError: there is no process or no descriptor left.
    """

    def __init__(self, reactor: Any, directory: Path, folder: Path, target: Path, ended: Callable[[str], None]) -> None:
        self._reactor = reactor
        self._ended = ended
        self._watching = False
        self._process = subprocess.Popen(
            program(folder, target),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            cwd=directory,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            start_new_session=True,
        )
        self.pid = self._process.pid
        try:
            self._pidfd = os.pidfd_open(self.pid)
        except OSError:
            self._end()
            raise
        reactor.addReader(self)
        self._watching = True
        self._late = reactor.callLater(PATIENCE, self._process.kill)

    def close(self) -> None:
        """Ends it if need be; nothing is told any more."""
        if self._watching:
            self._stop_watching()
            self._end()

    def fileno(self) -> int:
        return self._pidfd

    def logPrefix(self) -> str:
        return "installation"

    def doRead(self) -> None:
        self._stop_watching()
        assert self._process.stdout is not None
        words = os.read(self._process.stdout.fileno(), _WORDS).decode(errors="replace").strip()
        status = self._process.wait()
        self._process.stdout.close()
        if status == -signal.SIGKILL:
            words = "Installing it took too long or too much memory, and was ended."
        self._ended("" if status == 0 else words or f"The installation ended with status {status}.")

    def connectionLost(self, reason: object) -> None:
        """The reactor stops; `close` does the rest."""

    def _stop_watching(self) -> None:
        self._watching = False
        if self._late.active():
            self._late.cancel()
        self._reactor.removeReader(self)
        os.close(self._pidfd)

    def _end(self) -> None:
        self._process.kill()
        self._process.communicate()

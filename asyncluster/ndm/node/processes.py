"""Worker processes from outside: started, stopped, killed with everything below them, and waited for.

A spawner hides who does it: this process itself (`DirectSpawner`), or the steward on its behalf, as another user
(`stewardclient`). What a worker says and does is not its business.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from twisted.internet.interfaces import IReadDescriptor
from twisted.logger import Logger
from zope.interface import implementer

from asyncluster.core.background import in_background
from asyncluster.ndm.steward import spawn, trees
from asyncluster.ndm.steward.spawn import Ends
from asyncluster.ndm.worker.confine import Confinement, become_subreaper

_log = Logger()


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        signal: that ended it, or None.
        status: exit status, or None; both None: it could not be started.
        peak_memory: most bytes that it had resident.
        trouble: why it could not be started.
    """

    signal: int | None = None
    status: int | None = None
    peak_memory: int = 0
    trouble: str = ""

    @classmethod
    def of(cls, status: int, peak_kib: int) -> Ended:
        """From a wait status and the kernel's `ru_maxrss`."""
        code = os.waitstatus_to_exitcode(status)
        return cls(-code if code < 0 else None, code if code >= 0 else None, peak_kib * 1024)


class Reports(Protocol):
    """Who hears of worker processes."""

    def ended(self, worker: int, how: Ended) -> None:
        """A worker is gone, and so is everything below it."""

    def stays_nice(self, worker: int) -> None:
        """A worker's niceness could not be lowered."""


class Spawner(Protocol):
    """Starts and ends workers, which it knows by the numbers that it is given. Unknown numbers are ignored."""

    reports: Reports

    def start(self, worker: int, ends: Ends, niceness: int) -> None:
        """Starts a worker; the ends are taken over. Whatever happens is told later, by `Reports.ended`."""

    def kill(self, worker: int) -> None:
        """Ends a worker and everything below it."""

    def suspend(self, worker: int) -> None:
        """Stops a worker and everything below it."""

    def resume(self, worker: int) -> None:
        """Lets it run on."""

    def renice(self, worker: int, niceness: int) -> None:
        """Changes the niceness of a worker and everything below it."""

    def pids(self) -> list[int]:
        """The workers' processes."""

    def spare(self, pid: int, on: bool) -> None:
        """A process is a child of this one and no worker's orphan; or it is not any more."""

    def close(self) -> None:
        """Ends all workers and leaves nothing; returns when it is done. Nothing is reported any more."""


class DirectSpawner:
    """Workers as the user who runs this process.

    Args:
        reactor: Twisted's.
        directory: for the workers' private directories; it is emptied first, and removed at the end.
        marker: known to nobody else; workers of an earlier life of this node that have it are killed.
        memory: bytes of private memory for each worker; None: no limit.
    """

    reports: Reports

    def __init__(self, reactor: Any, directory: Path, marker: str, memory: int | None) -> None:
        self._reactor = reactor
        self._directory = directory
        self._marker = marker
        self._memory = memory
        self._children: dict[int, _Child] = {}
        self._others = set(trees.children().get(os.getpid(), ()))
        become_subreaper()
        killed = trees.kill_marked(f"{spawn.MARKER}={marker}".encode())
        if killed:
            _log.warn("{killed} processes of an earlier node daemon were still there; they are ended.", killed=killed)
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700, parents=True)

    def start(self, worker: int, ends: Ends, niceness: int) -> None:
        directory = str(self._directory / str(worker))
        try:
            spawn.prepare(directory)
            process = spawn.start(ends, Confinement(os.getpid(), niceness, self._memory), directory, self._marker)
            self._children[worker] = _Child(self._reactor, process, lambda ended: self._ended(worker, ended))
        except OSError as error:
            ended = Ended(trouble=str(error))
            self._reactor.callLater(0, lambda: self.reports.ended(worker, ended))
            return
        finally:
            ends.close()

    def kill(self, worker: int) -> None:
        if worker in self._children:
            trees.kill_tree(self._children[worker].pid)

    def suspend(self, worker: int) -> None:
        if worker in self._children:
            trees.stop_tree(self._children[worker].pid)

    def resume(self, worker: int) -> None:
        if worker in self._children:
            trees.continue_tree(self._children[worker].pid)

    def renice(self, worker: int, niceness: int) -> None:
        if worker in self._children and not trees.renice_tree(self._children[worker].pid, niceness):
            self._reactor.callLater(0, self.reports.stays_nice, worker)

    def pids(self) -> list[int]:
        return [child.pid for child in self._children.values()]

    def spare(self, pid: int, on: bool) -> None:
        (self._others.add if on else self._others.discard)(pid)

    def close(self) -> None:
        for child in self._children.values():
            child.stop_watching()
            trees.kill_tree(child.pid)
        for child in self._children.values():
            child.wait()
        self._children.clear()
        self._bury_orphans()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _ended(self, worker: int, ended: Ended) -> None:
        del self._children[worker]
        self._bury_orphans()
        in_background(spawn.remove, str(self._directory / str(worker)))  # it may have left a million files behind
        self.reports.ended(worker, ended)

    def _bury_orphans(self) -> None:
        """What a dead worker leaves behind becomes this process' child: it is killed, and waited for."""
        while orphans := trees.kill_orphans({*self._others, *self.pids()}):
            for pid in orphans:
                try:
                    os.waitpid(pid, 0)
                except ChildProcessError:
                    pass


@implementer(IReadDescriptor)
class _Child:
    """One process, watched by a pidfd, which becomes readable when it ends.

    Raises:
        OSError: there is no descriptor left for that; the process is ended.
    """

    def __init__(self, reactor: Any, process: subprocess.Popen[bytes], ended: Callable[[Ended], None]) -> None:
        self.pid = process.pid
        self._reactor = reactor
        self._process = process
        self._ended = ended
        try:
            self._pidfd = os.pidfd_open(process.pid)
        except OSError:
            process.kill()
            process.wait()
            raise
        reactor.addReader(self)

    def wait(self) -> Ended:
        """Waits until it is gone."""
        _pid, status, usage = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait for it once more
        return Ended.of(status, usage.ru_maxrss)

    def stop_watching(self) -> None:
        self._reactor.removeReader(self)
        os.close(self._pidfd)

    def fileno(self) -> int:
        return self._pidfd

    def logPrefix(self) -> str:
        return "process"

    def doRead(self) -> None:
        self.stop_watching()
        self._ended(self.wait())

    def connectionLost(self, reason: object) -> None:
        """The reactor stops; `DirectSpawner.close` does the rest."""

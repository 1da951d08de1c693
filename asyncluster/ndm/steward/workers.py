"""The steward's half of spawning workers: starts them as the worker user, and ends them with all that they started.

    node   {"verb": "start", "worker": 7, "niceness": 10} + socket, page, out, err
           {"verb": "kill" | "suspend" | "resume", "worker": 7}     {"verb": "renice", "worker": 7, "niceness": 19}
           {"verb": "end workers"}
    steward  {"tell": "started", "worker": 7, "pid": 812}
             {"tell": "ended", "worker": 7, "status": 9, "peak": 31024, "trouble": ""}
             {"tell": "workers ended"}

`status` is that of wait(2), None if the worker could not be started; `peak` is in KiB. Who they run as and how much
memory they get is the configuration's business, not the node daemon's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from resource import struct_rusage
from selectors import BaseSelector

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.session.channel import Fields, close_all
from asyncluster.ndm.steward import spawn, trees
from asyncluster.ndm.steward.arguments import whole
from asyncluster.ndm.steward.cells import Cells
from asyncluster.ndm.steward.parts import Tell, Verb
from asyncluster.ndm.steward.spawn import Ends, User
from asyncluster.ndm.worker.confine import Confinement

_MOST_WORKERS = 2048
_HIGHEST = 2**53


@dataclass(frozen=True)
class WorkerPolicy:
    """What the configuration says about workers.

    Attributes:
        user: whom they run as.
        memory: bytes of private memory for each.
        directory: for their private directories; all users can pass through it.
        marker: in their environment, known to nobody else.
        processes: how many processes and threads all of them together may have, if nothing else runs as their user.
        home: where control groups may be made; None: nowhere.
    """

    user: User
    memory: int
    directory: Path
    marker: str
    processes: int
    home: Path | None = None


class Workers:
    """A `Part` of the steward."""

    tell: Tell
    selector: BaseSelector

    def __init__(self, policy: WorkerPolicy) -> None:
        self._policy = policy
        self._cells = Cells(policy.home, policy.marker)
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.verbs: Mapping[str, Verb] = {
            "start": self._start,
            "kill": self._kill,
            "suspend": self._suspend,
            "resume": self._resume,
            "renice": self._renice,
            "end workers": self._end_workers,
        }
        self._sweep()

    # --- From the node daemon -----------------------------------------------------------------------------

    def _start(self, fields: Fields, fds: list[int]) -> None:
        try:
            worker = whole(fields, "worker", 1, _HIGHEST)
            niceness = whole(fields, "niceness", 0, 19)
            if len(fds) != 4 or worker in self._processes or len(self._processes) >= _MOST_WORKERS:
                raise ProtocolError("The node daemon wants a worker that cannot be.")
            self._spawn(worker, niceness, Ends(*fds))
        finally:
            close_all(fds)

    def _spawn(self, worker: int, niceness: int, ends: Ends) -> None:
        policy = self._policy
        limits = Confinement(os.getpid(), niceness, policy.memory, policy.processes if policy.user.dedicated else None)
        directory = self._directory(worker)
        try:
            spawn.prepare(directory, policy.user)
            process = spawn.start(ends, limits, directory, policy.marker, policy.user)
            self._cells.put(worker, process.pid)
        except OSError as error:
            spawn.remove(directory)
            self.tell({"tell": "ended", "worker": worker, "status": None, "peak": 0, "trouble": str(error)}, ())
            return
        self._processes[worker] = process
        self.tell({"tell": "started", "worker": worker, "pid": process.pid}, ())

    def _kill(self, fields: Fields, fds: list[int]) -> None:
        if (process := self._named(fields, fds)) and not self._cells.kill(fields["worker"]):
            trees.kill_tree(process.pid)

    def _suspend(self, fields: Fields, fds: list[int]) -> None:
        if (process := self._named(fields, fds)) and not self._cells.freeze(fields["worker"], True):
            trees.stop_tree(process.pid)

    def _resume(self, fields: Fields, fds: list[int]) -> None:
        if (process := self._named(fields, fds)) and not self._cells.freeze(fields["worker"], False):
            trees.continue_tree(process.pid)

    def _renice(self, fields: Fields, fds: list[int]) -> None:
        niceness = whole(fields, "niceness", 0, 19)
        if process := self._named(fields, fds):
            trees.renice_tree(process.pid, niceness)

    def _end_workers(self, _fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        self._end_all()
        self.tell({"tell": "workers ended"}, ())

    def _named(self, fields: Fields, fds: list[int]) -> subprocess.Popen[bytes] | None:
        """The worker that a message is about; None if it has ended meanwhile."""
        close_all(fds)
        return self._processes.get(whole(fields, "worker", 1, _HIGHEST))

    # --- From the steward ---------------------------------------------------------------------------------

    def pids(self) -> Iterable[int]:
        return [process.pid for process in self._processes.values()]

    def child_ended(self, pid: int, status: int, usage: struct_rusage) -> bool:
        worker = next((worker for worker, process in self._processes.items() if process.pid == pid), None)
        if worker is None:
            return False
        process = self._processes.pop(worker)
        process.returncode = os.waitstatus_to_exitcode(status)  # else Popen would wait for it once more
        self._cells.empty(worker)
        spawn.remove(self._directory(worker))
        self.tell({"tell": "ended", "worker": worker, "status": status, "peak": usage.ru_maxrss, "trouble": ""}, ())
        return True

    def node_lost(self) -> None:
        self._end_all()

    def tick(self, _now: float) -> float | None:
        return None

    def stop(self, _wait: Callable[[float], None]) -> None:
        """Workers go on: their calls will run elsewhere, and nobody needs to hear more."""

    def close(self) -> None:
        self._end_all()
        self._cells.close()
        shutil.rmtree(self._policy.directory, ignore_errors=True)

    # --- Within -------------------------------------------------------------------------------------------

    def _end_all(self) -> None:
        processes, self._processes = self._processes, {}
        for worker in processes:
            self._cells.kill(worker)
        below = [pid for process in processes.values() for pid in trees.kill_tree(process.pid)]
        for worker, process in processes.items():
            process.wait()
            self._cells.empty(worker)
            spawn.remove(self._directory(worker))
        trees.wait_until_gone(below)
        self._sweep()

    def _sweep(self) -> None:
        """Ends what an earlier life of this node, or a worker that hid well, has left behind."""
        trees.kill_marked(f"{spawn.MARKER}={self._policy.marker}".encode())
        if self._policy.user.dedicated:
            trees.kill_of_user(self._policy.user.uid)

    def _directory(self, worker: int) -> str:
        return str(self._policy.directory / str(worker))

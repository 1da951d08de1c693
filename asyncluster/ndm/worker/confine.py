"""What a worker process does to itself before it touches anything of a job's author.

It already has its own session, user, environment and directory from who spawned it (`asyncluster.ndm.steward.spawn`).
What can only be done from within, or is lost in `exec`, is done here:

- it dies with its parent, and inherits the orphans of its own children, so that they can be found under it;
- it can never gain rights, and dumps no core;
- it may use so much memory, so many files and, with a user of its own, so many processes;
- it is the first to go when memory runs out, and the last to get the processor.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
from dataclasses import asdict, dataclass

from asyncluster.ndm.worker.niceness import set_niceness

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_NO_NEW_PRIVS = 38
_OOM_SCORE = b"800"


@dataclass(frozen=True)
class Confinement:
    """Limits of one worker process.

    Attributes:
        parent: pid of the process that must be the parent.
        niceness: absolute, 0 to 19.
        memory: bytes of private memory; None: no limit. Shared mappings do not count.
        processes: how many processes the worker's user may have; None where that user has others.
        files: open files.
    """

    parent: int
    niceness: int
    memory: int | None
    processes: int | None = None
    files: int = 1024


@dataclass(frozen=True)
class Orders:
    """What a worker process is started with: inherited descriptors of its socket and its page, and its limits."""

    socket: int
    page: int
    limits: Confinement

    def line(self) -> str:
        """The orders as an argument of the command line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Orders:
        """The orders in such an argument."""
        orders = json.loads(line)
        return cls(orders["socket"], orders["page"], Confinement(**orders["limits"]))


def confine(limits: Confinement) -> None:
    """Applies the limits to this process.

    Raises:
        SystemExit: the parent died before it was bound to this process' life.
        OSError: the kernel refused; the worker must not go on.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != limits.parent:
        raise SystemExit("The process that started this worker is gone.")
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    os.umask(0o077)
    set_niceness(os.getpid(), max(limits.niceness, os.getpriority(os.PRIO_PROCESS, 0)))
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, limits.files)
    if limits.memory is not None:
        # Not RLIMIT_AS: address space that is only reserved, as numerical libraries do by the gigabyte, costs nobody.
        _limit(resource.RLIMIT_DATA, limits.memory)
    if limits.processes is not None:
        _limit(resource.RLIMIT_NPROC, limits.processes)
    with open("/proc/self/oom_score_adj", "wb") as file:
        file.write(_OOM_SCORE)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def become_subreaper() -> None:
    """For whoever starts workers: orphans of dead workers become its children, where it can find them."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)

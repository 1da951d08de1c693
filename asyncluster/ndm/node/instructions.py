"""What the brain of a node daemon wants done, and what it is told about the ends of workers.

A worker is named by a number that the brain counts up; it is never used again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from asyncluster.core.wire.messages import Message


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start a worker process; messages may follow at once. It reports `worker_ready` or `worker_exited`."""

    worker: int


@dataclass(frozen=True, slots=True)
class ToWorker:
    """Send this; blobs that it names and the worker lacks go first."""

    worker: int
    message: Message


@dataclass(frozen=True, slots=True)
class Kill:
    """End a worker and everything below it; `worker_exited` follows."""

    worker: int


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stop a worker and everything below it, until it is continued or killed."""

    worker: int


@dataclass(frozen=True, slots=True)
class Continue:
    """Let it run again."""

    worker: int


@dataclass(frozen=True, slots=True)
class SetNiceness:
    """Change the niceness of a worker and everything below it; `worker_stays_nice` follows if that is not allowed."""

    worker: int
    niceness: int


@dataclass(frozen=True, slots=True)
class ToMaster:
    """Send this; blobs that it names go first."""

    message: Message


@dataclass(frozen=True, slots=True)
class ForgetBlob:
    """A result of a call has arrived at the master: its blob is not needed here any more."""

    job: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class ForgetJob:
    """Nothing of this job is needed here any more."""

    job: int


Instruction: TypeAlias = (
    Spawn | ToWorker | Kill | Suspend | Continue | SetNiceness | ToMaster | ForgetBlob | ForgetJob
)  # fmt: skip


@dataclass(frozen=True)
class Exit:
    """How a worker process ended.

    Attributes:
        signal: that ended it, or None.
        status: exit status, or None; both None: it could not even be started.
        stderr: the last that it wrote to its standard error.
        peak_memory: most bytes that it had resident.
    """

    signal: int | None = None
    status: int | None = None
    stderr: str = ""
    peak_memory: int = 0

"""The worker processes of a node, as the brain sees them.

A process belongs to the first job it gets and to no other. At any time as many processes as there are slots may have
work; others stay for their job's next call, since a process that has the job's log behind it starts a call at once.
The one idle for longest goes when there are too many. One process without a job is kept ready, so that a new job's
first call does not wait for an interpreter to start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from asyncluster.core.wire.messages import CallRef
from asyncluster.ndm.node.jobs import Held


@dataclass(slots=True, eq=False)
class Worker:
    """One process.

    Attributes:
        job: whose it is; None: it is the spare one.
        ready: it has said that it has come up.
        entries: how many entries of its job's log it has.
        calls: what it has been given and not reported, in order.
        since: when it last got or finished something.
        suspended: since when it is stopped; None: it is not.
        paused: seconds for which it was stopped since it got the first of its calls.
        haunted: it was told to skip calls, and may run one of them all the same.
        worn: it is not to get work again.
        dying: it has been killed, and its end not been seen yet.
    """

    number: int
    job: int | None = None
    ready: bool = False
    entries: int = 0
    calls: dict[CallRef, Held] = field(default_factory=dict)
    since: float = 0.0
    suspended: float | None = None
    paused: float = 0.0
    haunted: bool = False
    worn: bool = False
    dying: bool = False


class Pool:
    """The workers of a node with `slots` slots."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._workers: dict[int, Worker] = {}
        self._count = 0

    def __iter__(self) -> Iterator[Worker]:
        """All that are not about to end."""
        return iter([worker for worker in self._workers.values() if not worker.dying])

    def get(self, number: int | None) -> Worker | None:
        """A worker that exists, be it about to end."""
        return self._workers.get(number) if number is not None else None

    def add(self, now: float) -> Worker:
        """A worker that is about to be started."""
        self._count += 1
        worker = self._workers[self._count] = Worker(self._count, since=now)
        return worker

    def remove(self, worker: Worker) -> None:
        """Its process is gone."""
        del self._workers[worker.number]

    def of_job(self, job: int) -> list[Worker]:
        """The workers of a job."""
        return [worker for worker in self if worker.job == job]

    def free_slots(self) -> int:
        """How many more processes may have work; one that is about to end still uses its slot."""
        return self.slots - sum(1 for worker in self._workers.values() if worker.calls or (worker.dying and worker.job))

    def idle(self, job: int | None) -> Worker | None:
        """A worker of this job without work, the one that worked last; with None: the spare."""
        best = None
        for worker in self._workers.values():
            if worker.job != job or worker.calls or worker.worn or worker.dying or worker.suspended is not None:
                continue
            if best is None or worker.since > best.since:
                best = worker
        return best

    def surplus(self) -> list[Worker]:
        """Idle workers that have to go: worn ones, and those idle for longest beyond two a slot."""
        idle = [worker for worker in self._workers.values() if not (worker.calls or worker.dying)]
        worn = [worker for worker in idle if worker.worn]
        rest = [worker for worker in idle if worker.job and not worker.worn]
        extra = len(rest) - 2 * self.slots
        return worn + sorted(rest, key=lambda worker: worker.since)[:extra] if extra > 0 else worn

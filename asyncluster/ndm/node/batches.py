"""How many of a job's waiting calls a worker gets at once.

Enough that it never waits for the next one (`asyncluster.core.rhythm`); it gets more when less than half is left. But
calls that are slow, that nobody has timed yet or that must be alone go one by one, and no worker gets more than its
part of all calls of the job that are here.
"""

from __future__ import annotations

from asyncluster.core.rhythm import WORKER_AHEAD
from asyncluster.core.wire.limits import BATCH
from asyncluster.ndm.node.jobs import Held, Job
from asyncluster.ndm.node.pool import Worker

_MOST = 1024


def take(job: Job, worker: Worker, slots: int) -> list[Held]:
    """Takes the next calls for a worker from the job's queue; [] if it has enough, or nothing waits."""
    ahead = 0.0
    for given in worker.calls.values():
        ahead += _expected(job, given)
        if ahead > WORKER_AHEAD / 2:
            return []
    batch: list[Held] = []
    size = 0
    most = min(_MOST, -(-len(job.calls) // slots) - len(worker.calls))
    while (held := job.head()) is not None:
        ahead += _expected(job, held)
        size += len(held.row[3])
        first = not batch and not worker.calls
        if not first and (ahead > WORKER_AHEAD or size > BATCH or len(batch) >= most):
            break
        batch.append(job.pop())
    return batch


def _expected(job: Job, held: Held) -> float:
    """Seconds that a call takes; for one that must be alone, more than fits beside any other."""
    kind = job.kind(held)
    return 2 * WORKER_AHEAD if kind.alone or kind.mean is None else kind.mean

"""What takes long: timeouts, calls that others wait behind, workers that do what they were told to skip."""

from __future__ import annotations

from asyncluster.ndm.node import failures
from asyncluster.ndm.node.bench import Bench
from asyncluster.ndm.node.jobs import Held, Job
from asyncluster.ndm.node.pool import Worker

#: A row that has run so long, in seconds, is not a quick one.
LONG = 0.050


def watch(bench: Bench, worker: Worker) -> float | None:
    """Looks at what a worker does; returns when to look again, or None if it may take its time."""
    job = bench.jobs.get(worker.job) if worker.job is not None else None
    if job is None or worker.suspended is not None or not (worker.calls or worker.haunted):
        return None
    glance = bench.look(worker.number)
    held = worker.calls.get((glance.call, glance.attempt))
    if glance.since is None or (held is None and not worker.haunted):
        worker.haunted = worker.haunted and bool(worker.calls)
        return bench.now + LONG if worker.calls else None
    ran = bench.now - glance.since - worker.paused
    if held is None:
        return _exorcise(bench, worker, ran)
    if len(worker.calls) > 1:
        if ran < LONG:
            return bench.now + LONG - ran
        _leave_alone(bench, job, worker, held)
    timeout = job.kind(held).entry.timeout
    if timeout is None:
        return None
    if ran < timeout:
        return bench.now + timeout - ran
    del worker.calls[held.ref]
    bench.break_off(job, held, failures.timed_out(timeout))
    bench.kill(worker)
    return None


def _exorcise(bench: Bench, worker: Worker, ran: float) -> float | None:
    """A worker runs a call that it was told to skip: quick ones may end, others are ended."""
    if ran < LONG:
        return bench.now + LONG - ran
    bench.kill(worker)
    return None


def _leave_alone(bench: Bench, job: Job, worker: Worker, held: Held) -> None:
    """Takes everything from a worker but the call that it runs."""
    del worker.calls[held.ref]
    others = bench.take_all(job, worker)
    worker.calls[held.ref] = held
    bench.skip(worker, others)
    job.kind(held).learn(LONG)
    job.wait_first(others)

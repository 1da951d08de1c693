"""People first: what becomes of workers while somebody uses this computer.

run       nothing
nice      they run with the lowest priority
suspend   they are stopped; all calls but those in the middle of running go back to the master; after ten minutes
          these go back as well, and the memory is free again
stop      they are ended, and all calls go back
"""

from __future__ import annotations

from asyncluster.ndm.node.bench import Bench
from asyncluster.ndm.node.instructions import Continue, SetNiceness, Suspend
from asyncluster.ndm.node.pool import Worker

#: How long a suspended worker keeps its memory and its call, in seconds.
SUSPENDED = 600.0


class Presence:
    """Adapts the workers to the number of people."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._evict_at: float | None = None

    def changed(self, people: int) -> None:
        """So many people use this computer now."""
        bench = self._bench
        before = bench.state
        bench.people = people
        if bench.state == before:
            return
        self._evict_at = bench.now + SUSPENDED if bench.state == "suspend" else None
        for worker in bench.pool:
            if before == "suspend":
                self._continue(worker)
            if "nice" in (before, bench.state):
                bench.out.append(SetNiceness(worker.number, bench.niceness))
            if bench.state == "suspend":
                self._suspend(worker)
            elif bench.state == "stop":
                bench.kill(worker)

    def tick(self) -> float | None:
        """Ends workers that have been suspended for too long; returns when that will be."""
        if self._evict_at is not None and self._bench.now >= self._evict_at:
            self._evict_at = None
            for worker in self._bench.pool:
                self._bench.kill(worker)
        return self._evict_at

    def _continue(self, worker: Worker) -> None:
        if worker.suspended is not None:
            worker.paused += self._bench.now - worker.suspended
            worker.suspended = None
            self._bench.out.append(Continue(worker.number))

    def _suspend(self, worker: Worker) -> None:
        bench = self._bench
        worker.suspended = bench.now
        bench.out.append(Suspend(worker.number))
        job = bench.jobs.get(worker.job) if worker.job is not None else None
        if job is None:
            return
        glance = bench.look(worker.number)
        calls = bench.take_all(job, worker)
        running = (glance.call, glance.attempt) if glance.since is not None else None
        # A call that may run only once stays: it may begin in the moment before the worker stops.
        kept = [held for held in calls if held.ref == running or job.kind(held).entry.retries == 0]
        worker.calls = {held.ref: held for held in kept}
        returned = [held for held in calls if held not in kept]
        if returned:
            bench.skip(worker, returned)
            bench.return_calls(job.key, returned)

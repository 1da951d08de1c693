"""Who gets to work: waiting calls of the job that is behind most go to a worker of that job.

How far behind a job is: the computing time that it has got, divided by its weight, running calls included.
"""

from __future__ import annotations

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import batches
from asyncluster.ndm.node.bench import Bench
from asyncluster.ndm.node.instructions import ToWorker
from asyncluster.ndm.node.jobs import Held, Job
from asyncluster.ndm.node.pool import Worker

#: Unacknowledged results beyond this many bytes: no new call is begun.
OUTBOX = 256 * 1024 * 1024

#: A spare worker is started so long after the last one, so as not to take the processor from that.
SPARE_SECONDS = 0.5


class Giving:
    """Gives calls to workers, and sees to it that there are workers."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._spawned = bench.now - SPARE_SECONDS

    def fill(self) -> None:
        """Gives what can be given; ends workers that nobody needs; keeps a spare one."""
        bench = self._bench
        while bench.takes_calls and bench.outbox.size + bench.gathering.size <= OUTBOX and self._give():
            pass
        for worker in bench.pool.surplus():
            bench.kill(worker)
        if self.wants_spare() and bench.now >= self.spare_at():
            self._spawn()

    def wants_spare(self) -> bool:
        """Whether a spare worker should be started as soon as it is time."""
        bench = self._bench
        return bench.may_work and bench.settings.slots > 0 and bench.pool.idle(None) is None

    def spare_at(self) -> float:
        """When it is time."""
        return max(self._spawned + SPARE_SECONDS, self._bench.startup.retry_at)

    def level(self, job: Job) -> None:
        """A job that was idle, or is new, gets no credit for that."""
        others = (other.used for other in self._bench.jobs.values() if other.calls)
        job.used = max(job.used, min(others, default=0.0))

    def _give(self) -> bool:
        waiting = [job for job in self._bench.jobs.values() if job.head() is not None]
        if not waiting:
            return False
        job = waiting[0] if len(waiting) == 1 else min(waiting, key=self._used)
        for worker in self._candidates(job):
            batch = batches.take(job, worker, self._bench.settings.slots)
            if batch:
                self._send(job, worker, batch)
                return True
        return False

    def _used(self, job: Job) -> float:
        now = self._bench.now
        running = sum(now - worker.since for worker in self._bench.pool.of_job(job.key) if worker.calls)
        return job.used + running / job.weight

    def _candidates(self, job: Job) -> list[Worker]:
        """Workers that may take the job's next calls: one for a free slot, or those of the job that run dry."""
        bench = self._bench
        if bench.pool.free_slots() > 0:
            worker = bench.pool.idle(job.key) or bench.pool.idle(None)
            if worker is None and bench.now >= bench.startup.retry_at:
                worker = self._spawn()
            if worker is not None:
                return [worker]
        return [worker for worker in bench.pool.of_job(job.key) if worker.calls and not worker.worn]

    def _spawn(self) -> Worker:
        self._spawned = self._bench.now
        return self._bench.spawn()

    def _send(self, job: Job, worker: Worker, batch: list[Held]) -> None:
        if not worker.calls:
            worker.since = self._bench.now
            worker.paused = 0.0
        messages: list[m.Message] = []
        if worker.job is None:
            worker.job = job.key
            at = job.at
            messages.append(m.WorkerSetup(job.key, at.number, at.name, self._bench.node, at.environment))
        messages += job.log[worker.entries :]
        worker.entries = len(job.log)
        rows: list[m.RunRow] = []
        for held in batch:
            held.worker = worker.number
            worker.calls[held.ref] = held
            if not held.blobs:
                rows.append(held.row)
                continue
            if rows:
                messages.append(m.Run(job.key, rows))
                rows = []
            messages.append(m.RunLarge(job.key, held.row, list(held.blobs)))
        if rows:
            messages.append(m.Run(job.key, rows))
        self._bench.out.extend(ToWorker(worker.number, message) for message in messages)

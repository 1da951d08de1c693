"""The node daemon's brain: what happens goes in with the time, what is to be done comes out; it does nothing itself.

    events                                             instructions (`take`)
    connected, disconnected, from_master               ToMaster, ForgetBlob, ForgetJob
    worker_ready, from_worker, worker_exited, ...      Spawn, ToWorker, Kill, Suspend, Continue, SetNiceness
    people, tick

It shares the node's slots among jobs by niceness (`giving`), keeps results until the master has them (`outbox`), and
decides what becomes of calls when a worker dies, is too slow (`watching`), or has to make way for people (`presence`).
The rules:

- A call is reported once: `Done`, `Broke` or `Returned`. Until then it waits, or a worker has it.
- The blame for a worker that dies takes the row that its page shows as begun last, even if it had just been finished:
  nothing else can have done it, and its result is lost as well. Everything else that the worker had runs again.
- A row that runs long is left alone with its worker: the others of its batch go to somebody else. If one of them was
  finished but not sent yet it may run twice; the first result counts.
- A call with `retries=0` that has begun never runs again: if its worker has to go, its fate is unknown.
- The namespace comes first: a worker gets the log entries it lacks before a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import failures
from asyncluster.ndm.node.bench import Bench, BrainSettings
from asyncluster.ndm.node.giving import Giving
from asyncluster.ndm.node.instructions import Exit, ForgetBlob, ForgetJob, Instruction, ToMaster
from asyncluster.ndm.node.jobs import Job
from asyncluster.ndm.node.pool import Worker
from asyncluster.ndm.node.presence import Presence
from asyncluster.ndm.node.watching import watch
from asyncluster.ndm.worker.page import Glance

#: A job is unfit when a worker has died so often in the same log entry ...
ENTRY_DEATHS = 3
#: ... or of nothing that can be named, without a single result in between.
NAMELESS_DEATHS = 10


class Brain:
    """See the module.

    Args:
        settings: see there.
        look: reads the page of a worker, also of one that has just died.
        now: seconds of the monotonic clock, here and in every event.
    """

    def __init__(self, settings: BrainSettings, look: Callable[[int], Glance], now: float) -> None:
        self._bench = Bench(settings, look, now)
        self._giving = Giving(self._bench)
        self._presence = Presence(self._bench)
        self._giving.fill()

    # --- What the shell asks ------------------------------------------------------------------------------

    def take(self) -> list[Instruction]:
        """What is to be done now, in order."""
        out, self._bench.out = self._bench.out, []
        return out

    @property
    def state(self) -> str:
        """What workers may do: "run", "nice", "suspend" or "stop"."""
        return self._bench.state

    @property
    def niceness(self) -> int:
        """What a worker is to be started with."""
        return self._bench.niceness

    @property
    def trouble(self) -> str:
        """A sentence if workers do not start, else ""."""
        return self._bench.startup.trouble

    def holding(self) -> list[m.Holding]:
        """What is here of each job, for `Attach`; a master that was restarted says which of them are over."""
        jobs = self._bench.jobs.values()
        return [m.Holding(job.key, [held.ref for held in job.calls.values()], len(job.log)) for job in jobs]

    def running(self) -> dict[int, int]:
        """How many workers have calls, by job."""
        counts = {key: sum(1 for w in self._bench.pool.of_job(key) if w.calls) for key in self._bench.jobs}
        return {key: count for key, count in counts.items() if count}

    def queued(self) -> dict[int, int]:
        """How many calls are here and do not run, by job."""
        running = self.running()
        counts = {key: len(job.calls) - running.get(key, 0) for key, job in self._bench.jobs.items()}
        return {key: count for key, count in counts.items() if count > 0}

    # --- From the link to the master ----------------------------------------------------------------------

    def connected(self, name: str, now: float) -> None:
        """The master knows this node, as `name`; what it has not acknowledged goes out again."""
        bench = self._bench
        bench.now = now
        bench.node = name
        bench.connected = True
        bench.draining = False  # if it is to be empty the master says so again; one that was restarted may not know
        bench.out.extend(ToMaster(message) for message in bench.outbox)
        bench.out.extend(ToMaster(m.Unfit(job.key, *job.unfit)) for job in bench.jobs.values() if job.unfit)

    def disconnected(self, now: float) -> None:
        """The link is gone; work goes on."""
        self._bench.now = now
        self._bench.connected = False

    def from_master(self, message: m.Message, now: float) -> None:
        """A message of the master's.

        Raises:
            ProtocolError: it makes no sense.
        """
        bench = self._bench
        bench.now = now
        match message:
            case m.Run():
                self._accept(message.job, [(row, ()) for row in message.rows])
            case m.RunLarge():
                self._accept(message.job, [(message.row, message.blobs)])
            case m.JobAt():
                self._job_at(message)
            case m.Code() | m.CallKind() | m.Update():
                self._known(message.job).enter(message)
            case m.Acknowledge():
                self._acknowledge(message.serial)
            case m.Recall():
                job = bench.jobs.get(message.job)
                bench.return_calls(message.job, job.pop_last(message.count) if job else [])
            case m.Stop():
                self._stop(message)
            case m.DropJob():
                self._drop_job(message.job)
            case m.Renice():
                job = bench.jobs.get(message.job)
                if job is not None:
                    job.niceness = message.niceness
            case m.Drain():
                bench.draining = message.on
                self._give_back_all()
            case _:
                raise ProtocolError(f"A master may not send {type(message).__name__}.")
        self._giving.fill()

    def too_large(self, message: m.RunLarge | m.Code | m.Update, now: float) -> None:
        """The large data of a message that the master sent do not fit into this node."""
        bench = self._bench
        bench.now = now
        job = self._known(message.job)
        if isinstance(message, m.RunLarge):
            bench.break_off(job, job.hold(message.row, message.blobs), failures.too_large())
        else:
            job.enter(message)
            bench.fail_job(job, message.index, failures.too_large().message)

    def _job_at(self, message: m.JobAt) -> None:
        job = self._bench.jobs.get(message.job)
        if job is None:
            self._bench.jobs[message.job] = Job(message)
        else:
            job.niceness = message.niceness

    def _known(self, key: int) -> Job:
        job = self._bench.jobs.get(key)
        if job is None:
            raise ProtocolError("A message is about a job that the node was not told of.")
        return job

    def _accept(self, key: int, rows: Iterable[tuple[m.RunRow, Sequence[m.BlobRef]]]) -> None:
        job = self._known(key)
        if not job.calls:
            self._giving.level(job)
        for row, blobs in rows:
            older = job.calls.get(row[0])
            if older is not None:
                if older.row[1] >= row[1]:
                    continue
                self._bench.take_void(job, older)
            job.wait(job.hold(row, blobs))
        if job.unfit or not self._bench.takes_calls:
            self._bench.give_back(job)

    def _acknowledge(self, serial: int) -> None:
        for job, name in self._bench.outbox.acknowledge(serial):
            self._bench.out.append(ForgetBlob(job, name))
            self._bench.tell(m.DropBlob(job, name))

    def _stop(self, message: m.Stop) -> None:
        job = self._bench.jobs.get(message.job)
        if job is None:
            return
        for ref in message.calls:
            held = job.holds(ref)
            if held is not None:
                del job.calls[ref[0]]
                self._bench.take_void(job, held)

    def _drop_job(self, key: int) -> None:
        bench = self._bench
        for worker in bench.pool.of_job(key):
            bench.kill(worker)
        bench.jobs.pop(key, None)
        bench.outbox.drop_job(key)
        bench.gathering.drop_job(key)
        bench.out.append(ForgetJob(key))

    def _give_back_all(self) -> None:
        """Hands back everything that waits, if this node takes no calls now."""
        if not self._bench.takes_calls:
            for job in self._bench.jobs.values():
                self._bench.give_back(job)

    # --- From workers -------------------------------------------------------------------------------------

    def worker_ready(self, number: int, now: float) -> None:
        """A worker has come up."""
        self._bench.now = now
        worker = self._bench.pool.get(number)
        if worker is not None:
            worker.ready = True
            self._bench.startup.succeeded()
            self._giving.fill()

    def worker_stays_nice(self, number: int, now: float) -> None:
        """A worker cannot be raised again; it makes way for a new one when it has no work."""
        self._bench.now = now
        worker = self._bench.pool.get(number)
        if worker is not None:
            worker.worn = True
            self._giving.fill()

    def from_worker(self, number: int, message: m.Message, now: float) -> None:
        """A message of a worker's. What it says of other jobs than its own is ignored: the author's code runs there."""
        bench = self._bench
        bench.now = now
        worker = bench.pool.get(number)
        job = bench.jobs.get(worker.job) if worker is not None and worker.job is not None else None
        if worker is None or job is None or getattr(message, "job", None) != job.key:
            return
        match message:
            case m.Done():
                rows = [row for row in message.rows if self._finished(job, worker, row)]
                if rows:
                    self._gather(job, worker, rows)
                    return
            case m.DoneLarge():
                if self._finished(job, worker, message.row):
                    bench.post(m.DoneLarge(bench.outbox.next_serial(), job.key, message.row, message.blobs))
                else:
                    names = [name for name, _size in message.blobs]
                    bench.out.extend(ForgetBlob(job.key, n) for n in names if not bench.outbox.names(job.key, n))
            case m.Broke():
                worker.calls.pop(message.call, None)
                held = job.holds(message.call)
                if held is not None:
                    bench.break_off(job, held, message.failure)
            case m.Unfit():
                bench.fail_job(job, message.index, message.traceback)
            case m.Output() | m.Progress():
                bench.tell(message)
        self._giving.fill()

    def _gather(self, job: Job, worker: Worker, rows: list[m.DoneRow]) -> None:
        """Keeps results for a moment, if the worker has more to do and none of the job's calls may be lost."""
        bench = self._bench
        if not bench.gathering.fits(rows):
            bench.hand_in()
        bench.gathering.add(job.key, rows, bench.now)
        self._giving.fill()
        if not worker.calls or job.once or bench.gathering.ripe(bench.now):
            bench.hand_in()

    def _finished(self, job: Job, worker: Worker, row: m.DoneRow) -> bool:
        """Books a result; False if another one counted already, or the call is void."""
        ref = row[:2]
        given = worker.calls.pop(ref, None)
        if given is not None:
            seconds = row[3] / 1e6
            job.used += seconds / job.weight
            job.nameless_deaths = 0
            job.kind(given).learn(seconds)
            worker.since = self._bench.now
        held = job.holds(ref)
        if held is None:
            return False
        del job.calls[row[0]]
        if held is not given:  # it was taken from this worker as it seemed to be late
            self._bench.take_void(job, held)
        return True

    def worker_exited(self, number: int, end: Exit, now: float) -> None:
        """A worker's process is gone; its page can still be read, and all that it sent has been."""
        bench = self._bench
        bench.now = now
        worker = bench.pool.get(number)
        if worker is None:
            return
        bench.pool.remove(worker)
        if not worker.ready and not worker.dying:
            bench.startup.failed(end, now)
        job = bench.jobs.get(worker.job) if worker.job is not None else None
        if job is not None:
            self._settle(job, worker, end)
        self._give_back_all()
        self._giving.fill()

    def _settle(self, job: Job, worker: Worker, end: Exit) -> None:
        """Decides what becomes of the calls that a worker had when it ended."""
        bench = self._bench
        glance = bench.look(worker.number)
        calls = bench.take_all(job, worker)
        begun = next((held for held in calls if held.ref == (glance.call, glance.attempt)), None)
        once = begun is not None and job.kind(begun).entry.retries == 0
        if begun is not None and (once or not worker.dying):
            calls.remove(begun)
            bench.break_off(job, begun, failures.ended() if worker.dying else failures.crashed(end))
        elif worker.ready and not worker.dying:
            self._died_of_nothing(job, glance.entry, end)
        job.wait_first(calls)
        if job.unfit:
            bench.give_back(job)

    def _died_of_nothing(self, job: Job, entry: int | None, end: Exit) -> None:
        """A worker died of its own accord, but not in a call."""
        if entry is None or entry >= len(job.log):
            job.nameless_deaths += 1
            if job.nameless_deaths >= NAMELESS_DEATHS:
                self._bench.fail_job(job, 0, failures.died_in_entry(end))
            return
        job.entry_deaths[entry] = job.entry_deaths.get(entry, 0) + 1
        if job.entry_deaths[entry] >= ENTRY_DEATHS:
            self._bench.fail_job(job, entry, failures.died_in_entry(end))

    # --- People and time ----------------------------------------------------------------------------------

    def people(self, count: int, now: float) -> None:
        """So many people use this computer now."""
        self._bench.now = now
        self._presence.changed(count)
        self._give_back_all()
        self._giving.fill()

    def tick(self, now: float) -> float | None:
        """Looks after what takes long; returns when it wants to be called again if nothing else happens."""
        self._bench.now = now
        self._bench.hand_in()
        wishes = [watch(self._bench, worker) for worker in self._bench.pool]
        wishes.append(self._presence.tick())
        self._giving.fill()
        if self._giving.wants_spare():
            wishes.append(self._giving.spare_at())
        return min((wish for wish in wishes if wish is not None), default=None)

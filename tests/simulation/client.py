"""A job client: the real `Ledger`, its way to the master, and an author who keeps it busy.

`Client` is what `Session` is around the real ledger, in memory. The author opens jobs, updates them, submits calls of
all kinds and cancels some, as the seed wants it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING

from simulation import history as h
from simulation.clock import Process
from simulation.node import ENVIRONMENT
from simulation.wires import Wire
from simulation.worker import Plan

from asyncluster.core.client.calls import Broken, Call, Event, Returned, tell_all
from asyncluster.core.client.failures import ChunkSplit
from asyncluster.core.client.joblog import JobLog
from asyncluster.core.client.ledger import Ledger, Phase
from asyncluster.core.errors import (
    AsynClusterError,
    CallTimeout,
    JobBroken,
    JobCancelled,
    NodeLost,
    WorkerCrashed,
)
from asyncluster.core.wire import messages as m

if TYPE_CHECKING:
    from simulation.world import World

_RETRY_FIRST, _RETRY_LAST = 0.1, 5.0  # as in the real session
_GREETING = 10.0
_LONGEST = 4.0  # seconds of a call, which may have to run several times after the last fault
_HOWS: tuple[tuple[type[BaseException], h.How], ...] = (
    (ChunkSplit, "split"),
    (WorkerCrashed, "crashed"),
    (CallTimeout, "timeout"),
    (NodeLost, "node lost"),
    (JobCancelled, "cancelled"),
    (JobBroken, "broken"),
    (AsynClusterError, "too large"),
)


@dataclass(frozen=True)
class Style:
    """A call kind of every job, and what its calls are like.

    Attributes:
        share: how often it is chosen.
        count: how many calls a row of it holds.
    """

    share: float
    seconds: float
    retries: int = 2
    timeout: float | None = None
    count: int = 1


STYLES = (
    Style(5, 0.002),  # quick: they queue on nodes
    Style(3, 0.08),  # slow: one a slot
    Style(2, 0.02, retries=0),
    Style(1, 0.05, timeout=0.4),
    Style(1, 0.01, count=10),
    Style(0.5, 2.0),
)
_SHARES = [style.share for style in STYLES]


@dataclass(eq=False)
class AuthorJob:
    """A job as its author sees it."""

    log: JobLog
    entries: int = 0
    calls: dict[int, Call] = field(default_factory=dict)


class Client(Process):
    """One client process and its author.

    Attributes:
        ledger: what it owes and is owed.
        jobs: those that are open.
    """

    def __init__(self, world: World, most_calls: int) -> None:
        super().__init__(world.clock)
        self.process: Process = self
        self.world = world
        self.ledger = Ledger("simulated", world.random)
        self.jobs: list[AuthorJob] = []
        self.wire: Wire | None = None
        self._most_calls = most_calls
        self._attempts = 0

    def start(self) -> None:
        self._dial()
        self._act()

    def die(self) -> None:
        """It is killed, and nothing is owed to it any more."""
        for job in self.jobs:
            self.world.record(h.JobOver(self.clock.now, job.log.key))
        self.kill()
        if self.wire is not None:
            self.wire.near_closes()

    # --- its connection -------------------------------------------------------------------------------------------

    def _dial(self) -> None:
        if self.wire is not None:
            return
        master = self.world.master
        if master is None:
            self._retry()
            return
        self.wire = self.world.connect(self, master.answers, patience=inf, delay=2e-4)
        self.ledger.connected()
        self.later(_GREETING, self._give_up, self.wire)
        self.flush()

    def _give_up(self, wire: Wire) -> None:
        if self.wire is wire and self.ledger.phase is Phase.GREETING:
            self.lost()

    def _retry(self) -> None:
        bound = min(_RETRY_LAST, _RETRY_FIRST * 2.0**self._attempts)
        self._attempts += 1
        self.later(self.world.random.uniform(0, bound), self._dial)

    def arrived(self, messages: Sequence[m.Message]) -> None:
        try:
            for message in messages:
                if isinstance(message, m.Welcome):
                    self._attempts = 0
                self._tell(self.ledger.received(message))
        except AsynClusterError as error:
            self.world.failed("client", error)
            self.lost()
        self.flush()

    def lost(self) -> None:
        wire, self.wire = self.wire, None
        if wire is None:
            return
        wire.near_closes()
        self._tell(self.ledger.lost())
        self._retry()

    def flush(self) -> None:
        """Sends what there is to send."""
        while self.wire is not None and (out := self.ledger.take()):
            self.wire.send_there(out)

    def _tell(self, events: Iterable[Event]) -> None:
        tell_all(events)
        self.jobs = [job for job in self.jobs if job.log.error is None]

    # --- its author -----------------------------------------------------------------------------------------------

    def _act(self) -> None:
        """The author does something, and something else a little later, until the run draws to its end."""
        if self.world.closing:
            return
        random = self.world.random
        if not self.jobs or (len(self.jobs) < 3 and random.random() < 0.02):
            self.open_job(random.choice([0, 0, 5, 10]))
        job = random.choice(self.jobs)
        chance = random.random()
        if chance < 0.08:
            self._update(job)
        elif chance < 0.16 and job.calls:
            self.cancel(job, random.sample(sorted(job.calls), min(len(job.calls), random.randint(1, 5))))
        elif chance < 0.165 and len(self.jobs) > 1:
            self.close(job)
        elif self.ledger.pending < self._most_calls:
            for _ in range(random.choice([1, 1, 3, 10, 30])):
                self._submit_any(job)
        self.flush()
        self.later(random.expovariate(1 / self.world.profile.author), self._act)

    def open_job(self, niceness: int) -> AuthorJob:
        """A new job with its code and all kinds of calls."""
        needs = self.world.profile.late and self.world.random.random() < 0.5
        job = AuthorJob(self.ledger.open_job("simulated", niceness, ENVIRONMENT if needs else None))
        job.log.add_code(b"code")
        for style in STYLES:
            job.log.add_kind("call", b"f", chunked=style.count > 1, timeout=style.timeout, retries=style.retries)
        job.entries = 1 + len(STYLES)
        self.jobs.append(job)
        return job

    def close(self, job: AuthorJob) -> None:
        """The author is done with a job."""
        self.world.record(h.JobOver(self.clock.now, job.log.key))
        self._tell(self.ledger.close_job(job.log, JobCancelled("The job was closed.")))
        self.flush()

    def cancel(self, job: AuthorJob, numbers: list[int]) -> None:
        """The author does not want these calls any more."""
        for number in numbers:
            self.world.record(h.Cancelled(self.clock.now, job.log.key, number))
        job.log.cancel([job.calls.pop(number) for number in numbers])
        self.flush()

    def _update(self, job: AuthorJob) -> None:
        job.log.add_update(b"update")
        job.entries += 1

    def _submit_any(self, job: AuthorJob) -> None:
        random = self.world.random
        kind = random.choices(range(len(STYLES)), _SHARES)[0]
        style = STYLES[kind]
        chance = random.random()
        if chance < 0.02:
            fate = "die"
        elif chance < 0.5 and style.timeout is not None:
            fate = "hang"
        else:
            fate = "raise" if chance < 0.05 else "return"
        self.submit(job, kind, Plan(fate, min(style.seconds * random.expovariate(1.0) + 2e-5, _LONGEST)), style.count)

    def submit(self, job: AuthorJob, kind: int, plan: Plan, count: int = 1) -> Call:
        """A call of `STYLES[kind]`."""
        style = STYLES[kind]
        call = job.log.submit(kind, plan.pack(), (), _Waiter(self, job, kind, plan), count)
        job.calls[call.number] = call
        self.world.record(
            h.Submitted(self.clock.now, job.log.key, call.number, job.entries, style.retries, style.timeout, count)
        )
        return call

    def ended(self, job: AuthorJob, call: Call, how: h.How, run: int | None) -> None:
        """A call has come to its end."""
        job.calls.pop(call.number, None)
        self.world.record(h.Ended(self.clock.now, job.log.key, call.number, how, run))


class _Waiter:
    """Whom the ledger tells the end of a call."""

    def __init__(self, client: Client, job: AuthorJob, kind: int, plan: Plan) -> None:
        self._client = client
        self._job = job
        self._kind = kind
        self._plan = plan

    def returned(self, event: Returned) -> None:
        how: h.How = "raised" if event.outcome == m.RAISED else "returned"
        self._client.ended(self._job, event.call, how, int(bytes(event.payload)))

    def failed(self, event: Broken) -> None:
        how = next(how for error, how in _HOWS if isinstance(event.error, error))
        self._client.ended(self._job, event.call, how, None)
        if how == "split":  # the real client offers the calls of the chunk one by one
            self._client.submit(self._job, self._kind, self._plan)

"""What the parts of the brain share: jobs, workers, messages to the master, and the few moves upon them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.gathering import Gathering
from asyncluster.ndm.node.instructions import Instruction, Kill, Spawn, ToMaster, ToWorker
from asyncluster.ndm.node.jobs import Held, Job
from asyncluster.ndm.node.outbox import Numbered, Outbox
from asyncluster.ndm.node.pool import Pool, Worker
from asyncluster.ndm.node.startup import Startup
from asyncluster.ndm.worker.page import Glance

_NICEST = 19


@dataclass(frozen=True)
class BrainSettings:
    """What the brain is told of the configuration.

    Attributes:
        slots: how many workers may have work at once.
        niceness: of workers while nobody uses the computer.
        when_in_use: "run", "nice", "suspend" or "stop".
    """

    slots: int
    niceness: int = 10
    when_in_use: str = "nice"


class Bench:
    """See the module.

    Attributes:
        out: instructions that nobody has taken yet.
        now: time of the event that is being handled.
        node: this node's name at the master.
        connected: whether the master hears us.
        draining: whether the master wants no calls here.
        people: how many use this computer.
    """

    def __init__(self, settings: BrainSettings, look: Callable[[int], Glance], now: float) -> None:
        self.settings = settings
        self.look = look
        self.now = now
        self.pool = Pool(settings.slots)
        self.jobs: dict[int, Job] = {}
        self.outbox = Outbox()
        self.gathering = Gathering()
        self.startup = Startup()
        self.out: list[Instruction] = []
        self.node = ""
        self.connected = False
        self.draining = False
        self.people = 0

    @property
    def state(self) -> str:
        """What workers may do: "run", "nice", "suspend" or "stop"."""
        return self.settings.when_in_use if self.people else "run"

    @property
    def niceness(self) -> int:
        """What workers have now."""
        return _NICEST if self.state == "nice" else self.settings.niceness

    @property
    def may_work(self) -> bool:
        """Whether workers may be started and given calls, as far as people are concerned."""
        return not self.draining and self.state in ("run", "nice")

    @property
    def takes_calls(self) -> bool:
        """Whether calls are kept here; if not, they go back to the master."""
        return self.may_work and not self.startup.broken

    # --- Workers ------------------------------------------------------------------------------------------

    def spawn(self) -> Worker:
        """Has a worker started."""
        worker = self.pool.add(self.now)
        self.out.append(Spawn(worker.number))
        return worker

    def kill(self, worker: Worker) -> None:
        """Ends a process. What becomes of its calls is decided when it is gone and its page stands still."""
        if not worker.dying:
            worker.dying = True
            self.out.append(Kill(worker.number))

    def skip(self, worker: Worker, calls: Sequence[Held]) -> None:
        """Tells a worker not to begin these calls."""
        if calls and worker.job is not None:
            worker.haunted = True
            self.out.append(ToWorker(worker.number, m.Skip(worker.job, [held.ref for held in calls])))

    def take_all(self, job: Job, worker: Worker) -> list[Held]:
        """Takes all calls that still count from a worker, in order."""
        calls = [held for held in worker.calls.values() if job.holds(held.ref) is held]
        worker.calls.clear()
        return calls

    def take_void(self, job: Job, held: Held) -> None:
        """Ends a call that does not count any more, wherever it is."""
        worker = self.pool.get(held.worker)
        if worker is None or worker.calls.pop(held.ref, None) is None or worker.dying:
            return
        glance = self.look(worker.number)
        begun = (glance.call, glance.attempt) == held.ref
        if (begun and glance.since is not None) or (job.kind(held).alone and not begun):
            self.kill(worker)
        else:
            self.skip(worker, [held])

    def fail_job(self, job: Job, index: int, traceback: str) -> None:
        """The job does not work here: its log fails at an entry."""
        if job.unfit:
            return
        job.unfit = index, traceback
        self.hand_in()  # what the master has not heard of by then counts as lost
        for worker in self.pool.of_job(job.key):
            self.kill(worker)
        self.give_back(job)
        self.tell(m.Unfit(job.key, index, traceback))

    # --- To the master ------------------------------------------------------------------------------------

    def give_back(self, job: Job) -> None:
        """Hands back all calls that wait, if there are any."""
        calls = job.pop_last(job.waiting_at_most)
        if calls:
            self.return_calls(job.key, calls)

    def return_calls(self, key: int, calls: Sequence[Held]) -> None:
        """Hands back calls that have not begun, or may run again."""
        job = self.jobs.get(key)
        if job is not None:
            for held in calls:
                del job.calls[held.row[0]]
        self.post(m.Returned(self.outbox.next_serial(), key, [held.ref for held in calls]))

    def break_off(self, job: Job, held: Held, failure: m.Failure) -> None:
        """Reports a call that ended without a result."""
        del job.calls[held.row[0]]
        self.post(m.Broke(self.outbox.next_serial(), job.key, held.ref, failure))

    def post(self, message: Numbered) -> None:
        """Sends a message that must arrive."""
        self.outbox.post(message)
        self.tell(message)

    def hand_in(self) -> None:
        """Sends the results that were gathered."""
        for key, rows in self.gathering.take():
            self.post(m.Done(self.outbox.next_serial(), key, rows))

    def tell(self, message: m.Message) -> None:
        """Sends a message if somebody hears it."""
        if self.connected:
            self.out.append(ToMaster(message))

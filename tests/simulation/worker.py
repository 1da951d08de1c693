"""A worker process: the loop of `ndm.worker.loop` without Python code to run.

It works off entries and rows in order, and looks for new messages when 1 ms has passed or nothing is left to do, as the
real one does. How long a call takes and what becomes of it says its payload (`Plan`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from simulation import history as h
from simulation.clock import Process

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.instructions import Exit
from asyncluster.ndm.worker.page import Glance

if TYPE_CHECKING:
    from simulation.world import World

_TURN = 0.001  # seconds, as in the real loop
_WAKING = 2e-5
_SIGSEGV = 11

#: What a worker says; None: it has come up.
Word: TypeAlias = "m.Message | None"


@dataclass(frozen=True)
class Plan:
    """What a call is going to do: it travels as its payload.

    Attributes:
        fate: "return", "raise", "die" (takes its worker along), or "hang".
        seconds: how long it takes, about.
    """

    fate: str
    seconds: float

    def pack(self) -> bytes:
        return f"{self.fate} {self.seconds:g}".encode()

    @classmethod
    def unpack(cls, payload: bytes) -> Plan:
        fate, seconds = payload.decode().split()
        return cls(fate, float(seconds))


class Worker(Process):
    """One process.

    Args:
        world: whose clock, randomness and history it uses.
        node: name of its node.
        number: what its node daemon calls it.
        said: hears that there is something in `words`.
        ended: hears that the process is gone.

    Attributes:
        words: what it has said and nobody has read yet.
        job: whose it is; 0: nobody's yet.
    """

    def __init__(
        self,
        world: World,
        node: str,
        number: int,
        said: Callable[[Worker], None],
        ended: Callable[[Worker, Exit], None],
    ) -> None:
        super().__init__(world.clock)
        self.number = number
        self.words: deque[Word] = deque()
        self.job = 0
        self._world = world
        self._node = node
        self._said = said
        self._ended = ended
        self._id = world.number("worker")
        self._inbox: list[m.Message] = []
        self._tasks: deque[m.Entry | m.RunRow] = deque()
        self._done: list[m.DoneRow] = []
        self._up = self._busy = False
        self._turn = 0.0
        self._call, self._attempt = 0, 0
        self._since: float | None = None
        self._entry: int | None = None
        self._run: int | None = None
        self._last: int | None = None

    # --- from the node ----------------------------------------------------------------------------------------

    def start(self, *, fails: bool) -> None:
        """The process has been spawned."""
        if fails:
            self.later(0.01, self.die, Exit(status=1, stderr="no memory"))
        else:
            self.later(self._world.random.uniform(0.02, 0.15), self._come_up)

    def receive(self, message: m.Message) -> None:
        """A message is in its socket."""
        self._inbox.append(message)
        self._wake()

    def glance(self) -> Glance:
        """What its page says."""
        return Glance(self._call, self._attempt, self._since, self._entry)

    def die(self, end: Exit, *, crashed: bool = True) -> None:
        """The process is gone."""
        if not self.alive:
            return
        # The node daemon takes a call for running until it has its result.
        run = self._last if self._run is None and self._done else self._run
        self._world.record(h.Died(self.clock.now, self._id, self.job, crashed, run, self._entry))
        self.kill()
        self.clock.later(self._world.random.uniform(1e-4, 4e-3), self._ended, self, end)

    # --- its loop ---------------------------------------------------------------------------------------------

    def _come_up(self) -> None:
        self._up = True
        self._say(None)
        self._wake()

    def _wake(self) -> None:
        if self._up and not self._busy and self._inbox:
            self._busy = True
            self.later(_WAKING, self._begin_turn)

    def _begin_turn(self) -> None:
        self._turn = self.clock.now
        self._look()
        self._next()

    def _look(self) -> None:
        inbox, self._inbox = self._inbox, []
        for message in inbox:
            match message:
                case m.Run():
                    self._tasks.extend(message.rows)
                case m.Code() | m.CallKind() | m.Update():
                    self._tasks.append(message)
                case m.Skip():
                    skipped = set(message.calls)
                    self._tasks = deque(t for t in self._tasks if not (isinstance(t, tuple) and t[:2] in skipped))
                case m.WorkerSetup():
                    assert not self.job, "a process belongs to one job"
                    self.job = message.job

    def _next(self) -> None:
        while self._tasks:
            task = self._tasks.popleft()
            if isinstance(task, tuple):
                self._begin(task)
                return
            if not isinstance(task, m.CallKind):
                self._entry = task.index
                self.later(self._world.random.uniform(0.001, 0.02), self._entered, task.index)
                return
            self._world.record(h.Entered(self.clock.now, self._id, self.job, task.index))
        self._flush()
        self._busy = False
        self._wake()

    def _entered(self, index: int) -> None:
        self._entry = None
        self._world.record(h.Entered(self.clock.now, self._id, self.job, index))
        self._go_on()

    def _begin(self, row: m.RunRow) -> None:
        now, random = self.clock.now, self._world.random
        call, attempt, _kind, payload = row
        plan = Plan.unpack(payload)
        self._call, self._attempt, self._since = call, attempt, now
        self._run = self._world.number("run")
        self._world.record(h.Begun(now, self._run, self._node, self._id, self.job, call, attempt))
        seconds = plan.seconds * random.uniform(0.5, 1.5)
        if plan.fate == "die":
            self.later(seconds, self.die, Exit(signal=_SIGSEGV))
        elif plan.fate != "hang":
            self.later(seconds, self._end, m.RAISED if plan.fate == "raise" else m.RETURNED, seconds)

    def _end(self, outcome: int, seconds: float) -> None:
        assert self._run is not None
        self._world.record(h.Finished(self.clock.now, self._run))
        self._done.append((self._call, self._attempt, outcome, int(seconds * 1e6), str(self._run).encode()))
        self._last, self._run, self._since = self._run, None, None
        self._go_on()

    def _go_on(self) -> None:
        if self.clock.now - self._turn > _TURN:
            self._flush()
            self._look()
            self._turn = self.clock.now
        self._next()

    def _flush(self) -> None:
        if self._done:
            done, self._done = self._done, []
            self._say(m.Done(0, self.job, done))

    def _say(self, word: Word) -> None:
        self.words.append(word)
        self._said(self)

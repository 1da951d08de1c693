"""A node: a computer, the run of the node daemon on it with the real `Brain`, and its workers.

`Daemon` is what `Shell`, `Staff` and `MasterConnector` are around the real brain, in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulation.clock import Process, Timer
from simulation.wires import Wire
from simulation.worker import Worker

from asyncluster.core.errors import AsynClusterError
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.environments import EnvironmentsHeld
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.bench import BrainSettings
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.worker.page import Glance

if TYPE_CHECKING:
    from simulation.world import World

#: The one that jobs may need.
ENVIRONMENT = "e" * 64

_NOTHING = Glance(0, 0, None, None)
_LOOK = 0.025  # seconds, as in the real shell
_SOONEST = 0.005
_TELEMETRY = 2.0
_SIGKILL = 9
_PIPE = 5e-5  # seconds a word of a worker takes


class Computer:
    """A computer on which a node daemon runs again and again.

    Attributes:
        daemon: the run of now; None: there is none.
        people: how many sit there.
        unable: how many of the next workers do not come up.
        reachable: whether a new connection to the master would stand.
        equipped: it has the environment that jobs may need.
    """

    def __init__(self, world: World, name: str, slots: int, when_in_use: str) -> None:
        self.world = world
        self.name = name
        self.slots = slots
        self.when_in_use = when_in_use
        self.people = 0
        self.unable = 0
        self.reachable = True
        self.equipped = False
        self.daemon: Daemon | None = None
        self.start()

    def start(self) -> None:
        """Starts the daemon, if it does not run."""
        if self.daemon is None:
            if self.equipped and self.world.random.random() < 0.3:
                self.equipped = False  # its disk was wiped meanwhile
            self.daemon = Daemon(self)
            self.daemon.start()

    def kill(self, *, heard: bool) -> None:
        """The daemon is killed, and its workers with it; or, unheard, the computer loses its power."""
        daemon, self.daemon = self.daemon, None
        if daemon is not None:
            daemon.die(heard=heard)

    def sit_down(self, people: int) -> None:
        """So many people sit there now."""
        self.people = people
        if self.daemon is not None:
            self.daemon.do(self.daemon.count_people)


class Daemon(Process):
    """One run of a node daemon.

    Attributes:
        brain: decides.
        wire: its connection, or None.
        attached: the master has answered on it.
        workers: by number.
    """

    def __init__(self, computer: Computer) -> None:
        self.world = computer.world
        super().__init__(self.world.clock)
        self.process: Process = self
        self.computer = computer
        self.instance = self.world.random.getrandbits(62) + 1
        self.wire: Wire | None = None
        self.attached = False
        self.workers: dict[int, Worker] = {}
        self._outbox: list[Any] = []
        self._attempts = 0
        self._next_look: Timer | None = None
        self._look_at = 0.0
        self._next_telemetry: Timer | None = None
        settings = BrainSettings(computer.slots, when_in_use=computer.when_in_use)
        self.brain = Brain(settings, self._glance, self.clock.now)

    def start(self) -> None:
        self.brain.people(self.computer.people, self.clock.now)
        self._settle()
        self._dial()

    def die(self, *, heard: bool) -> None:
        """It is killed, and its workers hear the end of their socket."""
        self.kill()
        if self.wire is not None:
            self.wire.near_closes(heard=heard)
        for worker in list(self.workers.values()):
            worker.die(i.Exit(signal=_SIGKILL), crashed=False)

    def count_people(self) -> None:
        """Somebody came or left."""
        self.brain.people(self.computer.people, self.clock.now)
        self._settle()
        self._send_telemetry()

    # --- its connection -----------------------------------------------------------------------------------------

    def _dial(self) -> None:
        master = self.world.master
        if master is None or not self.computer.reachable or master.stopped:
            bound = min(self.world.profile.reconnect_last, self.world.profile.reconnect_first * 2**self._attempts)
            self._attempts += 1
            self.later(self.world.random.uniform(0, bound) + 0.001, self._dial)
            return
        self.wire = self.world.connect(self, master.answers)
        self.wire.send_there(
            [
                m.Attach(
                    m.PROTOCOL_VERSION, self.computer.name, self.instance, "simulated", "3.11", self.computer.slots,
                    self.computer.slots, 2**34, [], "boot", 1, self.brain.holding(),
                )
            ]
        )  # fmt: skip

    def arrived(self, messages: Sequence[m.Message]) -> None:
        try:
            for message in messages:
                if isinstance(message, m.Attached):
                    self._attempts = 0
                    self.attached = True
                    self.brain.connected(message.name, self.clock.now)
                    self._send_telemetry()
                    self._equip()
                else:
                    self.brain.from_master(message, self.clock.now)
        except AsynClusterError as error:
            self.world.failed(self.computer.name, error)
            self.lost()
        self._settle()

    def lost(self) -> None:
        wire, self.wire = self.wire, None
        self.attached = False
        if wire is not None:
            wire.near_closes()
        self.brain.disconnected(self.clock.now)
        self._settle()
        self.later(self.world.random.uniform(0, self.world.profile.reconnect_first), self._dial)

    def _equip(self) -> None:
        """Has, now or later, what jobs may need, and says so."""
        if self.computer.equipped:
            self._say_what_is_here()
        elif self.world.profile.late:
            self.later(self.world.random.uniform(0, self.world.profile.late), self._say_what_is_here)

    def _say_what_is_here(self) -> None:
        self.computer.equipped = True
        if self.wire is not None and self.attached:
            self.wire.send_there([EnvironmentsHeld([ENVIRONMENT], [])])

    # --- its workers -----------------------------------------------------------------------------------------------

    def _glance(self, number: int) -> Glance:
        worker = self.workers.get(number)
        return worker.glance() if worker is not None else _NOTHING

    def _spawn(self, number: int) -> None:
        worker = self.workers[number] = Worker(self.world, self.computer.name, number, self._said, self._ended)
        fails = self.computer.unable > 0
        self.computer.unable -= fails
        worker.start(fails=fails)

    def _said(self, worker: Worker) -> None:
        self.later(_PIPE, self._read, worker)

    def _read(self, worker: Worker) -> None:
        if worker.words:
            self._hear(worker)
            self._settle()

    def _hear(self, worker: Worker) -> None:
        while worker.words:
            word = worker.words.popleft()
            if word is None:
                self.brain.worker_ready(worker.number, self.clock.now)
            else:
                self.brain.from_worker(worker.number, word, self.clock.now)

    def _ended(self, worker: Worker, end: i.Exit) -> None:
        self.do(self._bury, worker, end)

    def _bury(self, worker: Worker, end: i.Exit) -> None:
        self._hear(worker)
        self.brain.worker_exited(worker.number, end, self.clock.now)
        del self.workers[worker.number]
        self._settle()

    # --- the brain ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        self._carry_out()
        self._look_within(_LOOK)

    def _tick(self) -> None:
        wish = self.brain.tick(self.clock.now)
        self._carry_out()
        if wish is not None:
            self._look_within(max(wish - self.clock.now, _SOONEST))

    def _look_within(self, seconds: float) -> None:
        due = self.clock.now + seconds
        if self._next_look is not None and self._next_look.active:
            if self._look_at <= due:
                return
            self._next_look.cancel()
        self._look_at = due
        self._next_look = self.later(seconds, self._tick)

    def _carry_out(self) -> None:
        while instructions := self.brain.take():
            for instruction in instructions:
                match instruction:
                    case i.ToWorker(worker, message):
                        if isinstance(message, m.WorkerSetup) and message.environment and not self.computer.equipped:
                            raise AssertionError("A job came to a node that does not have its environment.")
                        self.workers[worker].receive(message)
                    case i.ToMaster(message):
                        self._outbox.append(message)
                    case i.Spawn(worker):
                        self._spawn(worker)
                    case i.Kill(worker):
                        self.workers[worker].die(i.Exit(signal=_SIGKILL), crashed=False)
                    case i.Suspend(worker):
                        self.workers[worker].stop()
                    case i.Continue(worker):
                        self.workers[worker].resume()
        outbox, self._outbox = self._outbox, []
        if self.wire is not None:
            self.wire.send_there(outbox)

    def _send_telemetry(self) -> None:
        if self._next_telemetry is not None:
            self._next_telemetry.cancel()
        if self.wire is None:
            return
        self._next_telemetry = self.later(_TELEMETRY, self._send_telemetry)
        brain = self.brain
        self.wire.send_there(
            [m.Telemetry([], 0.0, 0, brain.state, brain.running(), brain.queued(), brain.trouble[:300])]
        )

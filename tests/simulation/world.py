"""A cluster in one process: masters, node daemons, workers and clients on one fake clock, and what goes wrong.

    run(profile, seed)   plays one history; the same two arguments give the same history, to the last record

A run has three parts: things go wrong while authors work; then everything is healed and the authors finish what they
have; then everybody leaves, and nothing of it may be left anywhere.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from simulation import history as h
from simulation.checker import Violation, check
from simulation.client import Client
from simulation.clock import Clock
from simulation.faults import Nemesis
from simulation.master import Master
from simulation.node import Computer
from simulation.wires import End, Wire

from asyncluster.core.jobs.settings import DispatchSettings

_WHEN_IN_USE = ("nice", "suspend", "stop")


@dataclass(frozen=True)
class Profile:
    """What kind of cluster is played, and how hard.

    Attributes:
        nodes, slots, clients: how many.
        most_calls: that one client has pending at once.
        author: mean seconds between two actions of an author.
        faults: how many.
        between: mean seconds between two faults.
        severe: how likely faults are that concern everybody, against the others.
        dispatch: the master's settings.
        patience: seconds of silence after which an end of a connection gives it up.
        reconnect_first, reconnect_last: bounds of a node's waits, in seconds.
        delay: most seconds that a message takes.
        window: calls of a job that a client may have at the master.
        settled: seconds after the last fault within which everything has to be over.
        late: seconds at most after which a node has the environment that half of the jobs need; 0: no job needs one.
    """

    name: str
    nodes: int = 3
    slots: int = 2
    clients: int = 2
    most_calls: int = 60
    author: float = 0.1
    faults: int = 400
    between: float = 0.06
    severe: float = 1.0
    dispatch: DispatchSettings = field(
        default_factory=lambda: DispatchSettings(
            lease=1.5, report=0.5, client_grace=8.0, found_grace=3.0, rest=0.5, window=100
        )
    )
    patience: float = 1.5
    reconnect_first: float = 0.1
    reconnect_last: float = 1.0
    delay: float = 0.002
    window: int = 100
    settled: float = 40.0
    late: float = 0.0


SMALL = Profile("small")
LARGE = Profile(
    "large",
    nodes=120,
    slots=4,
    clients=5,
    most_calls=1500,
    author=0.02,
    faults=2000,
    between=0.03,
    severe=0.1,
    dispatch=DispatchSettings(),
    patience=15.0,
    reconnect_first=1.0,
    reconnect_last=60.0,
    window=1_000_000,
    settled=120.0,
)
LATE = replace(SMALL, name="late", late=6.0)
PROFILES = {profile.name: profile for profile in (SMALL, LARGE, LATE)}

_LEAVING = 15.0  # seconds in which the last jobs must be gone everywhere
_STEP = 1.0


@dataclass(frozen=True)
class Played:
    """One run."""

    profile: str
    seed: int
    history: list[h.Record]
    faults: Counter[str]
    violations: list[Violation]


def run(profile: Profile, seed: int) -> Played:
    """Plays one history."""
    return World(profile, seed).play()


class World:
    """Everything there is.

    Attributes:
        master: the run of the master's process of now; None: there is none.
        closing: authors begin nothing new.
    """

    def __init__(self, profile: Profile, seed: int) -> None:
        self.profile = profile
        self.seed = seed
        self.random = Random(f"{profile.name} {seed}")
        self.clock = Clock()
        self.history: list[h.Record] = []
        self.record: Callable[[h.Record], None] = self.history.append
        self.closing = False
        self._numbers: Counter[str] = Counter()
        self._wires: list[Wire] = []
        self.master: Master | None = Master(self)
        self.computers = [
            Computer(self, f"pc{number}", profile.slots, _WHEN_IN_USE[number % len(_WHEN_IN_USE)])
            for number in range(profile.nodes)
        ]
        self.clients = [self._new_client() for _ in range(profile.clients)]

    # --- what everybody uses --------------------------------------------------------------------------------------

    def number(self, what: str) -> int:
        """1, 2, 3 ... of each thing."""
        self._numbers[what] += 1
        return self._numbers[what]

    def connect(
        self, near: End, far: Callable[[Wire], End], *, patience: float | None = None, delay: float | None = None
    ) -> Wire:
        """A new connection to the master."""
        wire = Wire(
            self.clock,
            self.random,
            near,
            far,
            patience=self.profile.patience if patience is None else patience,
            delay=self.profile.delay if delay is None else delay,
        )
        self._wires.append(wire)
        return wire

    def wires(self) -> list[Wire]:
        """Connections that somebody takes for alive."""
        self._wires = [wire for wire in self._wires if wire.open]
        return self._wires

    def failed(self, where: str, error: BaseException) -> None:
        """The code under test has raised."""
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}" if frames else "?"
        self.record(h.Failure(self.clock.now, where, f"{type(error).__name__} at {place}: {error}"))

    # --- starting things ------------------------------------------------------------------------------------------

    def start_master(self) -> None:
        """Starts the master, if it does not run."""
        if self.master is None:
            self.master = Master(self)

    def replace_client(self, client: Client) -> None:
        """A client dies, and somebody else begins."""
        client.die()
        self.clients[self.clients.index(client)] = self._new_client()

    def _new_client(self) -> Client:
        client = Client(self, self.profile.most_calls)
        client.start()
        return client

    # --- the run --------------------------------------------------------------------------------------------------

    def play(self) -> Played:
        nemesis = Nemesis(self)
        try:
            self.clock.run(self.clock.now + 1.0)
            self.rage(nemesis)
            self._finish()
            self._leave()
        except Exception as error:  # the code under test broke; what led there is in the history
            self.failed("world", error)
        self.record(h.Over(self.clock.now))
        violations = check(self.history, self.profile.dispatch.client_grace)
        return Played(self.profile.name, self.seed, self.history, nemesis.counts, violations)

    def rage(self, nemesis: Nemesis) -> None:
        """What happens while authors work."""
        nemesis.rage()

    def _finish(self) -> None:
        self.closing = True
        self.record(h.Healed(self.clock.now))
        until = self.clock.now + self.profile.settled
        while self.clock.now < until and any(client.ledger.pending for client in self.clients):
            self.clock.run(self.clock.now + _STEP)

    def _leave(self) -> None:
        for client in self.clients:
            for job in list(client.jobs):
                client.close(job)
        grace = max(self.profile.dispatch.client_grace, self.profile.dispatch.found_grace)
        self.clock.run(self.clock.now + grace + self.profile.reconnect_last + _LEAVING)
        self._look_for_leftovers()

    def _look_for_leftovers(self) -> None:
        master = self.master
        assert master is not None
        now = self.clock.now
        if jobs := master.dispatcher.jobs():
            self.record(h.Leftover(now, "master", f"{len(jobs)} jobs"))
        for node in master.dispatcher.nodes():
            if node.outstanding:
                self.record(h.Leftover(now, "master", f"{node.outstanding} calls on {node.name}"))
        attached = {end.instance for end in master.nodes.values()}
        for computer in self.computers:
            daemon = computer.daemon
            assert daemon is not None
            if not daemon.attached or daemon.instance not in attached:
                self.record(h.Leftover(now, computer.name, "no connection"))
            if daemon.brain.holding():
                self.record(h.Leftover(now, computer.name, f"{len(daemon.brain.holding())} jobs"))
            if daemon.brain._bench.draining:
                self.record(h.Leftover(now, computer.name, "the wish of an operator that no master knows of"))
            working = [worker for worker in daemon.workers.values() if worker.job]
            if working:
                self.record(h.Leftover(now, computer.name, f"{len(working)} workers of jobs that are over"))

"""What goes wrong: the table of faults, and who chooses among them.

A fault strikes at a random instant, undoes itself after a random time or never, and does not ask what else is broken.
`Nemesis.rage` goes on until the profile's number is reached and then heals everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulation import history as h
from simulation.clock import Process
from simulation.master import Master
from simulation.node import Computer, Daemon
from simulation.wires import Wire
from simulation.worker import Worker

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.instructions import Exit

if TYPE_CHECKING:
    from simulation.world import World

_SIGNALS = (6, 9, 11)

#: What may arrive twice: numbered messages, entries of a log, calls, and what says how things stand.
_MAY_REPEAT = (m.Done, m.Broke, m.Returned, m.Code, m.CallKind, m.Update, m.Submit, m.Acknowledge, m.Telemetry)


class Nemesis:
    """Strikes.

    Attributes:
        counts: how often each kind of fault struck.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts: Counter[str] = Counter()
        self._random = world.random
        severe = world.profile.severe
        #: Each fault: its name, how often it is chosen against the others, and what it does; False if it cannot now.
        self._table: list[tuple[str, float, Callable[[], bool]]] = [
            ("worker crashes", 20, self._worker_crashes),
            ("worker is stopped", 4, self._worker_stops),
            ("workers do not start", 2, self._workers_do_not_start),
            ("node daemon is killed", 3, self._node_dies),
            ("node loses its power", 2, self._node_loses_power),
            ("node daemon is stopped", 3, self._node_stops),
            ("node's connection is reset", 8, self._wire_cut),
            ("node's connection is half open", 4, self._wire_half_cut),
            ("network is silent both ways", 5, self._partition),
            ("network is silent one way", 5, self._one_way),
            ("network is slow", 6, self._slow),
            ("message arrives twice", 14, self._repeat),
            ("client's connection is reset", 5, self._client_cut),
            ("client is stopped", 2, self._client_stops),
            ("client is killed", 0.3 * severe, self._client_dies),
            ("master is killed", 1.5 * severe, self._master_dies),
            ("master loses its power", 0.5 * severe, self._master_loses_power),
            ("master is stopped", 1 * severe, self._master_stops),
            ("half of the nodes lose their power", 0.3 * severe, self._half_loses_power),
            ("history is locked", 1, self._history_locks),
            ("person sits down or leaves", 6, self._people),
            ("everybody sits down", 0.3 * severe, self._login_storm),
            ("operator drains or resumes a node", 3, self._drain),
            ("operator changes a niceness", 1, self._renice),
            ("operator cancels a job", 0.15 * severe, self._cancel_job),
        ]
        self._weights = [weight for _name, weight, _strike in self._table]

    def rage(self) -> None:
        """Strikes as often as the profile wants, then heals everything."""
        profile, clock = self.world.profile, self.world.clock
        while self.counts.total() < profile.faults:
            clock.run(clock.now + self._random.expovariate(1 / profile.between))
            self._strike()
        self.heal()

    def _strike(self) -> None:
        name, _weight, strike = self._random.choices(self._table, self._weights)[0]
        if strike():
            self.counts[name] += 1
            self.world.record(h.Fault(self.world.clock.now, name))

    def heal(self) -> None:
        """Mends all that is broken."""
        world = self.world
        world.start_master()
        assert world.master is not None
        for wire in list(world.wires()):
            wire.heal()
            wire.slow_down(world.profile.delay)
        self._resume(world.master)
        world.master.slow_history = 0.0
        for computer in world.computers:
            computer.reachable = True
            computer.unable = 0
            computer.start()
            computer.sit_down(0)
            assert computer.daemon is not None
            self._resume(computer.daemon)
            for worker in computer.daemon.workers.values():
                worker.resume()
            world.master.drain(computer.name, on=False)
        for client in world.clients:
            self._resume(client)

    # --- choosing -------------------------------------------------------------------------------------------------

    def _soon(self) -> float:
        """Seconds until a fault undoes itself: mostly before anybody gives up, sometimes long after."""
        return self._random.expovariate(1 / self.world.profile.patience)

    def _computer(self) -> Computer:
        return self._random.choice(self.world.computers)

    def _daemon(self) -> Daemon | None:
        return self._computer().daemon

    def _wire(self) -> Wire | None:
        daemon = self._daemon()
        return daemon.wire if daemon is not None else None

    def _worker(self) -> Worker | None:
        """One of a computer, rather one that works."""
        daemon = self._daemon()
        workers = [worker for worker in daemon.workers.values() if worker.alive] if daemon is not None else []
        busy = [worker for worker in workers if worker.glance().since is not None]
        return self._random.choice(busy or workers) if workers else None

    def _later(self, action: Callable[..., Any], *arguments: Any) -> None:
        self.world.clock.later(self._soon(), action, *arguments)

    # --- workers --------------------------------------------------------------------------------------------------

    def _worker_crashes(self) -> bool:
        worker = self._worker()
        if worker is not None:
            worker.die(Exit(signal=self._random.choice(_SIGNALS)))
        return worker is not None

    def _worker_stops(self) -> bool:
        worker = self._worker()
        if worker is None or worker.stopped:
            return False
        worker.stop()
        self._later(worker.resume)
        return True

    def _workers_do_not_start(self) -> bool:
        self._computer().unable = self._random.randint(1, 4)
        return True

    # --- nodes ----------------------------------------------------------------------------------------------------

    def _node_dies(self) -> bool:
        return self._end(self._computer(), heard=True)

    def _node_loses_power(self) -> bool:
        return self._end(self._computer(), heard=False)

    def _half_loses_power(self) -> bool:
        half = self._random.sample(self.world.computers, (len(self.world.computers) + 1) // 2)
        struck = [self._end(computer, heard=False) for computer in half]
        return any(struck)

    def _end(self, computer: Computer, *, heard: bool) -> bool:
        if computer.daemon is None:
            return False
        computer.kill(heard=heard)
        self._later(computer.start)
        return True

    def _node_stops(self) -> bool:
        daemon = self._daemon()
        if daemon is None or daemon.stopped:
            return False
        self._stop(daemon, [daemon.wire] if daemon.wire is not None else [], there=True)
        return True

    # --- connections ----------------------------------------------------------------------------------------------

    def _wire_cut(self) -> bool:
        wire = self._wire()
        if wire is not None:
            wire.cut()
        return wire is not None

    def _wire_half_cut(self) -> bool:
        wire = self._wire()
        if wire is not None:
            wire.half_cut(near=self._random.random() < 0.5)
        return wire is not None

    def _partition(self) -> bool:
        return self._silence(there=True, back=True)

    def _one_way(self) -> bool:
        there = self._random.random() < 0.5
        return self._silence(there=there, back=not there)

    def _silence(self, *, there: bool, back: bool) -> bool:
        computer = self._computer()
        if computer.daemon is None or not computer.reachable:
            return False
        computer.reachable = False
        wire = computer.daemon.wire
        if wire is not None:
            wire.silence(there, back)
        self._later(self._reach, computer, wire)
        return True

    def _reach(self, computer: Computer, wire: Wire | None) -> None:
        computer.reachable = True
        if wire is not None:
            wire.heal()

    def _slow(self) -> bool:
        wire = self._wire()
        if wire is None:
            return False
        wire.slow_down(self._random.choice([0.05, 0.3, 1.0]))
        self._later(wire.slow_down, self.world.profile.delay)
        return True

    def _repeat(self) -> bool:
        wires = self.world.wires()
        return bool(wires) and self._random.choice(wires).repeat(_MAY_REPEAT)

    # --- clients and the master -----------------------------------------------------------------------------------

    def _client_cut(self) -> bool:
        wire = self._random.choice(self.world.clients).wire
        if wire is not None:
            wire.cut()
        return wire is not None

    def _client_stops(self) -> bool:
        client = self._random.choice(self.world.clients)
        if client.stopped:
            return False
        self._stop(client, [], there=True)
        return True

    def _client_dies(self) -> bool:
        self.world.replace_client(self._random.choice(self.world.clients))
        return True

    def _master_dies(self) -> bool:
        return self._end_master(heard=True)

    def _master_loses_power(self) -> bool:
        return self._end_master(heard=False)

    def _end_master(self, *, heard: bool) -> bool:
        master, self.world.master = self.world.master, None
        if master is None:
            return False
        master.die(heard=heard)
        self._later(self.world.start_master)
        return True

    def _master_stops(self) -> bool:
        master = self.world.master
        if master is None or master.stopped:
            return False
        self._stop(master, master.wires, there=False)
        return True

    def _history_locks(self) -> bool:
        master = self.world.master
        if master is None:
            return False
        master.slow_history = self._soon()
        self._later(self._unlock, master)
        return True

    def _unlock(self, master: Master) -> None:
        master.slow_history = 0.0

    def _stop(self, process: Process, wires: list[Wire], *, there: bool) -> None:
        """SIGSTOP: nothing comes from it any more on these connections, no sign of life either."""
        process.stop()
        for wire in wires:
            wire.silence(there, not there)
        self._later(self._wake, process, wires)

    def _wake(self, process: Process, wires: list[Wire]) -> None:
        for wire in wires:
            wire.heal()
        self._resume(process)

    def _resume(self, process: Process) -> None:
        if process.stopped:
            process.resume()

    # --- people and operators -------------------------------------------------------------------------------------

    def _people(self) -> bool:
        computer = self._computer()
        computer.sit_down(0 if computer.people else 1)
        if computer.people:
            self._later(computer.sit_down, 0)
        return True

    def _login_storm(self) -> bool:
        for computer in self.world.computers:
            computer.sit_down(1)
            self._later(computer.sit_down, 0)
        return True

    def _drain(self) -> bool:
        master = self.world.master
        if master is None or master.stopped:
            return False
        name = self._computer().name
        master.drain(name, on=True)
        self._later(self._undrain, name)
        return True

    def _undrain(self, name: str) -> None:
        master = self.world.master
        if master is not None:
            master.do(master.drain, name, False)

    def _renice(self) -> bool:
        job = self._any_job()
        if job is not None and self.world.master is not None:
            self.world.master.do(self.world.master.renice, job, self._random.randint(0, 19))
        return job is not None

    def _cancel_job(self) -> bool:
        job = self._any_job()
        if job is not None and self.world.master is not None:
            self.world.master.do(self.world.master.cancel_job, job)
        return job is not None

    def _any_job(self) -> int | None:
        jobs = [job.log.key for client in self.world.clients for job in client.jobs]
        return self._random.choice(jobs) if jobs and self.world.master is not None else None

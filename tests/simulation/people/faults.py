"""What goes wrong in a room, and who chooses among it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from simulation.people.machine import Machine
from simulation.wires import Wire

if TYPE_CHECKING:
    from simulation.people.room import Room

_FARTHEST = 3 * 3600  # seconds that the clock is set wrong at most: the day stays the same


class Nemesis:
    """Strikes.

    Attributes:
        counts: how often each kind of fault struck.
    """

    def __init__(self, room: Room) -> None:
        self.counts: Counter[str] = Counter()
        self._room = room
        self._random = room.random
        #: Each fault, and what it does; False if it cannot now.
        self._table: dict[str, Callable[[], bool]] = {
            "node's connection is reset": self._cut,
            "network is silent": self._silence,
            "report arrives twice": self._repeat,
            "master is killed": self._kill_master,
            "node loses its power": self._power_cut,
            "node daemon is stopped": self._stop,
            "wall clock is set": self._set_clock,
        }

    def strike(self) -> None:
        name = self._random.choice(list(self._table))
        if self._table[name]():
            self.counts[name] += 1

    def heal(self) -> None:
        """Mends all that is broken, but for the wall clock."""
        self._room.start_master()
        for wire in self._room.wires:
            wire.heal()
        for machine in self._room.machines:
            machine.reachable = True
            machine.resume()

    def _cut(self) -> bool:
        wire = self._random.choice(self._room.machines).wire
        if wire is not None:
            wire.cut()
        return wire is not None

    def _silence(self) -> bool:
        machine = self._random.choice(self._room.machines)
        wire = machine.wire
        if wire is None:
            return False
        there = self._random.random() < 0.7
        wire.silence(there=there, back=not there or self._random.random() < 0.6)
        machine.reachable = False
        self._room.clock.later(self._random.expovariate(1 / self._random.choice([10, 300])), self._reach, machine, wire)
        return True

    def _reach(self, machine: Machine, wire: Wire) -> None:
        machine.reachable = True
        wire.heal()

    def _repeat(self) -> bool:
        """A report, not a request: who has two answers has pressed Enter twice."""
        machine = self._random.choice(self._room.machines)
        for _ in range(2):
            machine.report()
        return machine.wire is not None

    def _kill_master(self) -> bool:
        books, self._room.books = self._room.books, None
        if books is not None:
            books.die()
            self._room.clock.later(self._random.expovariate(1 / 40), self._room.start_master)
        return books is not None

    def _power_cut(self) -> bool:
        self._random.choice(self._room.machines).lose_power()
        return True

    def _stop(self) -> bool:
        """The daemon is; the keeper of the session is not, and ends it in time."""
        machine = self._random.choice(self._room.machines)
        if machine.stopped:
            return False
        machine.stop()
        self._room.clock.later(self._random.expovariate(1 / 30), machine.resume)
        return True

    def _set_clock(self) -> bool:
        wrong = self._room.wrong + self._random.choice([-3600, -90, -5, 5, 90, 3600])
        self._room.wrong = max(-_FARTHEST, min(_FARTHEST, wrong))
        return True

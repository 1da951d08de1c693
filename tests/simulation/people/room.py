"""A room with its master and its nodes, and people who come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from simulation.checker import Violation
from simulation.clock import Clock
from simulation.people import truth
from simulation.people.books import Books
from simulation.people.faults import Nemesis
from simulation.people.machine import Machine
from simulation.people.seat import Seat
from simulation.wires import Wire
from simulation.world import Played

from asyncluster.core.database import accounts, openings
from asyncluster.core.database.database import Database
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.people.budget import Account
from asyncluster.core.people.calendar import Opening
from asyncluster.core.people.sessions import BEAT

FAULTS = 60  # in one run
_PEOPLE = ("ann", "bob", "eve")
_NODES = ("pc1", "pc2", "pc3")
_NOON = int(datetime(2026, 6, 3, 12, tzinfo=UTC).timestamp())
_PATIENCE = 15.0
_BETWEEN = 15.0  # mean seconds between two things that happen


def play_people(seed: int) -> Played:
    """Plays one history."""
    room = Room(seed)
    violations = room.play(FAULTS)
    return Played("people", seed, [], room.nemesis.counts, violations)


class Room:
    """Everything that a run has.

    Attributes:
        seats: all sessions there ever were.
        books: the run of the master of now; None: there is none.
        wrong: seconds by which the wall clock is ahead.
        wires: all connections there ever were.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(f"people {seed}")
        self.clock = Clock()
        self.database = Database("sqlite://")
        self.seats: list[Seat] = []
        self.wrong = 0.0
        self.wires: list[Wire] = []
        self.nemesis = Nemesis(self)
        self._origin = self.clock.now
        for user in _PEOPLE:
            self.database.call(accounts.add_account, Account(user, daily=truth.QUOTA), "hash", now=_NOON)
        for weekday in range(7):
            self.database.call(openings.add_opening, Opening(weekday, 0, 86400))
        self.books: Books | None = Books(self)
        self.machines = [Machine(self, name) for name in _NODES]

    def wall(self) -> float:
        """What the master's wall clock shows."""
        return _NOON + self.clock.now - self._origin + self.wrong

    def connect(self, machine: Machine, books: Books) -> Wire:
        """A new connection to the master."""
        wire = Wire(self.clock, self.random, machine, books.answers, patience=_PATIENCE, delay=0.05)
        self.wires.append(wire)
        return wire

    def start_master(self) -> None:
        """Starts the master, if it does not run."""
        if self.books is None:
            self.books = Books(self)

    def play(self, faults: int) -> list[Violation]:
        """So many faults, and what is wrong in the end."""
        try:
            while self.nemesis.counts.total() < faults:
                self.clock.run(self.clock.now + self.random.expovariate(1 / _BETWEEN))
                chance = self.random.random()
                if chance < 0.4:
                    self._somebody_comes()
                elif chance < 0.45:
                    self._somebody_goes()
                else:
                    self.nemesis.strike()
            self._finish()
            return truth.check(self.seats, self.database, self.clock.now, _PEOPLE)
        except AsynClusterError as error:
            return [Violation("failure", self.clock.now, f"{type(error).__name__}: {error}")]
        finally:
            self.database.close()

    def _somebody_comes(self) -> None:
        self.random.choice(self.machines).log_in(self.random.choice(_PEOPLE))

    def _somebody_goes(self) -> None:
        self.random.choice(self.machines).end("logout")

    def _finish(self) -> None:
        self.nemesis.heal()
        self.clock.run(self.clock.now + 4 * BEAT)
        for machine in self.machines:
            machine.end("logout")
        self.clock.run(self.clock.now + 4 * BEAT)

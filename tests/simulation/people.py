"""People on the same bad day: who sits where, what the master's books say of it, and what the clocks show.

The real transactions (`master.leases`, and by them `people.sessions` and `people.budget`) run on a database in memory;
nodes, wires and clocks are simulated. A node ends a session at its deadline by a clock that nobody sets, as a
session's keeper does. Next to it runs the truth: seconds that somebody really sat there.

    budget    nobody sits for longer than a day's quota, whatever was pulled, killed or set; but for the minute in
              which the network may keep a node from hearing that its person has logged in elsewhere
    lease     no session goes on past the promise that its node holds
    books     healed, every session is listed for no longer than it was and charged for no less, but for what a power
              cut kept from everybody
    overlap   the sessions that are listed of one person follow each other, and none ends before it begins
    stuck     healed, no session is open any more
    failure   no transaction is refused by the database
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

from simulation.checker import Violation
from simulation.clock import Clock, Process, Timer
from simulation.wires import Wire

from asyncluster.core.database import accounts, openings
from asyncluster.core.database import sessions as table
from asyncluster.core.database.database import Database
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.master import leases
from asyncluster.core.master.standing import Situation
from asyncluster.core.people.budget import Account
from asyncluster.core.people.calendar import Opening
from asyncluster.core.people.clock import SteadyClock
from asyncluster.core.people.refusals import End
from asyncluster.core.people.sessions import BEAT, GRACE, Session
from asyncluster.core.wire.people import EndedSession, Lease, LiveSession, SessionOrders, SessionReport

QUOTA = 600  # seconds a day
_PEOPLE = ("ann", "bob", "eve")
_NODES = ("pc1", "pc2", "pc3")
_NOON = int(datetime(2026, 6, 3, 12, tzinfo=UTC).timestamp())
_FARTHEST = 3 * 3600  # seconds that the clock is set wrong at most: the day stays the same
_PATIENCE = 15.0
_WAITS = 20.0  # seconds that somebody stays at a greeter that does not answer
_ROUNDING = 2.0  # seconds that a session's start and end are rounded by, ways of messages included


@dataclass
class Seat:
    """The truth about one session.

    Attributes:
        unseen: seconds at its end that no record has, for a power cut.
        holds: how long it may last, as its node knows.
    """

    session: str
    user: str
    node: str
    started: int
    begun: float
    holds: int | None
    noted: int = 0
    ended: float | None = None
    unseen: float = 0.0
    reason: str = ""
    booked: bool = False
    end: Timer | None = None

    def lasted(self, now: float) -> float:
        return (now if self.ended is None else self.ended) - self.begun


class _Books(Process):
    """One run of the master, as far as people are concerned."""

    def __init__(self, room: Room) -> None:
        super().__init__(room.clock)
        self.room = room
        self._contact: frozenset[str] = frozenset()
        self._steady = SteadyClock(room.wall, lambda: room.clock.now, self._set)
        self._ends: dict[_Desk, None] = {}
        self._beat()

    def answers(self, wire: Wire) -> _Desk:
        desk = _Desk(self, wire)
        self._ends[desk] = None
        return desk

    def die(self) -> None:
        self.kill()
        for desk in self._ends:
            desk.wire.far_closes()

    def situation(self) -> Situation:
        return Situation(self._steady.now(), self._contact, UTC)

    def handle(self, desk: _Desk, node: str, message: SessionReport | leases.Request) -> None:
        desk.node = node
        if isinstance(message, SessionReport):
            desk.wire.send_back([self.room.database.call(leases.report, self.situation(), node, message)])
            self._contact |= {node}
            return
        answer = self.room.database.call(leases.begin, self.situation(), message)
        desk.wire.send_back([(message, answer)])
        if isinstance(answer, leases.Granted):
            for other in self._ends:
                if other.node in answer.orders:
                    other.wire.send_back([answer.orders[other.node]])

    def gone(self, desk: _Desk) -> None:
        del self._ends[desk]
        if all(other.node != desk.node for other in self._ends):
            self._contact -= {desk.node}

    def _set(self, seconds: int) -> None:
        self.room.database.call(table.shift_heard, seconds)

    def _beat(self) -> None:
        self.room.database.call(leases.expire, self.situation())
        self.later(BEAT, self._beat)


class _Desk:
    """The master's end of a node's connection."""

    def __init__(self, books: _Books, wire: Wire) -> None:
        self.process: Process = books
        self.wire = wire
        self.node = ""
        self._books = books

    def arrived(self, messages: Sequence[Any]) -> None:
        for node, message in messages:
            self._books.handle(self, node, message)

    def lost(self) -> None:
        self.wire.far_closes()
        self._books.gone(self)


class _Machine(Process):
    """A node: its record of sessions, the clock that ends them, and its connection.

    Attributes:
        reachable: a new connection to the master would stand.
    """

    def __init__(self, room: Room, name: str) -> None:
        super().__init__(room.clock)
        self.process: Process = self
        self.room = room
        self.name = name
        self.seats: dict[str, Seat] = {}
        self.wire: Wire | None = None
        self.reachable = True
        self._asked = 0.0
        self._dial()
        self._beat()

    @property
    def sitting(self) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.ended is None), None)

    def log_in(self, user: str) -> None:
        """Somebody types a name and a password; if no answer comes in time they go away."""
        if self.wire is not None:
            self._asked = self.clock.now
            request = leases.Request(
                str(uuid.UUID(int=self.room.random.getrandbits(128))), user, self.name, ":0", "hash"
            )
            self.wire.send_there([(self.name, request)])

    def end(self, reason: str) -> None:
        seat = self.sitting
        if seat is not None:
            seat.ended, seat.reason = self.clock.now, reason
            seat.noted = int(seat.lasted(self.clock.now))
            self.report()

    def lose_power(self) -> None:
        """The session is over, and the record knows what was noted last."""
        seat = self.sitting
        if seat is not None:
            seat.ended, seat.reason = self.clock.now, "node stopped"
            seat.unseen = seat.lasted(self.clock.now) - seat.noted
        if self.wire is not None:
            self.wire.near_closes(heard=False)
            self.wire = None
            self.later(5.0, self._dial)

    # --- its connection -----------------------------------------------------------------------------------------

    def _dial(self) -> None:
        if self.wire is not None:
            return
        if self.room.books is None or not self.reachable:
            self.later(self.room.random.uniform(0, 5.0), self._dial)
            return
        self.wire = self.room.connect(self, self.room.books)
        self.report()

    def lost(self) -> None:
        if self.wire is not None:
            self.wire.near_closes()
            self.wire = None
            self.later(self.room.random.uniform(0, 5.0), self._dial)

    def _beat(self) -> None:
        self.report()
        self.later(BEAT, self._beat)

    def report(self) -> None:
        """Says all that it knows."""
        live, ended = [], []
        for seat in self.seats.values():
            if seat.ended is None:
                seat.noted = int(seat.lasted(self.clock.now))
                live.append(LiveSession(seat.session, seat.user, ":0", seat.started, seat.noted, seat.holds))
            else:
                ended.append(EndedSession(seat.session, seat.user, ":0", seat.started, seat.noted, seat.reason))
        if self.wire is not None:
            self.wire.send_there([(self.name, SessionReport(live, ended))])

    def arrived(self, messages: Sequence[Any]) -> None:
        for message in messages:
            if isinstance(message, SessionOrders):
                self._obey(message)
            else:
                request, answer = message
                if isinstance(answer, leases.Granted) and self.clock.now < self._asked + _WAITS:
                    self._begin(request, answer.lease)

    def _begin(self, request: leases.Request, lease: Lease) -> None:
        if self.sitting is not None:
            self.end("logout")  # whoever sits there makes room
        seat = Seat(request.session, request.user, self.name, lease.started, self.clock.now, lease.ends_after)
        self.seats[seat.session] = seat
        self.room.seats.append(seat)
        self._hold(seat)

    def _obey(self, orders: SessionOrders) -> None:
        for lease in orders.leases:
            seat = self.seats.get(lease.session)
            if seat is not None and seat.ended is None:
                seat.holds = lease.ends_after
                self._hold(seat)
        for order in orders.ends:
            if self.sitting is not None and order.session == self.sitting.session:
                self.end(order.reason)
        for session in orders.booked:
            self.seats.pop(session, None)

    def _hold(self, seat: Seat) -> None:
        """Ends the session at its deadline, whoever lives then."""
        if seat.end is not None:
            seat.end.cancel()
        if seat.holds is not None:
            left = max(0.0, seat.begun + seat.holds - self.clock.now)
            seat.end = self.clock.later(left, self._over, seat)

    def _over(self, seat: Seat) -> None:
        if seat.ended is None and self.sitting is seat:
            self.end("time")


class Room:
    """Everything that a run has.

    Attributes:
        seats: all sessions there ever were.
        counts: faults by kind.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(f"people {seed}")
        self.clock = Clock()
        self.database = Database("sqlite://")
        self.seats: list[Seat] = []
        self.counts: Counter[str] = Counter()
        self._wrong = 0.0  # seconds by which the wall clock is ahead
        self._origin = self.clock.now
        self._wires: list[Wire] = []
        for user in _PEOPLE:
            self.database.call(accounts.add_account, Account(user, daily=QUOTA), "hash", now=_NOON)
        for weekday in range(7):
            self.database.call(openings.add_opening, Opening(weekday, 0, 86400))
        self.books: _Books | None = _Books(self)
        self.machines = [_Machine(self, name) for name in _NODES]

    def wall(self) -> float:
        """What the master's wall clock shows."""
        return _NOON + self.clock.now - self._origin + self._wrong

    def connect(self, machine: _Machine, books: _Books) -> Wire:
        wire = Wire(self.clock, self.random, machine, books.answers, patience=_PATIENCE, delay=0.05)
        self._wires.append(wire)
        return wire

    # --- the run ----------------------------------------------------------------------------------------------------

    def play(self, faults: int) -> list[Violation]:
        """So many faults, and what is wrong in the end."""
        try:
            while self.counts.total() < faults:
                self.clock.run(self.clock.now + self.random.expovariate(1 / 15))
                chance = self.random.random()
                if chance < 0.4:
                    self._somebody_comes()
                elif chance < 0.45:
                    self._somebody_goes()
                else:
                    self._strike()
            self._heal()
            return list(self._violations())
        except AsynClusterError as error:
            return [Violation("failure", self.clock.now, f"{type(error).__name__}: {error}")]
        finally:
            self.database.close()

    def _somebody_comes(self) -> None:
        self.random.choice(self.machines).log_in(self.random.choice(_PEOPLE))

    def _somebody_goes(self) -> None:
        self.random.choice(self.machines).end("logout")

    def _strike(self) -> None:
        faults = {
            "connection is reset": self._cut,
            "network is silent": self._silence,
            "message arrives twice": self._repeat,
            "master is killed": self._kill_master,
            "node loses its power": self._power_cut,
            "node is stopped": self._stop,
            "wall clock is set": self._set_clock,
        }
        name = self.random.choice(list(faults))
        if faults[name]():
            self.counts[name] += 1

    def _cut(self) -> bool:
        wire = self.random.choice(self.machines).wire
        if wire is not None:
            wire.cut()
        return wire is not None

    def _silence(self) -> bool:
        machine = self.random.choice(self.machines)
        wire = machine.wire
        if wire is None:
            return False
        there = self.random.random() < 0.7
        wire.silence(there=there, back=not there or self.random.random() < 0.6)
        machine.reachable = False
        self.clock.later(self.random.expovariate(1 / self.random.choice([10, 300])), self._reach, machine, wire)
        return True

    def _reach(self, machine: _Machine, wire: Wire) -> None:
        machine.reachable = True
        wire.heal()

    def _repeat(self) -> bool:
        """A report, not a request: who has two answers has pressed Enter twice."""
        machine = self.random.choice(self.machines)
        for _ in range(2):
            machine.report()
        return machine.wire is not None

    def _kill_master(self) -> bool:
        books, self.books = self.books, None
        if books is not None:
            books.die()
            self.clock.later(self.random.expovariate(1 / 40), self._start_master)
        return books is not None

    def _start_master(self) -> None:
        if self.books is None:
            self.books = _Books(self)

    def _power_cut(self) -> bool:
        self.random.choice(self.machines).lose_power()
        return True

    def _stop(self) -> bool:
        """The daemon is; the keeper of the session is not, and ends it in time."""
        machine = self.random.choice(self.machines)
        if machine.stopped:
            return False
        machine.stop()
        self.clock.later(self.random.expovariate(1 / 30), machine.resume)
        return True

    def _set_clock(self) -> bool:
        self._wrong = max(-_FARTHEST, min(_FARTHEST, self._wrong + self.random.choice([-3600, -90, -5, 5, 90, 3600])))
        return True

    def _heal(self) -> None:
        self._start_master()
        for wire in self._wires:
            wire.heal()
        for machine in self.machines:
            machine.reachable = True
            machine.resume()
        self.clock.run(self.clock.now + 4 * BEAT)
        for machine in self.machines:
            machine.end("logout")
        self.clock.run(self.clock.now + 4 * BEAT)

    # --- what must hold ---------------------------------------------------------------------------------------------

    def _violations(self) -> Iterable[Violation]:
        now = self.clock.now
        rows = self.database.call(table.timesheet, user=None, since=0, until=_NOON * 2)
        for seat in self.seats:
            if seat.holds is not None and seat.lasted(now) > seat.holds + _ROUNDING:
                yield Violation("lease", now, f"{seat.user} sat for {seat.lasted(now):.0f} s of {seat.holds} s")
        for user in _PEOPLE:
            mine = [seat for seat in self.seats if seat.user == user]
            listed = [row for row in rows if row.user == user]
            true = sum(seat.lasted(now) for seat in mine)
            slack = sum(seat.unseen for seat in mine) + _ROUNDING * (len(mine) + len(listed))
            slack += _unlisted(mine, listed, now)
            if true > QUOTA + slack:
                yield Violation("budget", now, f"{user} sat for {true:.0f} s of {QUOTA} s")
            if any(row.ended is None for row in listed):
                yield Violation("stuck", now, f"a session of {user} is open")
                continue
            # A login whose answer never reached its node is listed as promised: it could have been a session.
            real = [row for row in listed if row.uuid in {seat.session for seat in mine}]
            booked = sum((row.ended or 0) - row.started for row in real)
            charged = sum((row.charged_until or row.ended or 0) - row.started for row in real)
            if booked > true + slack or charged < _union(mine, now) - slack:
                words = f"{booked} s of {user} are listed, {charged} s charged, {true:.0f} s true"
                yield Violation("books", now, words)
            for earlier, later in pairwise(listed):
                if earlier.ended is None or earlier.ended > later.started or earlier.ended < earlier.started:
                    yield Violation("overlap", now, f"{earlier} and {later}")


def _unlisted(seats: list[Seat], rows: Iterable[Session], now: float) -> float:
    """Seconds that sessions went on after the master had ended them for another login, as far as that is tolerated.

    A node that the network keeps from hearing of it is given `GRACE` to end the earlier session.
    """
    tolerated = (End.ELSEWHERE, End.REPLACED)
    listed = {row.uuid: (row.ended or 0) - row.started for row in rows if row.end_reason in tolerated}
    longer = (seat.lasted(now) - listed.get(seat.session, seat.lasted(now)) for seat in seats)
    return sum(min(float(GRACE), max(0.0, seconds)) for seconds in longer)


def _union(seats: list[Seat], now: float) -> float:
    """Seconds in which a person sat anywhere."""
    total, until = 0.0, 0.0
    for seat in sorted(seats, key=lambda seat: seat.begun):
        end = seat.begun + seat.lasted(now)
        total += max(0.0, end - max(seat.begun, until))
        until = max(until, end)
    return total

"""A room in which anything may happen at any time, and what must hold all the same.

Hypothesis plays two people, two nodes, an operator, cables, power cuts and a master that dies
between writes. Next to it runs the truth: who really sat where, on a clock that nobody sets. Ada's account is never
changed, so that her hours can be told beforehand; Bob's is changed all the time.

    make test         a few examples
    make test-faults  two thousand
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from msgspec.structs import replace
from support.people import PASSWORD, Room

from asyncluster.core import failpoints
from asyncluster.core.database.database import Database
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.people.ends import End
from asyncluster.core.people.throttle import FREE_PAIR
from asyncluster.core.wire.people import (
    BeginSession,
    EndedSession,
    Lease,
    LiveSession,
    SessionGranted,
    SessionOrders,
    SessionRefused,
    SessionReport,
)

DAILY = 1200  # Ada's seconds a day
OPENS, CLOSES = 10 * 3600, 11 * 3600
NODES = ("pc1", "pc2")
PEOPLE = ("ada", "bob")
DEATHS = ("transaction-before-commit", "transaction-committed", "login-inserted", "report-booked", "reconsidered")


@dataclass
class Seat:
    """The truth about one session."""

    user: str
    node: str
    session: str
    start: float
    end: float | None = None
    unseen: float = 0.0  # seconds at its end that nothing durable has seen: a power cut


@dataclass
class Kept:
    """What a node has on its disk about a session."""

    row: LiveSession
    begun: float
    ended: EndedSession | None = None


class Machine:
    """A node: what its disk holds, and the part of it that ends sessions.

    The disk is written when a session begins, with every report, and when it ends.
    """

    def __init__(self, room: Room, name: str) -> None:
        self.room = room
        self.name = name
        self.connected = True
        self.disk: dict[str, Kept] = {}

    @property
    def session(self) -> str | None:
        return next((session for session, kept in self.disk.items() if kept.ended is None), None)

    def begin(self, answer: SessionGranted) -> None:
        lease = answer.lease
        row = LiveSession(lease.session, answer.user, ":0", lease.started, 0, lease.ends_after)
        self.disk[lease.session] = Kept(row, self.room.passed)

    def renew(self, lease: Lease) -> None:
        if lease.session == self.session:
            kept = self.disk[lease.session]
            kept.row = replace(kept.row, holds=lease.ends_after)

    def deadline(self) -> float | None:
        kept = self.disk.get(self.session or "")
        return None if kept is None or kept.row.holds is None else kept.begun + kept.row.holds

    def end(self, reason: str) -> None:
        """The session ends now."""
        assert self.session is not None
        kept = self.disk[self.session]
        self._ended(kept, int(self.room.passed - kept.begun), reason)

    def power_cut(self) -> float:
        """The session ends now, and the disk does not know; the seconds that nobody has seen."""
        kept = self.disk.get(self.session or "")
        if kept is None:
            return 0.0
        self._ended(kept, kept.row.elapsed, "node stopped")
        return self.room.passed - kept.begun - kept.row.elapsed

    def report(self) -> SessionReport:
        for kept in self.disk.values():
            if kept.ended is None:
                kept.row = replace(kept.row, elapsed=int(self.room.passed - kept.begun))
        live = [kept.row for kept in self.disk.values() if kept.ended is None]
        return SessionReport(live, [kept.ended for kept in self.disk.values() if kept.ended is not None])

    def booked(self, session: str) -> None:
        del self.disk[session]

    def _ended(self, kept: Kept, elapsed: int, reason: str) -> None:
        row = kept.row
        kept.ended = EndedSession(row.session, row.user, row.display, row.started, elapsed, reason)


class AnyRoom(RuleBasedStateMachine):
    """See the module."""

    @initialize()
    def open(self) -> None:
        self.database = Database("sqlite://")
        self.room = room = Room(self.database, "2026-06-01 10:05")
        room.open_daily("10:00", "11:00")
        room.add("ada", daily_hours=DAILY / 3600)
        room.add("bob", daily_hours=DAILY / 3600)
        self.seats: list[Seat] = []
        self.told = 0
        self.deaths = 0
        self.machines = {name: Machine(room, name) for name in NODES}
        for machine in self.machines.values():
            self.report(machine)

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        failpoints.arm("")
        try:
            self.heal_everything()
            self.check_the_books()
        finally:
            self.database.close()

    # --- What may happen --------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NODES), user=st.sampled_from(PEOPLE))
    def somebody_comes(self, name: str, user: str) -> None:
        """Whoever sits there makes room."""
        if self.machines[name].session is not None:
            self.end(name, End.LOGOUT)
        if self.machines[name].connected:
            self.log_in(name, user, None)

    @rule(name=st.sampled_from(NODES), user=st.sampled_from(PEOPLE), death=st.sampled_from(DEATHS))
    def the_master_dies_of_a_login(self, name: str, user: str, death: str) -> None:
        assume(self.machines[name].connected and self.machines[name].session is None)
        self.log_in(name, user, death)

    def log_in(self, name: str, user: str, death: str | None) -> None:
        session = str(uuid.uuid4())
        ask = BeginSession(1, session, ":0", user, PASSWORD)
        left = self.hours_of_ada() if user == "ada" and self.nothing_is_unsure() else None
        answer = self.attempt(death, lambda: self.room.people.begin(name, ask))
        if answer is None:
            return  # the master died; the node's request is void, and it may be asked again
        if isinstance(answer, SessionGranted):
            self.machines[name].begin(answer)
            self.seats.append(Seat(user, name, session, self.room.passed))
        self.listen()
        if isinstance(answer, SessionRefused) and answer.retry_after > 0:
            assert self.deaths >= FREE_PAIR  # the master died before it could say that these were no guesses
        elif left is not None:
            given = answer.lease.left if isinstance(answer, SessionGranted) else 0
            # Each earlier session and this one are counted in whole seconds.
            slack = self.slack() + len(self.seats) + 1
            assert abs(given - left) <= slack, f"{given} s were given, {left} s are left"

    @rule(name=st.sampled_from(NODES))
    def somebody_logs_out(self, name: str) -> None:
        session = self.machines[name].session
        assume(session is not None)
        self.end(name, End.LOGOUT)

    @rule(seconds=st.integers(1, 600))
    def time_passes(self, seconds: int) -> None:
        until = self.room.passed + seconds
        while self.room.passed < until - 1e-6:
            due = min([until, *self.deadlines()])
            self.room.pass_(max(0.0, due - self.room.passed))
            self.enforce()
        self.report_all(None)

    @rule(name=st.sampled_from(NODES))
    def a_cable_is_pulled(self, name: str) -> None:
        self.machines[name].connected = False
        self.room.people.node_lost(name)

    @rule(name=st.sampled_from(NODES), death=st.none() | st.sampled_from(DEATHS))
    def a_cable_is_plugged_in(self, name: str, death: str | None) -> None:
        self.machines[name].connected = True
        self.report(self.machines[name], death)

    @rule()
    def the_master_is_killed(self) -> None:
        self.room.restart()

    @rule(name=st.sampled_from(NODES))
    def a_daemon_is_killed(self, name: str) -> None:
        """It finds its sessions on the disk, where they go on."""
        self.room.people.node_lost(name)
        self.report(self.machines[name])

    @rule(name=st.sampled_from(NODES))
    def the_power_of_a_node_fails(self, name: str) -> None:
        unseen = self.machines[name].power_cut()
        for seat in self.sitting(name):
            seat.end, seat.unseen = self.room.passed, unseen
        self.room.people.node_lost(name)
        self.report(self.machines[name])

    @rule(death=st.none() | st.sampled_from(DEATHS))
    def everybody_reports(self, death: str | None) -> None:
        self.report_all(death)

    @rule(
        verb=st.sampled_from(["user enable", "user disable", "user restrict", "user unrestrict", "user kick"]),
        death=st.none() | st.sampled_from(DEATHS),
    )
    def the_operator_changes_bob(self, verb: str, death: str | None) -> None:
        self.operator(death, verb, name="bob")

    @rule(hours=st.sampled_from([0.0, 0.1, 1.0, 24.0]))
    def the_operator_changes_bobs_hours(self, hours: float) -> None:
        self.operator(None, "user quota", name="bob", daily_hours=hours)

    @rule(minutes=st.integers(1, 10), death=st.none() | st.sampled_from(DEATHS))
    def the_operator_gives_bob_time(self, minutes: int, death: str | None) -> None:
        self.operator(death, "user grant", name="bob", duration=f"{minutes}min")

    # --- What must hold ---------------------------------------------------------------------------------------

    @invariant()
    def a_person_has_at_most_one_open_session_and_no_two_overlap(self) -> None:
        if not hasattr(self, "room"):
            return
        until: dict[str, str] = {}
        for row in self.room.ask("timesheet list"):
            assert row["from"] >= until.get(row["name"], ""), f"{row} overlaps an earlier one"
            assert row["to"] is None or row["to"] >= row["from"]
            until[row["name"]] = row["to"] or "open"

    @invariant()
    def ada_never_sits_longer_than_her_hours_nor_when_it_is_closed(self) -> None:
        if not hasattr(self, "room"):
            return
        mine = [seat for seat in self.seats if seat.user == "ada"]
        total = sum((seat.end or self.room.passed) - seat.start for seat in mine)
        assert total <= DAILY + self.slack() + len(mine), f"Ada sat for {total} s"
        for seat in mine:
            assert self.time_of_day(seat.start) >= OPENS
            assert self.time_of_day(seat.end or self.room.passed) <= CLOSES + 1

    def check_the_books(self) -> None:
        """Everything is healed: each session is listed once and for what it was."""
        rows = self.room.ask("timesheet list")
        assert all(row["to"] is not None for row in rows)
        assert len(rows) <= len(self.seats) + self.deaths
        for user in PEOPLE:
            mine = [seat for seat in self.seats if seat.user == user]
            spans = [(seat.start, seat.end or 0.0) for seat in mine]
            true, alone = _union(spans), _until_the_next(spans)
            booked = sum(row["hours"] * 3600 for row in rows if row["name"] == user)
            unseen = sum(seat.unseen for seat in mine)
            assert booked <= true + len(mine) + 1, f"{user}: {booked} s booked, {true} s true"
            assert booked >= alone - unseen - 2 * len(mine) - 1, f"{user}: {booked} s booked, {alone} s true"

    # --- How it happens ---------------------------------------------------------------------------------------

    def attempt(self, death: str | None, do) -> object:  # type: ignore[no-untyped-def]
        """Do something that the master may die of, which then is started again."""
        failpoints.arm(f"{death}:1:raise" if death else "")
        try:
            return self.room.wait(do())
        except failpoints.FailPointReached:
            self.room.restart()
            self.deaths += 1
            return None
        finally:
            failpoints.arm("")

    def operator(self, death: str | None, verb: str, **arguments: object) -> None:
        failpoints.arm(f"{death}:1:raise" if death else "")
        try:
            self.room.ask(verb, **arguments)
        except failpoints.FailPointReached:
            self.room.restart()
        except AsynClusterError:
            assert verb == "user kick"  # nobody there
        finally:
            failpoints.arm("")
        self.listen()

    def report_all(self, death: str | None) -> None:
        for machine in self.machines.values():
            self.report(machine, death)

    def report(self, machine: Machine, death: str | None = None) -> None:
        if not machine.connected:
            return
        message = machine.report()
        answer = self.attempt(death, lambda: self.room.people.report(machine.name, message))
        if isinstance(answer, SessionOrders):
            self.obey(machine, answer)

    def listen(self) -> None:
        for name, message in self.room.told[self.told :]:
            if isinstance(message, SessionOrders) and self.machines[name].connected:
                self.obey(self.machines[name], message)
        self.told = len(self.room.told)

    def obey(self, machine: Machine, orders: SessionOrders) -> None:
        for lease in orders.leases:
            machine.renew(lease)
        for order in orders.ends:
            if order.session == machine.session:
                self.end(machine.name, End(order.reason))
        for session in orders.booked:
            machine.booked(session)
        self.enforce()

    def enforce(self) -> None:
        for machine in self.machines.values():
            deadline = machine.deadline()
            if deadline is not None and deadline <= self.room.passed + 1e-6:  # sums of floats
                self.end(machine.name, End.TIME)

    def deadlines(self) -> list[float]:
        found = [machine.deadline() for machine in self.machines.values()]
        return [deadline for deadline in found if deadline is not None]

    def end(self, name: str, reason: End) -> None:
        self.machines[name].end(reason)
        for seat in self.sitting(name):
            seat.end = self.room.passed

    def sitting(self, name: str) -> Iterator[Seat]:
        return (seat for seat in self.seats if seat.node == name and seat.end is None)

    def nothing_is_unsure(self) -> bool:
        """All nodes are there, and the master knows all that has happened."""
        if not all(machine.connected for machine in self.machines.values()):
            return False
        self.report_all(None)
        return True

    def hours_of_ada(self) -> float:
        """What is left of Ada's time by the truth."""
        used = sum((seat.end or self.room.passed) - seat.start for seat in self.seats if seat.user == "ada")
        now = self.time_of_day(self.room.passed)
        if not OPENS <= now < CLOSES:
            return 0.0
        return max(0.0, min(DAILY - used, CLOSES - now))

    def time_of_day(self, passed: float) -> float:
        """The wall's time of the one day that a run lasts at most: it goes on counting after midnight."""
        return passed + OPENS + 300

    def slack(self) -> float:
        """Seconds of Ada's that no record has: only a power cut may lose any."""
        return sum(seat.unseen for seat in self.seats if seat.user == "ada")

    def heal_everything(self) -> None:
        for machine in self.machines.values():
            machine.connected = True
        self.report_all(None)
        self.listen()
        for name, machine in self.machines.items():
            if machine.session is not None:
                self.end(name, End.LOGOUT)
        self.room.pass_(120)  # what a node never heard of is given up after this
        for _ in range(2):
            self.report_all(None)


def _union(spans: list[tuple[float, float]]) -> float:
    total, until = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _until_the_next(spans: list[tuple[float, float]]) -> float:
    """A session that nobody could tell to stop is listed until the next one begins, though it is charged for longer."""
    begun = [*sorted(spans), (math.inf, math.inf)]
    return sum(max(0.0, min(end, following) - start) for (start, end), (following, _) in pairwise(begun))


def _play(examples: int) -> None:
    run_state_machine_as_test(
        AnyRoom,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
        ),
    )


def test_a_room_keeps_its_books() -> None:
    _play(25)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_a_room_keeps_its_books_whatever_happens() -> None:
    _play(2000)

"""A room for tests: the master's people service on a real database, with clocks that the test moves.

`room` runs every test on SQLite and on PostgreSQL. Nothing waits: the database is called at once and time passes when
the test says so.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest
from twisted.internet.defer import Deferred, execute
from twisted.internet.task import Clock

from asyncluster.core.database.database import Database
from asyncluster.core.master.people import PeopleService
from asyncluster.core.master.verbs import openings, timesheets, users
from asyncluster.core.people.passwords import Hasher
from asyncluster.core.wire.people import (
    BeginSession,
    EndedSession,
    LiveSession,
    SessionGranted,
    SessionOrders,
    SessionRefused,
    SessionReport,
)

T = TypeVar("T")

BERLIN = ZoneInfo("Europe/Berlin")
PASSWORD = "S3NTINEL-7f3a"
VERBS = users.VERBS | openings.VERBS | timesheets.VERBS
QUICK = Hasher(passes=1, memory=8, lanes=1)


class ImmediateDatabase:
    """The database, without its thread."""

    def __init__(self, database: Database) -> None:
        self.call = database.call

    def run(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> Deferred[T]:
        return execute(self.call, function, *args, **kwargs)


class ImmediatePasswords:
    """Password checks, without their threads; `pending` holds them back."""

    def __init__(self) -> None:
        self.hasher = QUICK
        self.checked: list[str | None] = []
        self.pending: list[Deferred[None]] | None = None

    async def verify(self, password: str, stored: str | None) -> bool:
        self.checked.append(stored)
        if self.pending is not None:
            held: Deferred[None] = Deferred()
            self.pending.append(held)
            await held
        return self.hasher.verify(password, stored)

    async def hash(self, password: str) -> str:
        return self.hasher.hash(password)

    def is_outdated(self, stored: str) -> bool:
        return self.hasher.is_outdated(stored)


@dataclass
class Operator:
    uid: int = 0
    name: str = "root"


class Room:
    """One master and any number of nodes."""

    def __init__(self, database: Database, start: str = "2026-06-01 10:00") -> None:
        self.database = ImmediateDatabase(database)
        self.passwords = ImmediatePasswords()
        self.wall = datetime.fromisoformat(start).replace(tzinfo=BERLIN).timestamp()
        self.passed = 0.0  # on a clock that only goes forward, as nodes have
        self.told: list[tuple[str, Any]] = []
        self.identity = Operator()
        self.restart()

    def restart(self) -> None:
        """The master dies and is started again."""
        self.reactor = Clock()
        self.people = PeopleService(
            self.database,  # type: ignore[arg-type]
            self.passwords,  # type: ignore[arg-type]
            BERLIN,
            self.reactor,
            lambda node, message: self.told.append((node, message)),
            wall=lambda: self.wall,
            monotonic=self.reactor.seconds,
        )

    def now(self) -> float:
        return self.wall

    def pass_(self, seconds: float) -> None:
        """Time passes."""
        self.wall += seconds
        self.passed += seconds
        self.reactor.advance(seconds)

    def set_clock(self, text: str) -> None:
        """Somebody sets the wall clock."""
        self.wall = datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()

    def at(self, text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp())

    def wait(self, coroutine: Awaitable[T]) -> T:
        """The result of a coroutine, after the least time that it takes."""
        results: list[T] = []
        deferred: Deferred[T] = Deferred.fromCoroutine(coroutine)  # type: ignore[arg-type]
        deferred.addCallback(results.append)
        failures: list[Any] = []
        deferred.addErrback(failures.append)
        if not results and not failures:
            self.pass_(0.3)
        for failure in failures:
            failure.raiseException()
        return results[0]

    def ask(self, verb: str, **arguments: Any) -> Any:
        """A verb of the control socket, through its argument struct and as the client decodes the answer."""
        found = VERBS[verb]
        args = msgspec.convert(arguments, found.args)
        return msgspec.to_builtins(self.wait(found.handler(self, args)))

    def add(self, name: str, **arguments: Any) -> None:
        self.ask("user add", name=name, password=PASSWORD, **arguments)

    def open_daily(self, start: str = "08:00", end: str = "20:00") -> None:
        for day in range(7):
            self.ask("opening add", day=str(day), start=start, end=end)

    def node(self, name: str) -> Node:
        return Node(self, name)

    def show(self, name: str, **arguments: Any) -> dict[str, Any]:
        shown: dict[str, Any] = self.ask("user show", name=name, **arguments)
        return shown

    def sheet(self, **arguments: Any) -> list[tuple[str, str, str, str | None]]:
        """The timesheet as (name, node, from, to), with plain local times."""

        rows = self.ask("timesheet list", **arguments)
        return [(row["name"], row["node"], row["from"][11:19], row["to"] and row["to"][11:19]) for row in rows]


class Node:
    """Plays a node: it has a clock that only goes forward, keeps its deadlines and reports."""

    def __init__(self, room: Room, name: str) -> None:
        self.room = room
        self.name = name
        self.live: dict[str, LiveSession] = {}
        self.begun: dict[str, float] = {}
        self.ended: dict[str, EndedSession] = {}
        self.heard = 0

    def greet(
        self, name: str, password: str = PASSWORD, *, display: str = ":0", session: str | None = None
    ) -> SessionGranted | SessionRefused:
        """Somebody types a name and a password."""
        session = session or str(uuid.uuid4())
        answer = self.room.wait(self.room.people.begin(self.name, BeginSession(1, session, display, name, password)))
        if isinstance(answer, SessionGranted):
            lease = answer.lease
            self.live[session] = LiveSession(session, answer.user, display, lease.started, 0, lease.ends_after)
            self.begun[session] = self.room.passed
        return answer

    def report(self) -> SessionOrders:
        """What is going on here; the answer is obeyed."""
        self._listen()
        message = SessionReport([self._seen(session) for session in self.live], list(self.ended.values()))
        # Through bytes, as on the wire.
        message = msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=SessionReport)
        orders = self.room.wait(self.room.people.report(self.name, message))
        for session in orders.booked:
            self.ended.pop(session, None)
        self._obey(orders)
        return orders

    def logout(self, session: str | None = None, reason: str = "logout") -> None:
        """A session ends here; it is booked with the next report."""
        session = session or next(iter(self.live))
        seen = self._seen(session)
        del self.live[session]
        self.ended[session] = EndedSession(session, seen.user, seen.display, seen.started, seen.elapsed, reason)

    def enforce(self) -> None:
        """What the steward does, master or no master."""
        for session, row in list(self.live.items()):
            seen = self._seen(session)
            if row.holds is not None and seen.elapsed >= row.holds:
                self.begun[session] += seen.elapsed - row.holds
                self.logout(session, "time")

    def elapsed(self, session: str | None = None) -> int:
        return self._seen(session or next(iter(self.live))).elapsed

    def holds(self, session: str | None = None) -> int | None:
        """After how many seconds the session will end here."""
        self._listen()
        return self.live[session or next(iter(self.live))].holds

    def _listen(self) -> None:
        for node, message in self.room.told[self.heard :]:
            if node == self.name and isinstance(message, SessionOrders):
                self._obey(message)
        self.heard = len(self.room.told)

    def _obey(self, orders: SessionOrders) -> None:
        for lease in orders.leases:
            if lease.session in self.live:
                self.live[lease.session] = msgspec.structs.replace(self.live[lease.session], holds=lease.ends_after)
        for order in orders.ends:
            if order.session in self.live:
                self.logout(order.session, order.reason)

    def _seen(self, session: str) -> LiveSession:
        elapsed = int(self.room.passed - self.begun[session])
        return msgspec.structs.replace(self.live[session], elapsed=elapsed)


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)

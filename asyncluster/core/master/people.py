"""The master's part in logins and sessions: what nodes ask for, and what an operator's acts do to running sessions.

    node link     ->  begin, report, hours, node_lost
    control socket->  act, kick, message (through `verbs`)
    tell(node, ..)<-  orders and notices, at any time

The service decides nothing itself: it checks passwords, runs one transaction of `leases` and passes on the orders that
come out of it. All it remembers is which nodes are in contact; after a restart nobody is until nodes report.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from asyncluster.core.database import throttling
from asyncluster.core.database.accounts import find_account, replace_hash
from asyncluster.core.database.audit import Act, record_act
from asyncluster.core.database.database import Database
from asyncluster.core.database.errors import DatabaseError
from asyncluster.core.database.openings import load_calendar
from asyncluster.core.database.sessions import open_sessions, shift_heard
from asyncluster.core.master import leases
from asyncluster.core.master.leases import Granted, Orders, Refused, Request
from asyncluster.core.master.passwords import PasswordChecker
from asyncluster.core.master.standing import Situation
from asyncluster.core.people import refusals
from asyncluster.core.people.calendar import Calendar
from asyncluster.core.people.clock import SteadyClock
from asyncluster.core.people.names import is_account_name
from asyncluster.core.people.sessions import BEAT, Session
from asyncluster.core.wire.people import (
    AskHours,
    BeginSession,
    NoticeSeen,
    OpeningHours,
    SessionGranted,
    SessionNotice,
    SessionOrders,
    SessionRefused,
    SessionReport,
)

log = Logger()
R = TypeVar("R")

REPLY_FLOOR = 0.3  # seconds that an answer to a login takes at least, whatever it is
MOST_LOGINS = 64  # at once; more are asked to try again
BUSY_RETRY = 3  # seconds
ERROR_RETRY = 5
MOST_NOTICES = 1000  # that wait to be confirmed
AHEAD_DAYS = 15  # that are searched for the next opening

# What interfaces of zope say about reactors, no type checker understands.
ReactorTime: TypeAlias = Any
Tell: TypeAlias = Callable[[str, SessionOrders | SessionNotice], None]


@dataclass(frozen=True, slots=True)
class _Notice:
    """A message that somebody has been shown and has not confirmed."""

    node: str
    user: str
    sender: str
    text: str


class PeopleService:
    """Serves logins and sessions. Made by the master's composition root; `start` begins its periodic work.

    Args:
        database: opened with the same reactor.
        passwords: checks them.
        zone: the master's time zone.
        reactor: its time.
        tell: sends a message to a node that is connected; one that is not is none of its business.
        wall, monotonic: the clocks.

    Attributes:
        changed: called without arguments when sessions, accounts or openings may be other ones.
        acted: called with each act that the audit has got.
    """

    def __init__(
        self,
        database: Database,
        passwords: PasswordChecker,
        zone: tzinfo,
        reactor: ReactorTime,
        tell: Tell,
        *,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.zone = zone
        self.passwords = passwords
        self.changed: Callable[[], None] = lambda: None
        self.acted: Callable[[Act], None] = lambda act: None
        self._database = database
        self._reactor = reactor
        self._tell = tell
        self._clock = SteadyClock(wall, monotonic, self._clock_was_set)
        self._contact: frozenset[str] = frozenset()
        self._logins = 0
        self._notices: dict[int, _Notice] = {}
        self._told = self._clock.now()  # numbers of an earlier life of the master do not come again
        self._beat = LoopingCall(self._tick)
        self._beat.clock = reactor

    def start(self) -> None:
        """Begin to look after sessions whose nodes are away."""
        self._beat.start(BEAT, now=False)

    def stop(self) -> None:
        """End the periodic work; the database and the threads are their owner's."""
        if self._beat.running:
            self._beat.stop()

    def now(self) -> int:
        """Whole seconds since 1970."""
        return self._clock.now()

    def situation(self) -> Situation:
        """The circumstances of a decision that is taken now."""
        return Situation(self.now(), self._contact, self.zone)

    # --- From nodes ---------------------------------------------------------------------------------------

    async def begin(self, node: str, ask: BeginSession) -> SessionGranted | SessionRefused:
        """Check a password and begin a session. Every answer takes `REPLY_FLOOR` at least."""
        began = self._reactor.seconds()
        if self._logins >= MOST_LOGINS:
            answer: SessionGranted | SessionRefused = SessionRefused(ask.id, refusals.BUSY, BUSY_RETRY)
        else:
            self._logins += 1
            try:
                answer = await self._log_in(node, ask, began)
            except DatabaseError as error:
                log.error("A login was refused: {error}", error=str(error))
                answer = SessionRefused(ask.id, refusals.OUT_OF_ORDER, ERROR_RETRY)
            finally:
                self._logins -= 1
        await self._at_least(began)
        return answer

    async def _at_least(self, began: float) -> None:
        """Waits until an answer to what began then may be given."""
        rest = began + REPLY_FLOOR - self._reactor.seconds()
        if rest > 0:
            await deferLater(self._reactor, rest)

    async def report(self, node: str, message: SessionReport) -> SessionOrders:
        """Book and renew what a node reports; it is in contact from now on until it is lost.

        Raises:
            DatabaseError: nothing was booked; the node keeps its records and its deadlines and reports again.
        """
        orders = await self._database.run(leases.report, self.situation(), node, message)
        if message.ended or orders.ends or node not in self._contact:
            self.changed()
        self._contact |= {node}
        return orders

    async def hours(self, ask: AskHours) -> OpeningHours:
        """Today's openings, for a greeter."""
        now = self.now()
        calendar = await self._database.run(load_calendar, self.zone)
        today = calendar.day_of(now)
        return OpeningHours(
            ask.id,
            list(calendar.open_spans(today)),
            refusals.hours_words(calendar, now),
            opens=_opens_after(calendar, today),
            midnight=calendar.day_start(today),
            zone=getattr(self.zone, "key", None) or "",
        )

    async def seen(self, node: str, message: NoticeSeen) -> None:
        """A person has confirmed a message: whoever asks for the audit finds out."""
        notice = self._notices.get(message.id)
        if notice is not None and notice.node == node:
            del self._notices[message.id]
            act = Act(self.now(), 0, notice.user, "message seen", notice.user, f"from {notice.sender}: {notice.text}")
            await self.note(act)

    def node_lost(self, node: str) -> None:
        """The link of a node is gone: its sessions go on there until their deadlines."""
        self._contact -= {node}

    # --- From operators -----------------------------------------------------------------------------------

    async def act(self, act: Act, change: Callable[[Connection], R], *, user: str | None = None) -> R:
        """Change something and apply it to the sessions that are open, as one transaction.

        Args:
            act: what is written to the audit.
            change: makes the change; what it raises undoes everything.
            user: whose sessions may be affected; None: everybody's.
        """
        users = None if user is None else [user]
        result, orders = await self._database.run(_acted, self.situation(), act, change, users)
        self._tell_of(act)
        self._send(orders)
        return result

    async def kick(self, act: Act, user: str) -> Session | None:
        """End a person's session; returns it, or None if there is none."""
        found = await self._database.run(_kicked, self.situation(), act, user)
        if found is None:
            return None
        session, orders = found
        self._tell_of(act)
        self._send(orders)
        return session

    async def message(self, act: Act, user: str, sender: str, text: str) -> Session | None:
        """Show a text in a person's session; returns the session if it can be reached."""
        found = await self._database.run(_addressed, act, user)
        if found is None or found.node not in self._contact:
            return None
        self._told += 1
        self._notices[self._told] = _Notice(found.node, user, sender, text)
        if len(self._notices) > MOST_NOTICES:
            del self._notices[min(self._notices)]
        self._tell(found.node, SessionNotice(found.uuid, self._told, sender, text))
        self._tell_of(act)
        return found

    async def note(self, act: Act) -> None:
        """Write an act down that has been done already and concerns nobody's session."""
        await self._database.run(record_act, act)
        self.acted(act)

    # --- Inside -------------------------------------------------------------------------------------------

    async def _log_in(self, node: str, ask: BeginSession, began: float) -> SessionGranted | SessionRefused:
        name = ask.name if is_account_name(ask.name) else None
        attempt, stored = await self._database.run(_attempted, name, node, self.now())
        if attempt.number is None:
            return SessionRefused(ask.id, refusals.wait_words(attempt.wait), attempt.wait)
        right = await self.passwords.verify(ask.password, stored)
        if not right or name is None or stored is None:
            return SessionRefused(ask.id, refusals.WRONG, attempt.next_wait)
        if ask.unfit:
            await self._database.run(throttling.clear, attempt.number)
            return SessionRefused(ask.id, ask.unfit, 0)
        request = Request(ask.session, name, node, ask.display, stored)
        await self._at_least(began)  # now, since the session's time runs from when it is granted
        answer = await self._database.run(_logged_in, self.situation(), request, attempt.number)
        if self.passwords.is_outdated(stored):
            await self._database.run(replace_hash, name, stored, await self.passwords.hash(ask.password))
        if isinstance(answer, Refused):
            return SessionRefused(ask.id, answer.text, 0)
        self.changed()
        self._send(answer.orders)
        return SessionGranted(ask.id, name, answer.lease)

    def _tell_of(self, act: Act) -> None:
        self.changed()
        self.acted(act)

    def _send(self, orders: Orders) -> None:
        for node, message in orders.items():
            self._tell(node, message)

    def _tick(self) -> Deferred[None]:
        return Deferred.fromCoroutine(self._look_after())

    async def _look_after(self) -> None:
        try:
            await self._database.run(leases.expire, self.situation())
            self.changed()
        except DatabaseError as error:
            log.error("Sessions of absent nodes could not be looked after: {error}", error=str(error))

    def _clock_was_set(self, seconds: int) -> None:
        log.warn("The clock was set by {seconds} s; sessions go on as before.", seconds=seconds)
        shifted = self._database.run(shift_heard, seconds)
        shifted.addErrback(lambda failure: log.error("Not stored: {error}", error=failure.getErrorMessage()))


def _opens_after(calendar: Calendar, today: date) -> int | None:
    """When the first opening after today begins."""
    for days in range(1, AHEAD_DAYS):
        spans = calendar.open_spans(today + timedelta(days=days))
        if spans:
            return spans[0][0]
    return None


def _attempted(connection: Connection, name: str | None, node: str, now: int) -> tuple[throttling.Attempt, str | None]:
    """Count an attempt; the hash to check it against."""
    attempt = throttling.attempt(connection, name, node, now=now)
    stored = None if name is None else find_account(connection, name)
    return attempt, None if stored is None else stored.password_hash


def _logged_in(connection: Connection, situation: Situation, request: Request, number: int) -> Granted | Refused:
    throttling.clear(connection, number)
    return leases.begin(connection, situation, request)


def _acted(
    connection: Connection,
    situation: Situation,
    act: Act,
    change: Callable[[Connection], R],
    users: list[str] | None,
) -> tuple[R, Orders]:
    result = change(connection)
    record_act(connection, act)
    return result, leases.reconsider(connection, situation, users)


def _kicked(connection: Connection, situation: Situation, act: Act, user: str) -> tuple[Session, Orders] | None:
    record_act(connection, act)
    return leases.kick(connection, situation, user)


def _addressed(connection: Connection, act: Act, user: str) -> Session | None:
    record_act(connection, act)
    found = open_sessions(connection, [user])
    return found[0] if found else None

"""The reception of a node: what greeters, time bars, the master and the steward say, and what each is told. Pure.

    greeter   Login                  ->  BeginSession        master
    master    SessionGranted         ->  begin               steward     (keeper, PAM, X server)
    steward   admitted | refused     ->  Accepted | Refused  greeter
    steward   record (it goes on)    ->  SessionReport       master, at once and every `BEAT` seconds
    master    SessionOrders          ->  deadline | end      steward,    State | Ending to the time bar
    steward   record (it is over)    ->  SessionReport until the master has booked it, then forget to the steward

    steward   record (it is over)    ->  SessionReport, until the master has booked it; then forget to the steward
be lost at any time, and a new one learns all from the steward's records. Until it has, the master hears nothing from
it. `now` is CLOCK_BOOTTIME, `wall` seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from asyncluster.core.people.ends import End
from asyncluster.core.people.sessions import BEAT
from asyncluster.core.wire import greeter as g
from asyncluster.core.wire import people as p
from asyncluster.core.wire import timebar as t
from asyncluster.core.wire.messages import Message
from asyncluster.ndm.node.hours import openings
from asyncluster.ndm.node.seats import Seat, ended
from asyncluster.ndm.session.record import Record

ANSWER_SECONDS = 15.0  # the master's, to a login
HOURS_SECONDS = 60.0  # between two looks at the openings
AWAY = "The master does not answer."
AWAY_ADVICE = "Log in again when it is back."
BUSY = "Somebody else is about to sit down here."


@dataclass(frozen=True)
class DeskSettings:
    """What the desk is told of the configuration.

    Attributes:
        greeting: what every greeter shows first.
        warn_at: seconds before the end at which the time bar warns.
        grace: seconds that programs have to end.
        passwords: PAM wants the password, too.
    """

    greeting: g.Configuration
    warn_at: tuple[float, ...]
    grace: float
    passwords: bool


@dataclass(frozen=True)
class ToGreeter:
    """Send this to the greeter on a display."""

    display: str
    message: g.Message


@dataclass(frozen=True)
class ToTimeBar:
    """Send this to the time bar of a session."""

    session: str
    message: t.Message


@dataclass(frozen=True)
class ToMaster:
    """Send this to the master, if it hears us."""

    message: Message


@dataclass(frozen=True)
class ToSteward:
    """Ask the steward for this."""

    fields: dict[str, Any]

    def __repr__(self) -> str:
        return f"ToSteward({self.fields.get('verb')!r}, ...)"


@dataclass(frozen=True)
class PeopleHere:
    """So many people use this computer now."""

    count: int


Instruction: TypeAlias = ToGreeter | ToTimeBar | ToMaster | ToSteward | PeopleHere


@dataclass
class _Asked:
    """A login that the master has not answered yet."""

    session: str
    display: str
    choice: str
    password: str | None
    since: float


class Desk:
    """See the module.

    Args:
        settings: see there.
        new_session: makes the name of a session.
    """

    def __init__(self, settings: DeskSettings, new_session: Callable[[], str]) -> None:
        self._settings = settings
        self._new_session = new_session
        self._out: list[Instruction] = []
        self._known = False  # the steward has told all records
        self._master = False
        self._master_since: float | None = None
        self._count = 0
        self._asked: dict[int, _Asked] = {}
        self._seats: dict[str, Seat] = {}
        self._ended: dict[str, p.EndedSession] = {}
        self._displays: set[str] = set()  # that have a greeter
        self._openings: g.Openings | None = None
        self._report_at = 0.0
        self._hours_at = 0.0

    def take(self) -> list[Instruction]:
        """What is to be done now, in order; each instruction is handed out once."""
        out, self._out = self._out, []
        return out

    # --- from greeters ---------------------------------------------------------------------------------------

    def greeter_up(self, display: str) -> None:
        """There is a greeter on a display; it may be one that an earlier node daemon has talked to."""
        self._displays.add(display)
        self._greet(display, self._settings.greeting)
        self._greet(display, g.MasterState(self._master, self._master_since))
        if self._openings is not None:
            self._greet(display, self._openings)

    def greeter_down(self, display: str) -> None:
        """Its link is gone."""
        self._displays.discard(display)

    def login(self, display: str, login: g.Login, unfit: str, now: float) -> None:
        """Somebody pressed Enter.

        Args:
            unfit: why this computer has no session for that name, whatever the password; "" if it has.
        """
        if any(asked.display == display for asked in self._asked.values()):
            self._refuse(display, BUSY)
            return
        if not self._master:
            self._refuse(display, AWAY, AWAY_ADVICE)
            return
        self._count += 1
        password = login.password if self._settings.passwords else None
        asked = _Asked(self._new_session(), display, login.session, password, now)
        self._asked[self._count] = asked
        self._tell_master(
            p.BeginSession(self._count, asked.session, display, login.name, login.password, unfit=unfit[:300])
        )

    def power(self, action: str) -> None:
        """Somebody wants the computer to restart or to shut down."""
        if self._settings.greeting.power:
            self._ask_steward("power", action=action)

    # --- from time bars --------------------------------------------------------------------------------------

    def bar_up(self, session: str, now: float, wall: float) -> None:
        """There is a time bar in a session, perhaps in place of one that has ended."""
        seat = self._seats.get(session)
        if seat is None:
            return
        self._show(seat, seat.state(now, wall, self._settings.warn_at))
        for notice in seat.notices.values():
            self._show(seat, notice)

    def acknowledged(self, session: str, number: int) -> None:
        """The person has confirmed a message."""
        seat = self._seats.get(session)
        if seat is not None and seat.notices.pop(number, None) is not None:
            self._tell_master(p.NoticeSeen(session, number))

    def logout(self, session: str) -> None:
        """The person wants to leave."""
        if session in self._seats:
            self._ask_steward("end", session=session, reason=str(End.LOGOUT))

    # --- from the steward ------------------------------------------------------------------------------------

    def steward_ready(self, now: float) -> None:
        """The steward has told everything; from now on the master may hear from us."""
        self._known = True
        self._report(now)

    def admitted(self, session: str) -> None:
        """A person may sit down; the greeter makes room."""
        seat = self._seats.get(session)
        if seat is not None:
            self._greet(seat.display, g.Accepted())

    def refused(self, session: str, words: str, now: float) -> None:
        """There will be no session, though the master has granted it."""
        seat = self._seats.pop(session, None)
        if seat is None:
            return
        self._refuse(seat.display, *_split(words))
        self._ended[session] = seat.never_was(str(End.CRASHED))
        self._count_people()
        self._report(now)

    def record(self, record: Record, now: float) -> None:
        """A session goes on, or is over."""
        if record.reason:
            self._seats.pop(record.session, None)
            self._ended[record.session] = ended(record)
        else:
            self._seats.setdefault(record.session, Seat.of(record)).open = True
        self._count_people()
        self._report(now)

    # --- from the master -------------------------------------------------------------------------------------

    def master_up(self, now: float, wall: float) -> None:
        """The master hears us."""
        self._set_master(True, wall)
        self._hours_at = now
        self._report(now)
        self.tick(now)

    def master_down(self, wall: float) -> None:
        """The master does not hear us any more; sessions go on until their deadlines."""
        if not self._master:
            return
        self._set_master(False, wall)
        asked, self._asked = self._asked, {}
        for login in asked.values():
            self._refuse(login.display, AWAY, AWAY_ADVICE)

    def from_master(self, message: Message, now: float, wall: float) -> None:
        """What the master says about people."""
        match message:
            case p.SessionGranted():
                self._granted(message, now)
            case p.SessionRefused():
                asked = self._asked.pop(message.id, None)
                if asked is not None:
                    self._hours_at = now  # the hours beside the refusal are to be those that it speaks of
                    self._refuse(asked.display, *_split(message.reason), float(message.retry_after))
            case p.SessionOrders():
                self._obey(message, now, wall)
            case p.SessionNotice():
                self._notice(message, wall)
            case p.OpeningHours():
                self._openings = openings(message)
                for display in self._displays:
                    self._greet(display, self._openings)

    def _granted(self, message: p.SessionGranted, now: float) -> None:
        asked = self._asked.pop(message.id, None)
        lease = message.lease
        if asked is None or lease.session != asked.session:
            return  # too late: the next report does not list it, and the master ends it
        deadline = None if lease.ends_after is None else now + lease.ends_after
        seat = Seat(asked.session, message.user, asked.display, lease.started, now, deadline, lease)
        self._seats[asked.session] = seat
        self._ask_steward(
            "begin",
            display=asked.display,
            session=asked.session,
            user=message.user,
            choice=asked.choice,
            password=asked.password,
            started=lease.started,
            began=now,
            deadline=deadline,
        )

    def _obey(self, orders: p.SessionOrders, now: float, wall: float) -> None:
        for lease in orders.leases:
            seat = self._seats.get(lease.session)
            if seat is not None:
                self._renew(seat, lease, now, wall)
        for end in orders.ends:
            seat = self._seats.get(end.session)
            if seat is not None and not seat.ending:
                seat.ending = end.text or "This session ends."
                self._show(seat, t.Ending(seat.ending[:500], self._settings.grace))
                self._ask_steward("end", session=end.session, reason=_reason(end.reason))
        for session in orders.booked:
            if self._ended.pop(session, None) is not None:
                self._ask_steward("forget", session=session)

    def _renew(self, seat: Seat, lease: p.Lease, now: float, wall: float) -> None:
        deadline = None if lease.ends_after is None else seat.began + lease.ends_after
        if deadline != seat.deadline:
            seat.deadline = deadline
            self._ask_steward("deadline", session=seat.session, at=deadline)
        seat.lease = lease
        self._show(seat, seat.state(now, wall, self._settings.warn_at))

    def _notice(self, message: p.SessionNotice, wall: float) -> None:
        seat = self._seats.get(message.session)
        if seat is not None:
            notice = t.Notice(message.id, message.sender[:100], message.text[:2000], wall)
            seat.add(notice)
            self._show(seat, notice)

    # --- from the clock --------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Time has passed: reports, asks for the openings, and gives up on logins that nobody answers."""
        for number, asked in list(self._asked.items()):
            if now - asked.since >= ANSWER_SECONDS:
                del self._asked[number]
                self._refuse(asked.display, AWAY, AWAY_ADVICE)
        if self._master and now >= self._hours_at:
            self._count += 1
            self._hours_at = now + HOURS_SECONDS
            self._tell_master(p.AskHours(self._count))
        if now >= self._report_at:
            self._report(now)

    def wake_at(self) -> float:
        """When `tick` has something to do."""
        waits = (asked.since + ANSWER_SECONDS for asked in self._asked.values())
        moments = [self._report_at, *waits, *([self._hours_at] if self._master else [])]
        return min(moments)

    # --- within ----------------------------------------------------------------------------------------------

    def _report(self, now: float) -> None:
        if not self._known:
            return
        self._report_at = now + BEAT
        if self._master:
            live = [seat.live(now) for seat in self._seats.values()]
            over = list(self._ended.values())[: p.MOST_SESSIONS]
            self._tell_master(p.SessionReport(live, over))

    def _set_master(self, reachable: bool, wall: float) -> None:
        self._master, self._master_since = reachable, wall
        for display in self._displays:
            self._greet(display, g.MasterState(reachable, wall))

    def _count_people(self) -> None:
        self._out.append(PeopleHere(sum(1 for _ in self._open_seats())))

    def _open_seats(self) -> Iterator[Seat]:
        return (seat for seat in self._seats.values() if seat.open)

    def _refuse(self, display: str, reason: str, advice: str = "", retry_after: float = 0.0) -> None:
        self._greet(display, g.Refused(reason[:500], advice[:500], retry_after))

    def _greet(self, display: str, message: g.Message) -> None:
        self._out.append(ToGreeter(display, message))

    def _show(self, seat: Seat, message: t.Message) -> None:
        self._out.append(ToTimeBar(seat.session, message))

    def _tell_master(self, message: Message) -> None:
        self._out.append(ToMaster(message))

    def _ask_steward(self, verb: str, **fields: Any) -> None:
        self._out.append(ToSteward({"verb": verb, **fields}))


def _split(words: str) -> tuple[str, str]:
    """A refusal's first sentence, which says why, and the others, which say what happens next."""
    reason, dot, advice = words.partition(". ")
    return reason + dot.rstrip(), advice


def _reason(word: str) -> str:
    return word if word in list(End) else str(End.KICKED)

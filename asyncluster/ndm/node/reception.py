"""The desk's shell: sockets to greeters and time bars, the steward's channel, the master, and the clock.

    greeter, time bar  <--- frames --->  Reception + Desk  <--- shell --->  master
                                               |
                                          steward (`others`)

It decides nothing. Looking up an account may wait for a directory server, so a thread does it. A window that breaks
its protocol, floods us or does not read loses its link; a greeter is then started again.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import msgspec
from twisted.internet.protocol import Factory
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from asyncluster.core.errors import ProtocolError
from asyncluster.core.net.clock import Timer
from asyncluster.core.net.framed import FramedProtocol
from asyncluster.core.net.link import Body, Link
from asyncluster.core.wire import greeter as g
from asyncluster.core.wire import timebar as t
from asyncluster.core.wire.messages import Message, encode
from asyncluster.ndm.node import desk as d
from asyncluster.ndm.node.settings import ReceptionSettings
from asyncluster.ndm.node.shell import Shell
from asyncluster.ndm.node.stewardclient import StewardSpawner
from asyncluster.ndm.session.accounts import Unfit, person
from asyncluster.ndm.session.channel import Fields, close_all
from asyncluster.ndm.session.choices import choices
from asyncluster.ndm.session.desktop_entries import MAX_ENTRIES
from asyncluster.ndm.session.record import BadRecord, from_fields
from asyncluster.ndm.session.sitting import boot_clock

#: Messages that a window may send in `_SPELL` seconds; a person sends one or two.
_MOST_MESSAGES = 50
_SPELL = 10.0
_UNREAD = 256 * 1024
_log = Logger()


class Master(Protocol):
    """The way to the master: a `Shell`."""

    def tell_master(self, message: Message) -> bool:
        """Sends a message; False if there is no connection."""

    def people(self, count: int) -> None:
        """So many people use this computer."""


@dataclass(frozen=True)
class _Kind:
    """A kind of window."""

    decoder: Any
    max_frame: int


_GREETER = _Kind(g.from_greeter, g.MAX_FRAME)
_TIME_BAR = _Kind(t.from_time_bar, t.MAX_FRAME)


class Reception:
    """See the module.

    Args:
        reactor: Twisted's.
        desk: decides.
        ask_steward: sends a verb to the steward.
        master: the way to the master.
        unfit: why this computer has no session for a name, "" if it has; may take its time.
        now, wall: the clocks.
    """

    def __init__(
        self,
        reactor: Any,
        desk: d.Desk,
        ask_steward: Callable[[Fields], None],
        master: Master,
        unfit: Callable[[str], str],
        now: Callable[[], float] = boot_clock,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._reactor = reactor
        self._desk = desk
        self._ask_steward = ask_steward
        self._master = master
        self._unfit = unfit
        self._now = now
        self._wall = wall
        self._greeters: dict[str, Window] = {}
        self._bars: dict[str, Window] = {}
        self._timer: Timer | None = None
        self._closed = False

    def start(self) -> None:
        """Asks the steward for what there is."""
        self._ask_steward({"verb": "hello"})
        self._settle()

    def close(self) -> None:
        """The node daemon ends; greeters and sessions go on without it."""
        self._closed = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    # --- from the shell: the master --------------------------------------------------------------------------

    def connected(self) -> None:
        """The master is there (again)."""
        self._desk.master_up(self._now(), self._wall())
        self._settle()

    def lost(self) -> None:
        """The master is away."""
        self._desk.master_down(self._wall())
        self._settle()

    def received(self, message: Message) -> None:
        """What the master says about people."""
        self._desk.from_master(message, self._now(), self._wall())
        self._settle()

    # --- from the steward ------------------------------------------------------------------------------------

    def told(self, fields: Fields, fds: list[int]) -> None:
        """A message of the steward's that is not about workers."""
        match fields:
            case {"tell": "greeter", "display": str(display)} if len(fds) == 1:
                self._open(fds.pop(), _GREETER, self._greeters, display)
                self._desk.greeter_up(display)
            case {"tell": "time bar", "session": str(session)} if len(fds) == 1:
                self._open(fds.pop(), _TIME_BAR, self._bars, session)
                self._desk.bar_up(session, self._now(), self._wall())
            case {"tell": "admitted", "session": str(session)}:
                self._desk.admitted(session)
            case {"tell": "refused", "session": str(session), "words": str(words)}:
                self._desk.refused(session, words, self._now())
            case {"tell": "record", "record": dict(record)}:
                self._record(record)
            case {"tell": "words", "session": str(session), "words": str(words)}:
                _log.info("Session {session}: {words}", session=session, words=words)
            case {"tell": "at your service"}:
                self._desk.steward_ready(self._now())
        close_all(fds)
        self._settle()

    def _record(self, fields: Fields) -> None:
        try:
            record = from_fields(fields)
        except BadRecord as error:
            _log.error("The steward has told of a session that makes no sense: {error}", error=error)
            return
        if record.reason:
            _log.info("Session of {user} on {display} is over: {reason}.", **_facts(record))
        self._desk.record(record, self._now())

    # --- windows ---------------------------------------------------------------------------------------------

    def _open(self, fd: int, kind: _Kind, windows: dict[str, Window], name: str) -> None:
        former = windows.pop(name, None)
        if former is not None:
            former.abort()
        windows[name] = Window(self._reactor, fd, kind, lambda window, message: self._heard(windows, name, message))
        windows[name].lost_is = lambda window: self._window_lost(windows, name, window)

    def _heard(self, windows: dict[str, Window], name: str, message: Any) -> None:
        match message:
            case g.Login() if windows is self._greeters:
                self._login(name, message)
                return
            case g.Power(action):
                self._desk.power(action)
            case t.Acknowledged(number):
                self._desk.acknowledged(name, number)
            case t.EndSession():
                self._desk.logout(name)
        self._settle()

    def _window_lost(self, windows: dict[str, Window], name: str, window: Window) -> None:
        if windows.get(name) is not window:
            return
        del windows[name]
        if windows is self._greeters:
            self._desk.greeter_down(name)
            if not self._closed:
                self._ask_steward({"verb": "restart greeter", "display": name})

    def _login(self, display: str, login: g.Login) -> None:
        looked_up = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), self._unfit, login.name)
        looked_up.addErrback(_lookup_failed)
        looked_up.addCallback(lambda words: self._desk.login(display, login, words, self._now()))
        looked_up.addCallback(lambda _none: self._settle())
        looked_up.addErrback(lambda failure: _log.failure("A login failed", failure))

    # --- the desk --------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Does what the desk wants done."""
        if self._closed:
            return
        for instruction in self._desk.take():
            match instruction:
                case d.ToGreeter(display, message):
                    self._send(self._greeters.get(display), message)
                case d.ToTimeBar(session, bar_message):
                    self._send(self._bars.get(session), bar_message)
                case d.ToMaster(to_master):
                    self._master.tell_master(to_master)
                case d.ToSteward(fields):
                    self._ask_steward(fields)
                case d.PeopleHere(count):
                    self._master.people(count)
        self._wake_at(self._desk.wake_at())

    def _send(self, window: Window | None, message: Any) -> None:
        if window is not None:
            window.send(message)

    def _wake_at(self, at: float) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._reactor.callLater(max(0.1, at - self._now()), self._tick)

    def _tick(self) -> None:
        self._desk.tick(self._now())
        self._settle()


def receive(reactor: Any, shell: Shell, spawner: StewardSpawner, node: str, settings: ReceptionSettings) -> Reception:
    """Puts a reception between a node's shell and its steward."""
    fitness = partial(unfit_but, settings.guest) if settings.guest else unfit
    reception = Reception(reactor, d.Desk(desk_settings(node, settings), new_session), spawner.ask, shell, fitness)
    shell.sessions = reception
    spawner.others = reception.told
    return reception


def desk_settings(node: str, settings: ReceptionSettings) -> d.DeskSettings:
    """What the desk is told; the sessions on offer are looked up once."""
    offered = choices(settings.window_manager, settings.sessions)
    greeting = g.Configuration(
        node=node[:100],
        cluster=settings.cluster,
        size=settings.size,
        sessions=[g.Session(choice.id[:100], choice.name[:100]) for choice in offered][:MAX_ENTRIES],
        session=offered[0].id[:100] if offered else "",
        power=settings.power,
        language=os.environ.get("LANG", "en")[:20],
        hint=settings.hint,
    )
    return d.DeskSettings(greeting, settings.warn_at, settings.grace, settings.pam_password)


def new_session() -> str:
    """A name that no other session has."""
    return str(uuid.uuid4())


class Window:
    """The link to one greeter or time bar; a `FrameHandler`.

    Attributes:
        lost_is: hears once that it is lost.

    Args:
        fd: socket to it, taken over.
        hear: hears its messages.
    """

    def __init__(self, reactor: Any, fd: int, kind: _Kind, hear: Callable[[Window, Any], None]) -> None:
        self._reactor = reactor
        self._kind = kind
        self._hear = hear
        self._link: Link | None = None
        self._heard = 0
        self._spell_until = 0.0
        self.lost_is: Callable[[Window], None] = lambda _window: None
        protocol = FramedProtocol(reactor, self, max_frame=kind.max_frame, unread_limit=_UNREAD)
        os.set_blocking(fd, False)
        reactor.adoptStreamConnection(fd, socket.AF_UNIX, Factory.forProtocol(lambda: protocol))
        os.close(fd)  # Twisted has made its own

    def send(self, message: Any) -> None:
        """Sends a message, unless it has not read the former ones: what matters is sent again to the next window."""
        if self._link is not None and not self._link.paused:
            self._link.send(encode(message))

    def abort(self) -> None:
        """Drops it."""
        if self._link is not None:
            self._link.abort("another window has come")

    # --- from the link

    def connected(self, link: Link) -> None:
        self._link = link

    def frames(self, bodies: list[Body]) -> None:
        for body in bodies:
            self._count()
            try:
                message = self._kind.decoder.decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError("A window sent a message that is none.") from error
            self._hear(self, message)

    def paused(self) -> None:
        """It does not read; see `send`."""

    def resumed(self) -> None:
        """It reads again."""

    def lost(self, _reason: str) -> None:
        self._link = None
        self.lost_is(self)

    def _count(self) -> None:
        now = self._reactor.seconds()
        if now >= self._spell_until:
            self._spell_until = now + _SPELL
            self._heard = 0
        self._heard += 1
        if self._heard > _MOST_MESSAGES:
            raise ProtocolError("A window sends more than a person could.")


def unfit(name: str) -> str:
    """Why this computer has no session for that name; "" if it has."""
    try:
        person(name.strip())
    except Unfit as error:
        return str(error)
    return ""


def unfit_but(guest: str, name: str) -> str:
    """The same on a node that has one guest and asks for no account."""
    return "" if name.strip() == guest else f"This is a trial: only {guest} can log in here."


def _lookup_failed(failure: Failure) -> str:
    _log.failure("An account could not be looked up", failure)
    return "This computer cannot look up accounts now. Ask the operator."


def _facts(record: Any) -> dict[str, str]:
    return {"user": record.user, "display": record.display, "reason": record.reason}

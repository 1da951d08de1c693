"""The steward's half of people who sit down: greeters and sessions on displays, each kept by a keeper of its own.

    node     {"verb": "hello"}                             records and windows follow, then "at your service"
             {"verb": "begin", "display": ":77", "session": ..., "user": ..., "choice": ..., "password": ... | null,
              "started": ..., "began": ..., "deadline": ... | null}
             {"verb": "deadline", "session": ..., "at": ...}       {"verb": "end", "session": ..., "reason": ...}
             {"verb": "forget", "session": ...}                    {"verb": "restart greeter", "display": ":77"}
             {"verb": "power", "action": "restart" | "shut down"}
    steward  {"tell": "greeter", "display": ":77"} + socket        {"tell": "time bar", "session": ...} + socket
             {"tell": "admitted", "session": ...}                  {"tell": "refused", "session": ..., "words": ...}
             {"tell": "record", ...}         a session as it is on disk: it goes on, or it is over and to be booked
             {"tell": "words", "session": ..., "words": ...}       what PAM or a failing session said

What a session may be, which X server and which programs, is the configuration's business; the node daemon names a
display, an account and a choice. Deadlines are held by the keepers, so that nothing depends on the node daemon.
"""

from __future__ import annotations

import selectors
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from resource import struct_rusage

from asyncluster.core.errors import ProtocolError
from asyncluster.core.people.refusals import End
from asyncluster.ndm.display.screen import Place, clear
from asyncluster.ndm.display.supervisor import Move, Supervisor
from asyncluster.ndm.session.channel import Fields, close_all
from asyncluster.ndm.session.group import ControlGroup
from asyncluster.ndm.session.orders import Begin, Greet
from asyncluster.ndm.session.record import Record, Records, boot_id, is_session, path_of
from asyncluster.ndm.session.sitting import SOCKET, boot_clock
from asyncluster.ndm.steward.keepers import Keeper
from asyncluster.ndm.steward.parts import Tell, Verb

_MOST_TEXT = 4096
_LATEST = 2.0**40
BUSY = "Somebody else is about to sit down here."
INTERRUPTED = "The login was interrupted. Try again, or ask the operator."


@dataclass(frozen=True)
class DisplayPolicy:
    """What the configuration says.

    Attributes:
        places: the displays.
        greeter: user and group of the greeter.
        records: open directory of session records.
        service: PAM's.
        authenticate: PAM checks passwords, too.
        power: whether the login window may restart and shut down; does it, when called with the action.
    """

    places: tuple[Place, ...]
    greeter: tuple[int, int]
    window_manager: tuple[str, ...]
    sessions: tuple[str, ...]
    niceness: int
    grace: float
    records: int
    service: str
    authenticate: bool
    power: Callable[[str], None] | None


class _Display:
    """One display: who is on it, and who is about to be."""

    def __init__(self, place: Place, now: float) -> None:
        self.place = place
        self.name = f":{place.display}"
        self.supervisor = Supervisor(now)
        self.greeter: Keeper | None = None
        self.login: Keeper | None = None
        self.answered = False  # the node daemon has been told how the login went


class Displays:
    """A `Part` of the steward."""

    verbs: Mapping[str, Verb]
    tell: Tell
    selector: selectors.BaseSelector

    def __init__(self, policy: DisplayPolicy, now: Callable[[], float]) -> None:
        self._policy = policy
        self._now = now
        self._records = Records(path_of(policy.records))
        self._boot = boot_id()
        self._displays = {f":{place.display}": _Display(place, now()) for place in policy.places}
        self._node_is_up = False
        self._begun = False
        self._stopping = False
        self.verbs = {
            "hello": self._hello,
            "begin": self._begin,
            "deadline": self._deadline,
            "end": self._end,
            "forget": self._forget,
            "restart greeter": self._restart_greeter,
            "power": self._power,
        }

    # --- from the steward ------------------------------------------------------------------------------------

    def pids(self) -> Iterable[int]:
        return [keeper.pid for keeper in self._keepers() if keeper.pid]

    def child_ended(self, pid: int, _status: int, _usage: struct_rusage) -> bool:
        for display in self._displays.values():
            for keeper in (display.greeter, display.login):
                if keeper is not None and keeper.pid == pid:
                    self._gone(display, keeper)
                    return True
        return False

    def node_lost(self) -> None:
        """Greeters and sessions go on; the next node daemon says hello and hears of them."""
        self._node_is_up = False

    def tick(self, now: float) -> float | None:
        if not self._begun:
            self._begun = True
            self._take_over()
        if self._node_is_up and not self._stopping:
            for display in self._displays.values():
                if display.supervisor.tick(now) is Move.START_GREETER:
                    self._start_greeter(display)
        starts = [display.supervisor.start_at for display in self._displays.values()]
        return min((at for at in starts if at is not None), default=None) if self._node_is_up else None

    def stop(self, wait: Callable[[float], None]) -> None:
        """Ends all sessions while the node daemon can still tell the master; `wait` lets the steward go on a while."""
        self._stopping = True
        for keeper in self._keepers():
            keeper.send({"do": "end", "reason": str(End.NODE_STOPPED)})
        until = self._now() + self._policy.grace + 5.0
        while any(True for _ in self._keepers()) and self._now() < until:
            wait(until - self._now())

    def close(self) -> None:
        for display in self._displays.values():
            for keeper in (display.greeter, display.login):
                if keeper is not None:
                    self._gone(display, keeper)
            (display.place.directory / SOCKET).unlink(missing_ok=True)

    # --- from the node daemon --------------------------------------------------------------------------------

    def _hello(self, _fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        self._node_is_up = True
        for record in self._records.load():
            self._tell_record(record)
        for display in self._displays.values():
            for keeper in (display.greeter, display.login):
                if keeper is not None and keeper.window is not None:
                    self._tell_window(display, keeper)
        self.tell({"tell": "at your service"}, ())

    def _begin(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        display = self._displays.get(_text(fields, "display"))
        session, user = _session(fields), _text(fields, "user")
        if display is None:
            raise ProtocolError("The node daemon named a display that there is not.")
        password = _text(fields, "password") if fields.get("password") is not None else None
        order = Begin(
            place=display.place,
            session=session,
            user=user,
            choice=_text(fields, "choice"),
            password=password if self._policy.authenticate else None,
            started=int(_number(fields, "started")),
            began=_number(fields, "began"),
            deadline=_optional(fields, "deadline"),
            niceness=self._policy.niceness,
            grace=self._policy.grace,
            window_manager=self._policy.window_manager,
            sessions=self._policy.sessions,
            records=str(path_of(self._policy.records)),
            service=self._policy.service,
        )
        if self._policy.authenticate and password is None:
            raise ProtocolError("The node daemon sent no password.")
        if self._stopping or not display.supervisor.login_asked():
            self.tell({"tell": "refused", "session": session, "words": BUSY}, ())
            return
        display.answered = False
        try:
            display.login = Keeper.start(order, self.selector, self._heard, [self._policy.records])
        except OSError as error:
            display.supervisor.login_gone(self._now())
            words = f"This computer cannot start a session: {error.strerror}."
            self.tell({"tell": "refused", "session": session, "words": words}, ())

    def _deadline(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        at = _optional(fields, "at")
        keeper = self._keeper_of(_session(fields))
        if keeper is not None:
            keeper.send({"do": "deadline", "at": at})

    def _end(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        reason = _text(fields, "reason")
        if reason not in list(End):
            raise ProtocolError("The node daemon gave a reason that is none.")
        keeper = self._keeper_of(_session(fields))
        if keeper is not None:
            keeper.send({"do": "end", "reason": reason})

    def _forget(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        session = _session(fields)
        if self._keeper_of(session) is None:
            self._records.forget(session)

    def _restart_greeter(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        display = self._displays.get(_text(fields, "display"))
        if display is not None and display.greeter is not None:
            display.greeter.send({"do": "end"})

    def _power(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        action = _text(fields, "action")
        if action not in ("restart", "shut down"):
            raise ProtocolError("The node daemon asked for a state of power that there is not.")
        if self._policy.power is not None:
            self._policy.power(action)

    # --- from keepers ----------------------------------------------------------------------------------------

    def _heard(self, keeper: Keeper, fields: Fields | None, fds: list[int]) -> None:
        display = self._display_of(keeper)
        if fields is None:
            keeper.close()
            if not keeper.pid:  # of our own children the end is told when they are waited for
                self._gone(display, keeper)
            return
        match fields:
            case {"event": "window"} if len(fds) == 1:
                keeper.keep_window(fds)
                self._tell_window(display, keeper)
            case {"event": "admitted"}:
                self.tell({"tell": "admitted", "session": keeper.session}, ())
                self._do(display, display.supervisor.admitted())
            case {"event": "refused", "words": str(words)}:
                self._refuse(display, keeper.session, words)
            case {"event": "running"} if keeper is display.login:
                display.answered = True
                for record in self._known(keeper.session):
                    self._tell_record(record)
            case {"event": "told", "words": str(words)}:
                _complain(display, words)
                self.tell({"tell": "words", "session": keeper.session, "words": words}, ())
            case {"event": "failed", "words": str(words)}:
                _complain(display, words)
        close_all(fds)

    def _gone(self, display: _Display, keeper: Keeper) -> None:
        """A keeper has ended. If it could not do so in order, what it kept is ended here."""
        now = self._now()
        keeper.read_all()
        keeper.close()
        if keeper is display.greeter:
            display.greeter = None
            self._sweep(display)
            self._do(display, display.supervisor.greeter_gone(now))
            return
        display.login = None
        if display.supervisor.open:
            self._sweep(display)
            self._settle(keeper.session)
        if not display.answered:
            self._refuse(display, keeper.session, INTERRUPTED)
        display.supervisor.login_gone(now)

    def _refuse(self, display: _Display, session: str, words: str) -> None:
        display.answered = True
        self.tell({"tell": "refused", "session": session, "words": words}, ())

    def _sweep(self, display: _Display) -> None:
        place = display.place
        if place.group is not None:
            group = ControlGroup(place.group)
            group.kill()
            group.remove()
        (place.directory / SOCKET).unlink(missing_ok=True)
        clear(place)

    def _settle(self, session: str) -> None:
        """Closes the record of a session that is over, and tells the node daemon."""
        for record in self._known(session):
            over = record.abandoned(boot_clock(), self._boot)
            if over != record:
                self._records.save(over)
            self._tell_record(over)

    def _known(self, session: str) -> list[Record]:
        return [record for record in self._records.load() if record.session == session]

    # --- within ----------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Sessions of a former steward go on if their keepers do; what else it left behind is ended."""
        live: set[str] = set()
        for record in self._records.load():
            display = self._displays.get(record.display)
            if record.reason or display is None or display.login is not None or record.boot != self._boot:
                continue
            keeper = Keeper.adopt(display.place.directory, record.session, self.selector, self._heard)
            if keeper is not None:
                live.add(record.session)
                display.login = keeper
                display.supervisor.adopted()
        for display in self._displays.values():
            if display.login is None:
                self._sweep(display)
        for record in self._records.load():
            if record.session not in live and not record.reason:
                self._records.save(record.abandoned(boot_clock(), self._boot))

    def _start_greeter(self, display: _Display) -> None:
        order = Greet(display.place, *self._policy.greeter)
        try:
            display.greeter = Keeper.start(order, self.selector, self._heard)
        except OSError as error:
            _complain(display, f"No greeter can be started: {error.strerror}.")
            self._do(display, display.supervisor.greeter_gone(self._now()))

    def _do(self, display: _Display, move: Move | None) -> None:
        match move:
            case Move.END_GREETER if display.greeter is not None:
                display.greeter.send({"do": "end"})
            case Move.OPEN_SESSION if display.login is not None:
                display.login.send({"do": "open"})

    def _tell_window(self, display: _Display, keeper: Keeper) -> None:
        if keeper.window is None:
            return
        what: Fields = {"tell": "time bar", "session": keeper.session}
        if keeper is display.greeter:
            what = {"tell": "greeter", "display": display.name}
        self.tell(what, [keeper.window])

    def _tell_record(self, record: Record) -> None:
        self.tell({"tell": "record", "record": asdict(record)}, ())

    def _keepers(self) -> Iterable[Keeper]:
        for display in self._displays.values():
            for keeper in (display.greeter, display.login):
                if keeper is not None:
                    yield keeper

    def _keeper_of(self, session: str) -> Keeper | None:
        return next((keeper for keeper in self._keepers() if keeper.session == session), None)

    def _display_of(self, keeper: Keeper) -> _Display:
        return next(d for d in self._displays.values() if keeper in (d.greeter, d.login))


def _complain(display: _Display, words: str) -> None:
    print(f"Display {display.name}: {words}", file=sys.stderr)


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > _MOST_TEXT or "\0" in value:
        raise ProtocolError(f"The node daemon sent a wrong {name}.")
    return value


def _session(fields: Fields) -> str:
    value = fields.get("session")
    if not is_session(value):
        raise ProtocolError("The node daemon named a session that is none.")
    return str(value)


def _number(fields: Fields, name: str) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LATEST:
        raise ProtocolError(f"The node daemon sent a wrong {name}.")
    return value


def _optional(fields: Fields, name: str) -> float | None:
    return None if fields.get(name) is None else _number(fields, name)

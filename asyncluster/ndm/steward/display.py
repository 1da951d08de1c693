"""One display as the steward sees it: a keeper of its greeter, a keeper of its login, and what follows from either.

    greeter's keeper --- window ---------------> the node daemon, if it listens
    login's keeper ----- admitted -------------> the greeter ends; when it is gone: open
                         refused | its end ----> the node daemon
                         killed ---------------> all that it kept is ended, a closing keeper closes PAM's session

The greeter is put up whether or not a node daemon listens: it shows nothing before it is told what, and is ready then.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass

from asyncluster.ndm.display.screen import Place, clear
from asyncluster.ndm.display.supervisor import Move, Supervisor
from asyncluster.ndm.session.channel import Fields, close_all
from asyncluster.ndm.session.group import ControlGroup
from asyncluster.ndm.session.orders import Begin, Close, Greet
from asyncluster.ndm.session.record import Record
from asyncluster.ndm.session.sitting import SOCKET
from asyncluster.ndm.steward.books import Books
from asyncluster.ndm.steward.keepers import Keeper
from asyncluster.ndm.steward.parts import Part

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


class Display:
    """See the module.

    Attributes:
        name: ":77".
        place: where its files and processes are.
        start_at: when its next greeter is due, in seconds of the monotonic clock; None: not before something happens.

    Args:
        policy: see there.
        books: of all sessions.
        part: which it belongs to; has the steward's selector and its way to the node daemon.
        now: seconds of the monotonic clock.
    """

    def __init__(self, place: Place, policy: DisplayPolicy, books: Books, part: Part, now: Callable[[], float]) -> None:
        self.name = f":{place.display}"
        self.place = place
        self._policy = policy
        self._books = books
        self._part = part
        self._now = now
        self._supervisor = Supervisor(now())
        self._greeter: Keeper | None = None
        self._login: Keeper | None = None
        self._answered = False  # the node daemon has been told how the login went
        self._over = False  # the login's keeper has said that all is done
        self._listened = False  # a node daemon wants to hear of windows

    @property
    def start_at(self) -> float | None:
        return self._supervisor.start_at

    def keepers(self) -> list[Keeper]:
        """Those that there are."""
        return [keeper for keeper in (self._greeter, self._login) if keeper is not None]

    # --- from the steward ------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Time has passed."""
        if self._supervisor.tick(now) is Move.START_GREETER:
            self._greet()

    def child_ended(self, pid: int) -> bool:
        """A child of the steward has ended; whether it was a keeper of this display."""
        keeper = next((keeper for keeper in self.keepers() if keeper.pid == pid), None)
        if keeper is not None:
            self._gone(keeper)
        return keeper is not None

    def adopt(self, session: str) -> bool:
        """Takes over a session of a former steward, if its keeper lives and the display is free."""
        if self._login is not None:
            return False
        self._login = Keeper.adopt(self.place.directory, session, self._part.selector, self._heard)
        if self._login is None:
            return False
        self._supervisor.adopted()
        self._over = False
        return True

    def sweep(self) -> None:
        """Ends whatever stands on the display, and removes its files."""
        if self.place.group is not None:
            group = ControlGroup(self.place.group)
            group.kill()
            group.remove()
        (self.place.directory / SOCKET).unlink(missing_ok=True)
        clear(self.place)

    def sweep_unless_taken(self) -> None:
        """What a former steward has left here is ended, but for the session that was adopted."""
        if self._login is None:
            self.sweep()

    def close_pam(self, record: Record) -> None:
        """A session's keeper was killed: another one closes PAM's session. Nobody sits down before it has."""
        order = Close(self.place, record.user, self._policy.service)
        try:
            self._login = Keeper.start(order, self._part.selector, self._heard)
        except OSError as error:
            self._complain(f"PAM's session of {record.user} cannot be closed: {error.strerror}.")
            return
        self._supervisor.adopted()
        self._over = self._answered = True

    def close(self) -> None:
        """The steward ends: nothing of the display is left."""
        for keeper in self.keepers():
            self._over = True
            self._gone(keeper)
        (self.place.directory / SOCKET).unlink(missing_ok=True)

    # --- from the node daemon --------------------------------------------------------------------------------

    def node_up(self) -> None:
        """A node daemon wants to hear of windows, at first of those that there are."""
        self._listened = True
        for keeper in self.keepers():
            self._tell_window(keeper)

    def node_lost(self) -> None:
        """It is gone; the next one will say when it listens."""
        self._listened = False

    def begin(self, order: Begin) -> None:
        """Somebody may log in as far as the master is concerned."""
        if not self._supervisor.login_asked():
            self.refuse(order.session, BUSY)
            return
        self._answered = self._over = False
        try:
            self._login = Keeper.start(order, self._part.selector, self._heard, [self._policy.records])
        except OSError as error:
            self._supervisor.login_gone(self._now())
            self.refuse(order.session, f"This computer cannot start a session: {error.strerror}.")

    def refuse(self, session: str, words: str) -> None:
        """There will be no such session."""
        self._answered = True
        self._part.tell({"tell": "refused", "session": session, "words": words}, ())

    def restart_greeter(self) -> None:
        """Another greeter takes the place of the present one."""
        if self._greeter is not None:
            self._greeter.send({"do": "end"})

    # --- from keepers ----------------------------------------------------------------------------------------

    def _heard(self, keeper: Keeper, fields: Fields | None, fds: list[int]) -> None:
        if fields is None:
            keeper.close()
            if not keeper.pid:  # of our own children the end is told when they are waited for
                self._gone(keeper)
            return
        match fields:
            case {"event": "window"} if len(fds) == 1:
                keeper.keep_window(fds)
                self._tell_window(keeper)
            case {"event": "admitted"}:
                self._part.tell({"tell": "admitted", "session": keeper.session}, ())
                self._do(self._supervisor.admitted())
            case {"event": "refused", "words": str(words)}:
                self.refuse(keeper.session, words)
            case {"event": "running"} if keeper is self._login:
                self._answered = True
                self._books.tell(keeper.session)
            case {"event": "ended"}:
                self._over = True
            case {"event": "told", "words": str(words)}:
                self._complain(words)
                self._part.tell({"tell": "words", "session": keeper.session, "words": words}, ())
            case {"event": "failed", "words": str(words)}:
                self._complain(words)
        close_all(fds)

    def _gone(self, keeper: Keeper) -> None:
        """A keeper has ended. If it could not do so in order, what it kept is ended here."""
        keeper.read_all()
        keeper.close()
        if keeper is self._greeter:
            self._greeter = None
            self.sweep()
            self._do(self._supervisor.greeter_gone(self._now()))
            return
        self._login = None
        if self._supervisor.open:
            self.sweep()
            record = self._books.settle(keeper.session)
            if record is not None and not self._over:
                self.close_pam(record)
        if not self._answered:
            self.refuse(keeper.session, INTERRUPTED)
        if self._login is None:
            self._supervisor.login_gone(self._now())

    # --- within ----------------------------------------------------------------------------------------------

    def _greet(self) -> None:
        order = Greet(self.place, *self._policy.greeter)
        try:
            self._greeter = Keeper.start(order, self._part.selector, self._heard)
        except OSError as error:
            self._complain(f"No greeter can be started: {error.strerror}.")
            self._do(self._supervisor.greeter_gone(self._now()))

    def _do(self, move: Move | None) -> None:
        match move:
            case Move.END_GREETER:
                self.restart_greeter()
            case Move.OPEN_SESSION if self._login is not None:
                self._login.send({"do": "open"})

    def _tell_window(self, keeper: Keeper) -> None:
        if keeper.window is None or not self._listened:
            return
        what: Fields = {"tell": "time bar", "session": keeper.session}
        if keeper is self._greeter:
            what = {"tell": "greeter", "display": self.name}
        self._part.tell(what, [keeper.window])

    def _complain(self, words: str) -> None:
        print(f"Display {self.name}: {words}", file=sys.stderr)

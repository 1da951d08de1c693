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
from collections.abc import Callable, Iterable, Mapping
from resource import struct_rusage

from asyncluster.core.errors import ProtocolError
from asyncluster.core.people.ends import End
from asyncluster.ndm.session.channel import Fields, close_all
from asyncluster.ndm.session.orders import Begin
from asyncluster.ndm.session.record import Records, path_of
from asyncluster.ndm.steward import arguments
from asyncluster.ndm.steward.books import Books
from asyncluster.ndm.steward.display import BUSY, Display, DisplayPolicy
from asyncluster.ndm.steward.keepers import Keeper
from asyncluster.ndm.steward.parts import Tell, Verb


class Displays:
    """A `Part` of the steward."""

    verbs: Mapping[str, Verb]
    tell: Tell
    selector: selectors.BaseSelector

    def __init__(self, policy: DisplayPolicy, now: Callable[[], float]) -> None:
        self._policy = policy
        self._now = now
        self._books = Books(Records(path_of(policy.records)), lambda fields: self.tell(fields, ()))
        displays = [Display(place, policy, self._books, self, now) for place in policy.places]
        self._displays = {display.name: display for display in displays}
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
        return any(display.child_ended(pid) for display in self._displays.values())

    def node_lost(self) -> None:
        """Greeters and sessions go on; the next node daemon says hello and hears of them."""
        for display in self._displays.values():
            display.node_lost()

    def tick(self, now: float) -> float | None:
        if not self._begun:
            self._begun = True
            self._take_over()
        if self._stopping:
            return None
        for display in self._displays.values():
            display.tick(now)
        starts = [display.start_at for display in self._displays.values()]
        return min((at for at in starts if at is not None), default=None)

    def stop(self, wait: Callable[[float], None]) -> None:
        """Ends all sessions while the node daemon can still tell the master; `wait` lets the steward go on a while."""
        self._stopping = True
        for keeper in self._keepers():
            keeper.send({"do": "end", "reason": str(End.NODE_STOPPED)})
        until = self._now() + self._policy.grace + 5.0
        while self._keepers() and self._now() < until:
            wait(until - self._now())

    def close(self) -> None:
        for display in self._displays.values():
            display.close()

    # --- from the node daemon --------------------------------------------------------------------------------

    def _hello(self, _fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        self._books.tell_all()
        for display in self._displays.values():
            display.node_up()
        self.tell({"tell": "at your service"}, ())

    def _begin(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        display = self._displays.get(arguments.text(fields, "display"))
        if display is None:
            raise ProtocolError("The node daemon named a display that there is not.")
        order = self._order(display, fields)
        if self._stopping:
            display.refuse(order.session, BUSY)
        else:
            display.begin(order)

    def _order(self, display: Display, fields: Fields) -> Begin:
        policy = self._policy
        password = arguments.text_or_none(fields, "password")
        if policy.authenticate and password is None:
            raise ProtocolError("The node daemon sent no password.")
        return Begin(
            place=display.place,
            session=arguments.session(fields),
            user=arguments.text(fields, "user"),
            choice=arguments.text(fields, "choice"),
            password=password if policy.authenticate else None,
            started=int(arguments.instant(fields, "started")),
            began=arguments.instant(fields, "began"),
            deadline=arguments.instant_or_none(fields, "deadline"),
            niceness=policy.niceness,
            grace=policy.grace,
            window_manager=policy.window_manager,
            sessions=policy.sessions,
            records=str(path_of(policy.records)),
            service=policy.service,
        )

    def _deadline(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        self._send(arguments.session(fields), {"do": "deadline", "at": arguments.instant_or_none(fields, "at")})

    def _end(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        reason = arguments.text(fields, "reason")
        if reason not in list(End):
            raise ProtocolError("The node daemon gave a reason that is none.")
        self._send(arguments.session(fields), {"do": "end", "reason": reason})

    def _forget(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        session = arguments.session(fields)
        if not any(keeper.session == session for keeper in self._keepers()):
            self._books.forget(session)

    def _restart_greeter(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        display = self._displays.get(arguments.text(fields, "display"))
        if display is not None:
            display.restart_greeter()

    def _power(self, fields: Fields, fds: list[int]) -> None:
        close_all(fds)
        action = arguments.text(fields, "action")
        if action not in ("restart", "shut down"):
            raise ProtocolError("The node daemon asked for a state of power that there is not.")
        if self._policy.power is not None:
            self._policy.power(action)

    # --- within ----------------------------------------------------------------------------------------------

    def _take_over(self) -> None:
        """Sessions of a former steward go on if their keepers do; what else it left behind is ended."""
        left = {record: self._displays.get(record.display) for record in self._books.left_open()}
        live = {record.session for record, display in left.items() if display and display.adopt(record.session)}
        for display in self._displays.values():
            display.sweep_unless_taken()
        self._books.close_all_but(live)
        for record, its_display in left.items():
            if record.session not in live and its_display is not None:
                its_display.close_pam(record)

    def _keepers(self) -> list[Keeper]:
        return [keeper for display in self._displays.values() for keeper in display.keepers()]

    def _send(self, session: str, order: Fields) -> None:
        """To the keeper of a session, if it has one."""
        for keeper in self._keepers():
            if keeper.session == session:
                keeper.send(order)

"""A node, as far as people are concerned."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulation.clock import Process
from simulation.people.seat import Seat
from simulation.wires import Wire

from asyncluster.core.master import leases
from asyncluster.core.people.sessions import BEAT
from asyncluster.core.wire.people import EndedSession, Lease, LiveSession, SessionOrders, SessionReport

if TYPE_CHECKING:
    from simulation.people.room import Room

_WAITS = 20.0  # seconds that somebody stays at a greeter that does not answer


class Machine(Process):
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

"""The master, as far as people are concerned: the real transactions, and the connections of nodes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Any

from simulation.clock import Process
from simulation.wires import Wire

from asyncluster.core.database import sessions as table
from asyncluster.core.master import leases
from asyncluster.core.master.standing import Situation
from asyncluster.core.people.clock import SteadyClock
from asyncluster.core.people.sessions import BEAT
from asyncluster.core.wire.people import SessionReport

if TYPE_CHECKING:
    from simulation.people.room import Room


class Books(Process):
    """One run of it."""

    def __init__(self, room: Room) -> None:
        super().__init__(room.clock)
        self._room = room
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
            desk.wire.send_back([self._room.database.call(leases.report, self.situation(), node, message)])
            self._contact |= {node}
            return
        answer = self._room.database.call(leases.begin, self.situation(), message)
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
        self._room.database.call(table.shift_heard, seconds)

    def _beat(self) -> None:
        self._room.database.call(leases.expire, self.situation())
        self.later(BEAT, self._beat)


class _Desk:
    """The master's end of a node's connection."""

    def __init__(self, books: Books, wire: Wire) -> None:
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

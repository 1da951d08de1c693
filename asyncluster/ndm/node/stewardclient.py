"""Workers started by the steward, as another user; the node daemon's half of `asyncluster.ndm.steward.workers`."""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.node.processes import Ended, Reports
from asyncluster.ndm.session.channel import Channel, Fields, close_all
from asyncluster.ndm.steward.spawn import Ends

_CLOSE_SECONDS = 10.0


@implementer(IReadDescriptor)
class StewardSpawner:
    """A `Spawner`.

    Args:
        reactor: Twisted's.
        channel: to the steward, which it owns.
        lost: called once when the steward is gone.

    Attributes:
        others: hears the steward's messages that are not about workers, with their descriptors.
    """

    reports: Reports

    def __init__(self, reactor: Any, channel: Channel, lost: Callable[[], None]) -> None:
        self._reactor = reactor
        self._channel = channel
        self._lost = lost
        self._open = True
        self._pids: dict[int, int] = {}
        self.others: Callable[[Fields, list[int]], None] = _ignore
        reactor.addReader(self)

    def start(self, worker: int, ends: Ends, niceness: int) -> None:
        fds = (ends.socket, ends.page, ends.out, ends.err)
        try:
            self._send({"verb": "start", "worker": worker, "niceness": niceness}, fds)
        finally:
            ends.close()

    def spare(self, pid: int, on: bool) -> None:
        """Orphans of workers are the steward's; nothing that is a child of this process is ended."""

    def kill(self, worker: int) -> None:
        self._send({"verb": "kill", "worker": worker})

    def suspend(self, worker: int) -> None:
        self._send({"verb": "suspend", "worker": worker})

    def resume(self, worker: int) -> None:
        self._send({"verb": "resume", "worker": worker})

    def renice(self, worker: int, niceness: int) -> None:
        self._send({"verb": "renice", "worker": worker, "niceness": niceness})

    def ask(self, fields: Fields) -> None:
        """Sends a verb that is not about workers."""
        self._send(fields)

    def pids(self) -> list[int]:
        return list(self._pids.values())

    def close(self) -> None:
        self._hang_up()
        until = time.monotonic() + _CLOSE_SECONDS
        try:
            self._channel.send({"verb": "end workers"})
            while time.monotonic() < until:
                received = self._channel.receive()
                if received is None:
                    select.select([self._channel], [], [], until - time.monotonic())
                elif received[0].get("tell") == "workers ended":
                    break
                else:
                    close_all(received[1])
        except ProtocolError:
            pass  # the steward is gone, and the workers with it
        self._channel.close()

    # --- From the reactor ---------------------------------------------------------------------------------

    def fileno(self) -> int:
        return self._channel.fileno()

    def logPrefix(self) -> str:
        return "steward"

    def doRead(self) -> None:
        try:
            while (received := self._channel.receive()) is not None:
                self._told(*received)
        except ProtocolError:
            self._gone()

    def connectionLost(self, reason: object) -> None:
        """The steward is gone, or the reactor stops."""
        self._gone()

    def _told(self, fields: Fields, fds: list[int]) -> None:
        match fields:
            case {"tell": "started", "worker": int(worker), "pid": int(pid)}:
                self._pids[worker] = pid
            case {"tell": "ended", "worker": int(worker), "status": None, "trouble": str(trouble)}:
                self.reports.ended(worker, Ended(trouble=trouble))
            case {"tell": "ended", "worker": int(worker), "status": int(status), "peak": int(peak)}:
                self._pids.pop(worker, None)
                self.reports.ended(worker, Ended.of(status, peak))
            case _:
                self.others(fields, fds)

    def _send(self, fields: Fields, fds: tuple[int, ...] = ()) -> None:
        try:
            self._channel.send(fields, fds)
        except ProtocolError:
            self._gone()

    def _gone(self) -> None:
        if self._open:
            self._hang_up()
            self._lost()

    def _hang_up(self) -> None:
        self._open = False
        self._reactor.removeReader(self)


def _ignore(_fields: Fields, fds: list[int]) -> None:
    close_all(fds)

"""The Twisted protocol that moves frames for all of our stream links: TLS to a node, UNIX socket, socketpair.

It owns the connection and the output that the connection does not take yet; its handler owns what frames mean.

* *Output.* Frames leave at once, unless some have left within the last `PACE`; then they leave with all others of
  the same reactor turn in one write at its end. While the transport is full, frames wait here. Once `unread_limit`
  bytes wait the handler hears `paused`, and `resumed` when half of that is left.
* *Time.* A tick every five seconds sees what is wrong: a peer that takes nothing of what waits, one that is silent
  although it has to send heartbeats, a leave-taking that never ends. Ticks are counted instead of reading a clock:
  a process that was stopped for a minute meets one late tick, and does not blame its peers for its own sleep.
* *Input.* Frames longer than `max_frame` and whatever the handler calls a `ProtocolError` end the connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from asyncluster.core.errors import ProtocolError
from asyncluster.core.net import transport as transports
from asyncluster.core.net.clock import Clock, Timer
from asyncluster.core.net.link import Body, FrameHandler
from asyncluster.core.wire import limits
from asyncluster.core.wire.framing import FrameReader, frame

_TICK_SECONDS = limits.HEARTBEAT_SECONDS
_SILENT_TICKS = int(limits.SILENCE_SECONDS / _TICK_SECONDS)
_STUCK_TICKS = int(limits.STUCK_SECONDS / _TICK_SECONDS)
_CLOSE_TICKS = int(limits.CLOSE_SECONDS / _TICK_SECONDS)
_HEARTBEAT = frame(b"")
_WRITE_SIZE = 128 * 1024  # as much as Twisted hands to the kernel in one call

#: Seconds within which frames are gathered into one write. A timer for each write would cost more than the write.
PACE = 0.0001

#: The reason of a connection that ended with a `ProtocolError`.
BREACH = "the other end broke the protocol"

#: The reason of a connection whose other end speaks no TLS, or one that is refused.
TLS_FAILED = "TLS failed"

_log = Logger()


@implementer(IHandshakeListener, IPushProducer)
class FramedProtocol(Protocol):
    """A `Link` on whatever stream Twisted connects it to.

    Args:
        clock: the reactor.
        handler: hears of everything; `replace_handler` names another one later.
        max_frame: longest frame in either direction, in bytes.
        heartbeat: whether both ends of this link send heartbeats, so that silence means death.
        unread_limit: output in bytes that may wait before `paused`.
        address: the other end's name for logs; default: what the transport says.
        stranger: nobody knows yet who is there, so breaches of the protocol are the handler's to log, who knows how
            often. `replace_handler` ends it.
        after_lost: called with the reason when the connection is gone and the handler of that time has heard it.
    """

    def __init__(
        self,
        clock: Clock,
        handler: FrameHandler,
        *,
        max_frame: int = limits.FRAME,
        heartbeat: bool = False,
        unread_limit: int = limits.UNREAD_OUTPUT,
        address: str = "",
        stranger: bool = False,
        after_lost: Callable[[str], None] | None = None,
    ) -> None:
        self.address = address
        self.paused = False
        self.waiting = 0
        self._clock = clock
        self._handler = handler
        self._stranger = stranger
        self._after_lost = after_lost
        self._heartbeat = heartbeat
        self._unread_limit = unread_limit
        self._reader = FrameReader(max_frame)
        self._queue: deque[bytes] = deque()
        self._turn: Timer | None = None  # set while frames wait for the end of a reactor turn
        self._wrote = float("-inf")  # when frames left last without having waited
        self._tick: Timer | None = None
        self._full = False  # the transport takes no more
        self._pumping = False
        self._closing = False
        self._dead = False
        self._reason = ""  # of our own abort
        self._heard = False
        self._reading = True
        self._silent_ticks = 0
        self._stuck_ticks = 0
        self._closing_ticks = 0
        self._accepted = 0  # bytes that the handler has sent, and ...
        self._taken = 0  # ... bytes of them that the kernel had taken at the last tick

    # --- For those who set up the link -----------------------------------------------------------------

    @property
    def max_frame(self) -> int:
        """Longest frame in either direction, in bytes; it may change while the link lives."""
        return self._reader.max_frame

    @max_frame.setter
    def max_frame(self, size: int) -> None:
        self._reader.max_frame = size

    def replace_handler(self, handler: FrameHandler, *, heartbeat: bool) -> None:
        """Lets `handler` hear everything from now on, and says `connected` to it."""
        self._handler = handler
        self._stranger = False
        self._heartbeat = heartbeat
        handler.connected(self)

    # --- From the handler: Link -------------------------------------------------------------------------

    def send(self, bodies: Body | Sequence[Body]) -> None:
        if isinstance(bodies, bytes | memoryview):
            bodies = (bodies,)
        for body in bodies:
            if len(body) > self.max_frame:
                raise ProtocolError(f"A frame of {len(body)} bytes is over the limit of {self.max_frame}.")
        if self._closing or self._dead:
            return
        for body in bodies:
            self._enqueue(frame(body))
        if self._turn is None:
            now = self._clock.seconds()
            if now - self._wrote >= PACE:
                self._wrote = now
                self._pump()
            else:
                self._turn = self._clock.callLater(0, self._end_of_turn)
        if self.waiting >= _WRITE_SIZE:
            self._pump()
        if self.waiting >= self._unread_limit and not self.paused:
            self.paused = True
            self._handler.paused()

    def stop_reading(self) -> None:
        if self._reading and not self._dead:
            self._reading = False
            self._transport.pauseProducing()

    def start_reading(self) -> None:
        if not self._reading and not self._dead:
            self._reading = True
            self._silent_ticks = 0
            self._transport.resumeProducing()

    def close(self) -> None:
        if self._closing or self._dead:
            return
        self._closing = True
        self._pump()

    def abort(self, reason: str) -> None:
        if self._dead:
            return
        self._die(reason)
        transports.abort(self._transport)

    # --- From Twisted: the connection ----------------------------------------------------------------------

    @property
    def _transport(self) -> Any:
        return self.transport

    def connectionMade(self) -> None:
        transports.tune(self._transport)
        if not self.address:
            self.address = address_text(self._transport.getPeer())
        self._transport.registerProducer(self, True)
        self._tick = self._clock.callLater(_TICK_SECONDS, self._ticked)
        if not transports.is_tls(self._transport):
            self._handler.connected(self)

    def handshakeCompleted(self) -> None:
        if not self._dead:
            self._handler.connected(self)

    def dataReceived(self, data: bytes) -> None:
        if self._dead or self._closing:
            return
        self._heard = True
        try:
            bodies: list[Body] = [body for body in self._reader.receive(data) if body]
            if bodies:
                self._handler.frames(bodies)
        except ProtocolError as error:
            if not self._stranger:
                _log.warn("{address}: closed. {error}", address=self.address, error=str(error))
            self.abort(BREACH)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._die(_words(reason))
        self._handler.lost(self._reason)
        if self._after_lost is not None:
            self._after_lost(self._reason)

    # --- From Twisted: flow of our output -------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._full = True

    def resumeProducing(self) -> None:
        self._full = False
        self._pump()

    def stopProducing(self) -> None:
        """The connection is gone; `connectionLost` says so as well."""

    # --- Output -------------------------------------------------------------------------------------------------

    def _enqueue(self, data: bytes) -> None:
        self._queue.append(data)
        self.waiting += len(data)
        self._accepted += len(data)

    def _end_of_turn(self) -> None:
        self._turn = None
        self._pump()

    def _pump(self) -> None:
        """Gives the transport as much as it takes. It may ask for more from within a write, hence the guard."""
        if self._pumping or self._dead:
            return
        self._pumping = True
        while self._queue and not self._full:
            transports.write_at_once(self._transport, self._next_write())
        self._pumping = False
        if self.paused and self.waiting <= self._unread_limit // 2:
            self.paused = False
            self._handler.resumed()
        if self._closing and not self._queue:
            self._transport.unregisterProducer()  # with a producer, Twisted waits for it before it closes
            self._transport.loseConnection()

    def _next_write(self) -> bytes:
        parts = [self._queue.popleft()]
        size = len(parts[0])
        while self._queue and size < _WRITE_SIZE:
            parts.append(self._queue.popleft())
            size += len(parts[-1])
        self.waiting -= size
        return parts[0] if len(parts) == 1 else b"".join(parts)

    # --- Time -------------------------------------------------------------------------------------------------------

    def _ticked(self) -> None:
        self._tick = self._clock.callLater(_TICK_SECONDS, self._ticked)
        reason = self._trouble()
        if reason:
            self.abort(reason)
        elif self._heartbeat and not self._queue and not self._closing:
            self._enqueue(_HEARTBEAT)
            self._pump()

    def _trouble(self) -> str:
        """Counts what this tick found, and says why the connection has to go; "" if it may stay."""
        self._silent_ticks = 0 if self._heard or not self._reading else self._silent_ticks + 1
        self._heard = False
        unsent = transports.unsent(self._transport) + self.waiting
        taken = self._accepted - unsent
        self._stuck_ticks = self._stuck_ticks + 1 if unsent and taken <= self._taken else 0
        self._taken = taken
        self._closing_ticks += self._closing
        if self._heartbeat and self._silent_ticks >= _SILENT_TICKS:
            return "the other end has been silent for too long"
        if self._stuck_ticks >= _STUCK_TICKS:
            return "the other end does not read"
        if self._closing_ticks >= _CLOSE_TICKS:
            return "closed"
        return ""

    def _die(self, reason: str) -> None:
        """Nothing goes in or out from here on; the first reason counts."""
        if self._dead:
            return
        self._dead = True
        self._reason = reason
        self._queue.clear()
        self.waiting = 0
        for call in (self._turn, self._tick):
            if call is not None and call.active():
                call.cancel()


def address_text(address: Any) -> str:
    """An address of Twisted's in words for a log: the IP address without its port, or what kind of end it is."""
    return str(getattr(address, "host", "") or "local")


def _words(reason: Failure) -> str:
    if reason.check(ConnectionDone):
        return "closed"
    if reason.check(SSL.Error):
        return TLS_FAILED
    return "connection lost"

"""A network in memory: connections between protocols, carried by a fake clock, and no socket anywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.python.failure import Failure

_FULL = 64 * 1024


def address(host: str, port: int = 40000) -> IPv4Address | IPv6Address:
    return (IPv6Address if ":" in host else IPv4Address)("TCP", host, port)


class End:
    """One end of a connection: the transport of one protocol.

    Attributes:
        blocked: the other end does not read; what is written stays here.
        pending: bytes that have been written and not yet delivered.
        writes: what was written, one entry a call.
    """

    def __init__(self, network: Network, peer: IPv4Address | IPv6Address) -> None:
        self.network = network
        self.blocked = False
        self.pending = bytearray()
        self.writes: list[bytes] = []
        self.disconnecting = False
        self.gone = False
        self.other: End
        self.protocol: Any
        self._peer = peer
        self._producer: Any = None
        self._reads = True
        self._scheduled = False

    # --- A transport's methods --------------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        if self.gone or self.disconnecting:
            return
        self.writes.append(data)
        self.pending += data
        if self._producer is not None and len(self.pending) > _FULL:
            self._producer.pauseProducing()
        self._schedule()

    def writeSequence(self, parts: list[bytes]) -> None:
        self.write(b"".join(parts))

    def loseConnection(self) -> None:
        self.disconnecting = True
        self._schedule()

    def abortConnection(self) -> None:
        self.disconnecting = True
        self.pending.clear()
        self.network.clock.callLater(0, self.vanish, ConnectionAborted())

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert streaming
        assert self._producer is None
        self._producer = producer

    def unregisterProducer(self) -> None:
        self._producer = None

    def pauseProducing(self) -> None:
        self._reads = False

    def resumeProducing(self) -> None:
        self._reads = True
        self.other._schedule()

    def getPeer(self) -> IPv4Address | IPv6Address:
        return self._peer

    getHost = getPeer

    # --- What tests do ------------------------------------------------------------------------------------

    def block(self) -> None:
        self.blocked = True

    def unblock(self) -> None:
        self.blocked = False
        self._schedule()

    def vanish(self, error: Exception) -> None:
        """The connection is gone, at both ends."""
        for end in (self, self.other):
            if not end.gone:
                end.gone = True
                if end._producer is not None:
                    end._producer.stopProducing()
                end.protocol.connectionLost(Failure(error))

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.network.clock.callLater(0, self._deliver)

    def _deliver(self) -> None:
        self._scheduled = False
        if self.gone or self.blocked or not self.other._reads:
            return
        data, self.pending = bytes(self.pending), bytearray()
        if data:
            self.other.protocol.dataReceived(self.network.carry(data))
        if self._producer is not None and not self.disconnecting:
            self._producer.resumeProducing()
        if self.disconnecting and not self.pending:
            self.vanish(ConnectionDone())


class Network:
    """Connects protocols.

    Attributes:
        clock: its time, which stands still until a test moves it.
        carry: what becomes of bytes on their way; tests may replace it.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.carry: Callable[[bytes], bytes] = lambda data: data

    def connect(self, near: Any, far: Any, near_host: str = "10.0.0.2", far_host: str = "10.0.0.1") -> tuple[End, End]:
        """Joins two protocols; `near` is the one that connects."""
        near_end, far_end = End(self, address(far_host, 9080)), End(self, address(near_host))
        near_end.other, far_end.other = far_end, near_end
        near_end.protocol, far_end.protocol = near, far
        far.makeConnection(far_end)
        near.makeConnection(near_end)
        return near_end, far_end

    def endpoint(self, factory: Any, host: str = "10.0.0.2", far_host: str = "10.0.0.1") -> MemoryEndpoint:
        """The way from `host` to whatever `factory` builds; `factory` may be None: nobody listens."""
        return MemoryEndpoint(self, factory, host, far_host)

    def settle(self, seconds: float = 0.0, step: float = 0.25) -> None:
        """Lets `seconds` pass, and all happen that happens in them."""
        passed = 0.0
        self._settle_now()
        while passed < seconds:
            self.clock.advance(min(step, seconds - passed))
            passed += step
            self._settle_now()

    def _settle_now(self) -> None:
        while any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls()):
            self.clock.advance(0)


class MemoryEndpoint:
    """An `IStreamClientEndpoint` upon a `Network`.

    Attributes:
        factory: what is at the other side; None refuses.
        attempts: when somebody tried to connect.
        ends: both ends of the latest connection, the connecting one first.
    """

    def __init__(self, network: Network, factory: Any, host: str, far_host: str) -> None:
        self.factory = factory
        self.attempts: list[float] = []
        self.ends: tuple[End, End]
        self._network = network
        self._host = host
        self._far_host = far_host

    def connect(self, protocolFactory: Any) -> Deferred[Any]:
        self.attempts.append(self._network.clock.seconds())
        far = None if self.factory is None else self.factory.buildProtocol(address(self._host))
        if far is None:
            return fail(ConnectionRefusedError())
        near = protocolFactory.buildProtocol(address(self._far_host, 9080))
        self.ends = self._network.connect(near, far, self._host, self._far_host)
        return succeed(near)


@pytest.fixture
def network() -> Network:
    return Network(Clock())

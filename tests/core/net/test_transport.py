"""The places where Twisted's private attributes are used, on real sockets: an upgrade that moves them shows here."""

from __future__ import annotations

import select
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from twisted.internet.protocol import ClientFactory, Factory, Protocol

from asyncluster.core.net import tls
from asyncluster.core.net import transport as transports
from asyncluster.core.net.framed import FramedProtocol
from asyncluster.core.wire import limits


class Server:
    """One accepted connection of Twisted's, and a plain socket at its other end."""

    def __init__(self, reactor_thread: Any, listen: Any, connect: Any) -> None:
        self.reactor = reactor_thread
        self.protocol = Protocol()
        self.port = reactor_thread.call(listen, Factory.forProtocol(lambda: self.protocol))
        self.socket = connect(self.port.getHost())
        self.socket.settimeout(5)
        reactor_thread.wait_until(lambda: self.protocol.transport is not None)

    def close(self) -> None:
        self.socket.close()
        self.reactor.call(transports.abort, self.protocol.transport)
        self.reactor.call(self.port.stopListening)


@pytest.fixture(params=["tcp", "unix"])
def server(request: pytest.FixtureRequest, reactor_thread: Any, tmp_path: Any) -> Iterator[Server]:
    reactor = reactor_thread.reactor
    if request.param == "tcp":
        server = Server(
            reactor_thread,
            lambda factory: reactor.listenTCP(0, factory, interface="127.0.0.1"),
            lambda host: socket.create_connection((host.host, host.port)),
        )
    else:
        path = str(tmp_path / "s")

        def connect(_host: Any) -> socket.socket:
            plain = socket.socket(socket.AF_UNIX)
            plain.connect(path)
            return plain

        server = Server(reactor_thread, lambda factory: reactor.listenUNIX(path, factory), connect)
    yield server
    server.close()


def test_the_kernel_has_the_data_before_the_reactors_turn_ends(server: Server, reactor_thread: Any) -> None:
    def arrives_in_this_turn(write: Callable[[bytes], None], data: bytes, seconds: float) -> bool:
        write(data)
        return bool(select.select([server.socket], [], [], seconds)[0])

    transport: Any = server.protocol.transport
    assert reactor_thread.call(arrives_in_this_turn, partial(transports.write_at_once, transport), b"now", 5)
    assert server.socket.recv(10) == b"now"
    assert not reactor_thread.call(arrives_in_this_turn, transport.write, b"later", 0.05)
    assert server.socket.recv(10) == b"later"


def test_data_stay_in_order_behind_what_waits(server: Server, reactor_thread: Any) -> None:
    transport: Any = server.protocol.transport

    def write() -> None:
        transport.write(b"1")
        transports.write_at_once(transport, b"2")
        transports.write_at_once(transport, b"3")

    reactor_thread.call(write)
    received = b""
    while len(received) < 3:
        received += server.socket.recv(10)
    assert received == b"123"


def test_what_the_kernel_does_not_take_is_counted(server: Server, reactor_thread: Any) -> None:
    transport: Any = server.protocol.transport
    much = b"x" * 30_000_000
    assert reactor_thread.call(transports.unsent, transport) == 0
    reactor_thread.call(transports.write_at_once, transport, much)
    waiting = reactor_thread.call(transports.unsent, transport)
    assert 1_000_000 < waiting < len(much)
    left = len(much)
    while left:
        left -= len(server.socket.recv(2**20))
    reactor_thread.wait_until(lambda: transports.unsent(transport) == 0)


def test_writing_and_aborting_after_the_end_are_harmless(server: Server, reactor_thread: Any) -> None:
    transport: Any = server.protocol.transport
    server.socket.close()
    reactor_thread.wait_until(lambda: not transport.connected)
    reactor_thread.call(transports.write_at_once, transport, b"x")
    reactor_thread.call(transports.abort, transport)


def test_an_error_met_while_writing_at_once_reaches_the_protocol(reactor_thread: Any, server: Server) -> None:
    transport: Any = server.protocol.transport
    lost: list[Any] = []
    server.protocol.connectionLost = lost.append  # type: ignore[method-assign]

    def write_into_nothing() -> None:
        server.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.socket.close()
        for _ in range(3):
            transports.write_at_once(transport, b"x" * 100)

    reactor_thread.call(write_into_nothing)
    reactor_thread.wait_until(lambda: lost)


def test_tcp_links_are_tuned_and_others_left_alone(server: Server, reactor_thread: Any) -> None:
    transport: Any = server.protocol.transport
    reactor_thread.call(transports.tune, transport)
    if transport.getHandle().family == socket.AF_UNIX:
        return
    option = transport.getHandle().getsockopt
    assert option(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == limits.TCP_USER_TIMEOUT_SECONDS * 1000


class TLSPair:
    """Two links over TLS on loopback, with their handlers."""

    def __init__(self, reactor_thread: Any, master_key: tls.MasterKey, near_handler: Any, far_handler: Any) -> None:
        self.reactor_thread = reactor_thread
        self.near = FramedProtocol(reactor_thread.reactor, near_handler)
        self.far = FramedProtocol(reactor_thread.reactor, far_handler)
        self.port = reactor_thread.call(self._start, reactor_thread.reactor, master_key)
        reactor_thread.wait_until(lambda: near_handler.events and far_handler.events)

    def _start(self, reactor: Any, master_key: tls.MasterKey) -> Any:
        server = tls.MasterTLS(master_key).wrap(Factory.forProtocol(lambda: self.far), reactor)
        client = tls.NodeTLS().wrap(ClientFactory.forProtocol(lambda: self.near), reactor)
        port = reactor.listenTCP(0, server, interface="127.0.0.1")
        reactor.connectTCP("127.0.0.1", port.getHost().port, client)
        return port

    def close(self) -> None:
        self.reactor_thread.call(self.near.abort, "the test is over")
        self.reactor_thread.call(self.port.stopListening)


@pytest.fixture
def tls_pair(reactor_thread: Any, master_key: tls.MasterKey, handler: Any, other_handler: Any) -> Iterator[TLSPair]:
    pair = TLSPair(reactor_thread, master_key, handler, other_handler)
    yield pair
    pair.close()


def test_tls_too_writes_at_once(tls_pair: TLSPair, reactor_thread: Any, other_handler: Any) -> None:
    def unsent_after_a_write() -> int:
        tls_pair.near.send(b"x" * 1000)
        return transports.unsent(tls_pair.near.transport)

    assert reactor_thread.call(unsent_after_a_write) == 0
    reactor_thread.wait_until(lambda: other_handler.heard)


def test_tls_can_be_aborted_when_it_is_lost_already(
    tls_pair: TLSPair, reactor_thread: Any, handler: Any, other_handler: Any
) -> None:
    transport: Any = tls_pair.near.transport
    reactor_thread.call(tls_pair.near.abort, "a reason")
    reactor_thread.wait_until(lambda: len(handler.events) == len(other_handler.events) == 2)
    reactor_thread.call(transports.abort, transport)
    with pytest.raises(AttributeError):  # why our own abort exists; when this passes, it may go
        reactor_thread.call(transport.abortConnection)
    assert handler.events == ["connected", "lost: a reason"]


def test_tls_takes_all_of_a_long_output_and_closes_after_it(
    tls_pair: TLSPair, reactor_thread: Any, handler: Any, other_handler: Any
) -> None:
    near, far = tls_pair.near, tls_pair.far

    def send() -> None:
        far.stop_reading()
        for number in range(40):
            near.send(b"%4d" % number + b"x" * 900_000)

    reactor_thread.call(send)
    assert handler.events == ["connected", "paused"]
    reactor_thread.call(near.close)
    reactor_thread.call(far.start_reading)
    reactor_thread.wait_until(lambda: len(other_handler.events) == 2)
    assert [int(body[:4]) for body in other_handler.heard] == list(range(40))
    assert handler.events == ["connected", "paused", "resumed", "lost: closed"]
    assert other_handler.events == ["connected", "lost: closed"]

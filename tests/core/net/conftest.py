"""A master and its nodes in memory: real logins in real TLS, on a fake clock.

`room` is the usual fixture. What needs sockets takes `reactor_thread` from `tests/support/reactor.py` instead.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.protocol import Protocol
from twisted.logger import LogLevel, formatEvent, globalLogPublisher

from asyncluster.core.net import tls
from asyncluster.core.net.admission import Admission
from asyncluster.core.net.connector import MasterConnector, Standing
from asyncluster.core.net.framed import FramedProtocol
from asyncluster.core.net.link import Body, Link, Peer
from asyncluster.core.net.listener import NodeListener
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys

CLIENT_PASSWORD = "S3NTINEL-client-7f3a"
SERVER_PASSWORD = "S3NTINEL-server-9b1c"


def make_keys(client: str = CLIENT_PASSWORD, server: str = SERVER_PASSWORD, user: str = "test") -> LoginKeys:
    return LoginKeys(user, client, server, scrypt_n=2)


class Handler:
    """A `FrameHandler` that writes down what it hears."""

    def __init__(self, peer: Peer | None = None) -> None:
        self.peer = peer
        self.link: Link
        self.heard: list[bytes] = []
        self.events: list[str] = []

    def connected(self, link: Link) -> None:
        self.link = link
        self.events.append("connected")

    def frames(self, bodies: list[Body]) -> None:
        self.heard += [bytes(body) for body in bodies]

    def paused(self) -> None:
        self.events.append("paused")

    def resumed(self) -> None:
        self.events.append("resumed")

    def lost(self, reason: str) -> None:
        self.events.append(f"lost: {reason}")


class Node:
    """A node daemon as far as its connection goes.

    Attributes:
        links: handlers made for this node after logins, the latest last.
        standings: all that was reported.
    """

    def __init__(self, network: Any, endpoint: Any, keys: LoginKeys, pin: MasterPin) -> None:
        self.endpoint = endpoint
        self.links: list[Handler] = []
        self.standings: list[Standing] = []
        self.connector = MasterConnector(
            network.clock, endpoint, keys, self._make_link, pin, self.standings.append, random=lambda: 0.5
        )
        self.connector.start()

    @property
    def standing(self) -> Standing:
        return self.standings[-1]

    @property
    def link(self) -> Handler:
        return self.links[-1]

    def _make_link(self, peer: Peer) -> Handler:
        self.links.append(Handler(peer))
        return self.links[-1]


class OneProtocol:
    """A factory of one protocol that is there already."""

    def __init__(self, protocol: Protocol) -> None:
        self._protocol = protocol

    def buildProtocol(self, addr: Any) -> Protocol:
        return self._protocol


class Silent(Protocol):
    """Says nothing.

    Attributes:
        alive: the connection stands.
    """

    alive = False

    def connectionMade(self) -> None:
        self.alive = True

    def connectionLost(self, reason: object = None) -> None:
        self.alive = False


class Stranger(Handler):
    """The near end of a TLS channel without any login.

    Attributes:
        link: sends, and is connected from the start.
        heard: frames that came back.
    """

    def __init__(self, clock: Any) -> None:
        super().__init__()
        self.link: FramedProtocol = FramedProtocol(clock, self)
        self.endpoint: Any

    @property
    def transport(self) -> Any:
        return self.link.transport

    @property
    def alive(self) -> bool:
        return bool(self.events) and not self.events[-1].startswith("lost")

    def login(self, keys: LoginKeys) -> NodeLogin:
        """The node's machine for this channel, which the stranger may use as far as they like."""
        return NodeLogin(keys, tls.exporter(self.transport))


class Room:
    """A master, which listens on the in-memory network, and nodes.

    Attributes:
        links: handlers made at the master after logins, the latest last.
    """

    def __init__(self, network: Any, folder: Path, master_key: tls.MasterKey) -> None:
        self.network = network
        self.clock = network.clock
        self.folder = folder
        self.master_key = master_key
        self.links: list[Handler] = []
        self.nodes: list[Node] = []
        self.listener = self.make_listener()

    def make_listener(self, *, subnets: tuple[str, ...] = ("10.0.0.0/8",), **limits: int) -> NodeListener:
        """Another listener in place of the first."""
        networks = [ipaddress.ip_network(each) for each in subnets]
        self.listener = NodeListener(
            self.clock,
            make_keys(),
            self.master_key,
            networks,
            self._make_link,
            admission=Admission(networks, **limits),
        )
        return self.listener

    def node(
        self,
        keys: LoginKeys | None = None,
        *,
        host: str = "10.0.0.2",
        factory: Any = None,
        strict: bool = False,
    ) -> Node:
        """A node at `host` that looks for its master; `factory` is there in the listener's place."""
        endpoint = self.network.endpoint(factory or self.listener.factory, host)
        pin = MasterPin(self.folder / f"{host}.pin", strict=strict)
        node = Node(self.network, endpoint, keys or make_keys(), pin)
        self.nodes.append(node)
        self.network.settle()
        return node

    def stranger(self, host: str = "10.0.0.66") -> Stranger:
        """Somebody at `host` who has a TLS channel to the master, and may say what they like."""
        stranger = Stranger(self.clock)
        endpoint = self.network.endpoint(self.listener.factory, host)
        endpoint.connect(tls.NodeTLS().wrap(OneProtocol(stranger.link), self.clock)).addErrback(lambda _: None)
        stranger.endpoint = endpoint
        self.settle()
        return stranger

    def silent(self, host: str) -> Silent:
        """A TCP connection from `host` that says nothing."""
        protocol = Silent()
        self.network.endpoint(self.listener.factory, host).connect(OneProtocol(protocol)).addErrback(lambda _: None)
        self.settle()
        return protocol

    def settle(self, seconds: float = 0.0) -> None:
        self.network.settle(seconds)

    def _make_link(self, peer: Peer) -> Handler:
        self.links.append(Handler(peer))
        return self.links[-1]

    def close(self) -> None:
        for node in self.nodes:
            node.connector.stop()
        self.listener.close()
        self.network.settle(70, step=10)
        assert not self.clock.getDelayedCalls(), "something still waits although all is closed"


@pytest.fixture(scope="session")
def master_key(tmp_path_factory: pytest.TempPathFactory) -> tls.MasterKey:
    return tls.load_master_key(tmp_path_factory.mktemp("master") / "master.pem")


@pytest.fixture
def room(network: Any, tmp_path: Path, master_key: tls.MasterKey) -> Iterator[Room]:
    room = Room(network, tmp_path, master_key)
    yield room
    room.close()


@pytest.fixture(autouse=True)
def log() -> Iterator[list[dict[str, Any]]]:
    """All events that anybody logs during the test. None may hold a password, none may be an unexpected error."""
    events: list[dict[str, Any]] = []
    texts: list[str] = []

    def observe(event: dict[str, Any]) -> None:
        events.append(event)
        texts.append(f"{event!r} {formatEvent(event)}")

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)
    assert not [text for text in texts if "S3NTINEL" in text]
    assert not [event for event in events if event["log_level"] is LogLevel.critical]


@pytest.fixture
def keys() -> Any:
    """Makes the keys of a user and two passwords; by default those of the room's master."""
    return make_keys


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def other_handler() -> Handler:
    return Handler()


@pytest.fixture
def other_master_key(tmp_path: Path) -> tls.MasterKey:
    return tls.load_master_key(tmp_path / "other.pem")


class SilentFactory:
    """Accepts every connection and says nothing."""

    def buildProtocol(self, addr: Any) -> Protocol:
        return Protocol()


@pytest.fixture
def silent_factory() -> SilentFactory:
    return SilentFactory()

"""Peers that say what they like: a client of the control socket and a node, without the program's good manners."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.reactor import ReactorThread

from asyncluster.core.config import Role, load
from asyncluster.core.net.connector import MasterConnector, master_endpoint
from asyncluster.core.net.link import Peer
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import environments as v
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import FRAME
from asyncluster.core.wire.passwords import LoginKeys

_PATIENCE = 30.0


@contextmanager
def acting_as(uid: int, groups: Iterable[int] = ()) -> Iterator[None]:
    """What the kernel says of this process to others, for a moment; needs root."""
    own_groups = os.getgroups()
    os.setgroups(list(groups))
    os.setegid(65534)
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(own_groups)


class RawClient:
    """A connection to the control socket that sends whatever it is told."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(_PATIENCE)
        try:
            self.socket.connect(str(path))
        except OSError:
            self.socket.close()
            raise
        self._reader = FrameReader(FRAME)
        self._heard: list[m.Message] = []

    def say(self, *messages: m.Message) -> None:
        self.socket.sendall(b"".join(frame(m.encode(message)) for message in messages))

    def hear(self, kind: type[m.Message] | tuple[type[m.Message], ...]) -> Any:
        """The next message of such a kind; others before it are forgotten."""
        decode = m.decoder(m.ToClient).decode
        while True:
            while self._heard:
                message = self._heard.pop(0)
                if isinstance(message, kind):
                    return message
            data = self.socket.recv(65536)
            if not data:
                raise EOFError("The master has closed the connection.")
            self._heard += [decode(body) for body in self._reader.receive(data) if body]

    def greet(self) -> m.Welcome:
        self.say(m.Hello(m.PROTOCOL_VERSION, "raw"))
        welcome: m.Welcome = self.hear(m.Welcome)
        return welcome

    def is_dropped(self) -> bool:
        """Waits until the master has closed the connection."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        return True

    def close(self) -> None:
        self.socket.close()


class PlayedNode:
    """A node that has logged in and is a test: it says what it is told, and writes down what it hears.

    Attributes:
        heard: all messages, in order.
        losses: how often a connection was lost.
    """

    def __init__(self, attach: m.Attach) -> None:
        self.link: Any = None
        self.heard: list[m.Message] = []
        self.losses = 0
        self._attach = attach
        self._decode = m.decoder(m.ToNode | p.ToNode | v.ToNode).decode

    def __call__(self, _peer: Peer) -> PlayedNode:
        return self

    def connected(self, link: Any) -> None:
        self.link = link
        self.send(self._attach)

    def send(self, *messages: m.Message) -> None:
        self.link.send([m.encode(message) for message in messages])

    def frames(self, bodies: list[Any]) -> None:
        self.heard += [self._decode(body) for body in bodies]

    def paused(self) -> None: ...
    def resumed(self) -> None: ...

    def lost(self, reason: str) -> None:
        self.losses += 1


def introduction(name: str, workers: int = 0, **facts: Any) -> m.Attach:
    """What a played node says first."""
    return m.Attach(m.PROTOCOL_VERSION, name, 1, "1", "3.11", 1, workers, 1, [":0"], "boot", 1, **facts)


def log_in(thread: ReactorThread, config: Path, node: PlayedNode, seconds: float = _PATIENCE) -> Callable[[], None]:
    """Connects a played node with the passwords of the configuration, and returns how to end that."""
    settings, _ = load(config, Role.NODE)
    keys = LoginKeys(settings.client.user, settings.client.password, settings.common.server_password)
    reactor = thread.reactor
    connector = MasterConnector(
        reactor,
        master_endpoint(reactor, "127.0.0.1", settings.common.tcp_port),
        keys,
        node,
        MasterPin(config.with_name("pin-of-a-played-node"), strict=False),
        lambda standing: None,
    )
    thread.call(connector.start)
    try:
        thread.wait_until(lambda: any(isinstance(each, m.Attached) for each in node.heard), seconds=seconds)
    except TimeoutError:
        thread.call(connector.stop)
        raise
    return lambda: thread.call(connector.stop)

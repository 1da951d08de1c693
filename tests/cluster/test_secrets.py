"""A password that somebody types at a node is in no log, no file, no packet and no core of the cluster."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.processes import RealCluster, wait_for
from support.reactor import ReactorThread

from asyncluster.core.config import Role, load
from asyncluster.core.net.connector import MasterConnector, master_endpoint
from asyncluster.core.net.link import Peer
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import people as p
from asyncluster.core.wire.passwords import LoginKeys

SENTINEL = "S3NTINEL-7f3a-pass"


class PlayedNode:
    """A node whose greeter is the test."""

    def __init__(self) -> None:
        self.link: Any = None
        self.heard: list[m.Message] = []
        self._decode = m.decoder(m.ToNode | p.ToNode).decode

    def __call__(self, _peer: Peer) -> PlayedNode:
        return self

    def connected(self, link: Any) -> None:
        self.link = link
        self.send(m.Attach(m.PROTOCOL_VERSION, "played", 1, "1", "3.11", 1, 0, 1, [":0"], "boot", 1))

    def send(self, message: m.Message) -> None:
        self.link.send(m.encode(message))

    def frames(self, bodies: list[Any]) -> None:
        self.heard += [self._decode(body) for body in bodies]

    def paused(self) -> None: ...
    def resumed(self) -> None: ...
    def lost(self, reason: str) -> None: ...


class Capture:
    """Everything that travels over the loopback interface."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.1)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        while not self._over.is_set():
            try:
                self.data += self._socket.recv(65536)
            except TimeoutError:
                continue

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def capture() -> Iterator[Capture]:
    capture = Capture()
    yield capture
    capture.stop()


def files_with(folder: Path, secret: bytes) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


@pytest.mark.root
def test_a_typed_password_is_nowhere(
    tmp_path: Path, reactor_thread: ReactorThread, capture: Capture, request: pytest.FixtureRequest
) -> None:
    cluster = RealCluster(tmp_path, database=f"sqlite:///{tmp_path}/people.db")
    request.addfinalizer(cluster.stop)
    master = cluster.start_master()
    cluster.run("user", "add", "ada", "--unrestricted", "--password-stdin", text=SENTINEL + "\n")
    settings, _ = load(cluster.config, Role.NODE)
    keys = LoginKeys(settings.client.user, settings.client.password, settings.common.server_password)
    node = PlayedNode()
    connector = MasterConnector(
        reactor_thread.reactor,
        master_endpoint(reactor_thread.reactor, "127.0.0.1", settings.common.tcp_port),
        keys,
        node,
        MasterPin(tmp_path / "pin", strict=False),
        lambda standing: None,
    )
    reactor_thread.call(connector.start)
    request.addfinalizer(lambda: reactor_thread.call(connector.stop))
    reactor_thread.wait_until(lambda: any(isinstance(each, m.Attached) for each in node.heard), seconds=20)
    for name, password in (("ada", SENTINEL), ("ada", SENTINEL + "-wrong"), ("nobody", SENTINEL)):
        ask = p.BeginSession(len(node.heard), str(uuid.uuid4()), ":0", name, password)
        answers = len(node.heard)
        reactor_thread.call(node.send, ask)
        reactor_thread.wait_until(lambda before=answers: len(node.heard) > before, seconds=20)
    assert [type(each) for each in node.heard[-3:]] == [p.SessionGranted, p.SessionRefused, p.SessionRefused]
    core = int(Path(f"/proc/{master.process.pid}/limits").read_text().partition("Max core file size")[2].split()[0])
    capture.stop()
    master.stop()

    assert len(capture.data) > 10_000  # it did listen
    secrets = (SENTINEL, settings.client.password, settings.common.server_password)
    assert not [secret for secret in secrets if secret.encode() in capture.data]
    assert files_with(tmp_path, SENTINEL.encode()) == []
    assert files_with(tmp_path, settings.client.password.encode()) == [str(cluster.config)]
    assert core == 0
    assert wait_for(lambda: not os.path.exists(cluster.socket), "the socket goes with the master")

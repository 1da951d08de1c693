"""A password that somebody types at a node is in no log, no file, no packet and no core of the cluster."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import RealCluster
from support.reactor import ReactorThread
from support.strangers import PlayedNode, introduction, log_in
from support.waiting import wait_for

from asyncluster.core.config import Role, load
from asyncluster.core.wire import people as p

SENTINEL = "S3NTINEL-7f3a-pass"


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
    node = PlayedNode(introduction("played"))
    leave = log_in(reactor_thread, cluster.config, node)
    request.addfinalizer(leave)
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

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.reactor import ReactorThread

from asyncluster.core.blobs import adopt, store
from asyncluster.core.errors import ConfigError, ProtocolError
from asyncluster.core.net import control
from asyncluster.core.net.peers import Identity
from asyncluster.core.wire import limits
from asyncluster.core.wire.framing import frame


class Handler:
    """Records what it hears."""

    def __init__(self, who: Identity) -> None:
        self.who = who
        self.link: Any = None
        self.heard: list[bytes] = []
        self.reason = ""

    def connected(self, link: Any) -> None:
        self.link = link

    def frames(self, bodies: list[Any]) -> None:
        self.heard += [bytes(body) for body in bodies]

    def paused(self) -> None: ...
    def resumed(self) -> None: ...

    def lost(self, reason: str) -> None:
        self.reason = reason


class Door:
    """A listening control socket and those who came."""

    def __init__(self, thread: ReactorThread, path: Path) -> None:
        self.thread = thread
        self.path = path
        self.came: list[Handler] = []
        factory = control.ControlFactory(thread.reactor, self._make)
        self._port = thread.call(control.listen, thread.reactor, path, factory)

    def _make(self, who: Identity) -> Handler:
        self.came.append(Handler(who))
        return self.came[-1]

    def connect(self) -> tuple[socket.socket, Handler]:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        before = len(self.came)
        client.connect(str(self.path))
        self.thread.wait_until(lambda: len(self.came) > before and self.came[-1].link)
        return client, self.came[-1]

    def close(self) -> None:
        self.thread.call(self._port.stopListening)


@pytest.fixture
def door(reactor_thread: ReactorThread, tmp_path: Path) -> Iterator[Door]:
    door = Door(reactor_thread, tmp_path / "run" / "control.sock")
    yield door
    door.close()


def test_the_kernel_says_who_comes(door: Door) -> None:
    client, handler = door.connect()
    assert (handler.who.uid, handler.who.pid) == (os.getuid(), os.getpid())
    assert os.getgid() in handler.who.groups
    client.close()
    door.thread.wait_until(lambda: handler.reason)


def test_the_socket_is_open_to_owner_and_group_only(door: Door) -> None:
    assert stat.S_IMODE(door.path.stat().st_mode) == 0o660


def test_frames_and_descriptors_arrive_in_order(door: Door) -> None:
    client, handler = door.connect()
    first, second = store(b"first"), store(b"second")
    socket.send_fds(client, [frame(b"one")], [first.fd])
    socket.send_fds(client, [frame(b"two")], [second.fd])
    door.thread.wait_until(lambda: len(handler.heard) == 2)
    blobs = [adopt(handler.link.descriptors.claim(), each.name, each.size) for each in (first, second)]
    assert [bytes(blob.view()) for blob in blobs] == [b"first", b"second"]
    with pytest.raises(ProtocolError):
        handler.link.descriptors.claim()
    client.close()


def test_a_descriptor_goes_out_although_the_sender_closes_its_own(door: Door) -> None:
    client, handler = door.connect()

    def send() -> None:
        blob = store(b"there")
        handler.link.send_descriptor(blob.fd, b"here it is")
        blob.close()

    door.thread.call(send)
    wanted = frame(b"here it is")
    data, descriptors, _, _ = socket.recv_fds(client, 1, 4)
    while len(data) < len(wanted):
        data += client.recv(100)
    assert data == wanted
    assert os.pread(descriptors[0], 10, 0) == b"there"
    os.close(descriptors[0])
    client.close()


def test_descriptors_that_nobody_claims_are_closed_with_the_connection(door: Door) -> None:
    before = len(os.listdir("/proc/self/fd"))
    client, handler = door.connect()
    blob = store(b"x")
    for _ in range(limits.DESCRIPTORS):
        socket.send_fds(client, [frame(b"x")], [blob.fd])
    door.thread.wait_until(lambda: len(handler.heard) == limits.DESCRIPTORS)
    client.close()
    door.thread.wait_until(lambda: handler.reason)
    blob.close()
    assert len(os.listdir("/proc/self/fd")) == before


def test_who_floods_with_descriptors_is_dropped(door: Door) -> None:
    client, handler = door.connect()
    blob = store(b"x")
    try:
        for _ in range(2 * limits.DESCRIPTORS):
            socket.send_fds(client, [b"\0"], [blob.fd])
    except OSError:
        pass
    door.thread.wait_until(lambda: handler.reason)
    assert handler.reason == "the other end broke the protocol"
    client.close()


def test_a_dead_socket_is_replaced(reactor_thread: ReactorThread, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    door = Door(reactor_thread, path)
    client, _ = door.connect()
    client.close()
    door.close()


def test_a_socket_that_somebody_listens_on_is_left_alone(reactor_thread: ReactorThread, tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as squatter:
        squatter.bind(str(path))
        squatter.listen()
        with pytest.raises(ConfigError, match="listens on "):
            Door(reactor_thread, path)
        assert path.exists()


@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_what_is_no_socket_is_not_removed(reactor_thread: ReactorThread, tmp_path: Path, make: Any) -> None:
    path = tmp_path / "control.sock"
    make(path)
    with pytest.raises(ConfigError, match="is not a socket"):
        Door(reactor_thread, path)
    assert path.exists()


def test_a_place_that_cannot_be_used_is_told(reactor_thread: ReactorThread, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be opened"):
        Door(reactor_thread, tmp_path / "file" / "control.sock")


@pytest.mark.root
def test_other_accounts_are_refused_by_the_kernel(door: Door) -> None:
    for folder in [door.path.parent, *door.path.parents]:
        if folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    code = f"import socket; socket.socket(socket.AF_UNIX).connect({str(door.path)!r})"
    tried = subprocess.run(
        ["/usr/bin/python3", "-c", code], user=65534, group=65534, extra_groups=[], capture_output=True, check=False
    )
    assert b"PermissionError" in tried.stderr, sys.version

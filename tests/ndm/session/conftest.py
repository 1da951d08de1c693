"""A keeper as its own process, with the test as its steward."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.waiting import wait_for

from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.session import group
from asyncluster.ndm.session.channel import Channel, ChannelClosed
from asyncluster.ndm.session.orders import Begin, Close, Greet, to_fields
from asyncluster.ndm.session.sitting import SOCKET, boot_clock


class Steward:
    """The other end of a keeper's channel."""

    def __init__(self, order: Begin | Close | Greet) -> None:
        self.order = order
        self.events: list[dict[str, Any]] = []
        self.windows: list[int] = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel: Channel | None = Channel(ours)
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-m", "asyncluster.ndm.session.keeper", "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self.send(to_fields(order))

    def send(self, fields: dict[str, Any]) -> None:
        assert self.channel is not None
        self.channel.send(fields)

    def listen(self) -> None:
        while self.channel is not None:
            try:
                received = self.channel.receive()
            except ChannelClosed:
                self.hang_up()
                return
            if received is None:
                return
            self.events.append(received[0])
            self.windows += received[1]

    def hang_up(self) -> None:
        if self.channel is not None:
            self.channel.close()
            self.channel = None

    def take_over(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        sock.connect(str(self.order.place.directory / SOCKET))
        self.channel = Channel(sock)

    def heard(self, event: str) -> dict[str, Any] | None:
        self.listen()
        return next((fields for fields in self.events if fields.get("event") == event), None)

    def wait(self, event: str, seconds: float = 20.0) -> dict[str, Any]:
        wait_for(lambda: self.heard(event) or self.channel is None, f"{event} after {self.events}", seconds)
        found = self.heard(event)
        assert found is not None, self.events
        return found

    def running(self) -> None:
        if isinstance(self.order, Begin):
            self.wait("admitted")
            self.send({"do": "open"})
        self.wait("running")

    def group(self) -> list[int]:
        assert self.order.place.group is not None
        return group.ControlGroup(self.order.place.group / "inside").pids()


@pytest.fixture
def place(tmp_path: Path, free_display: Callable[[], int]) -> Place:
    display = free_display()
    directory = Path(f"/run/asyncluster-test-{os.getpid()}/{display}")
    directory.mkdir(mode=0o711, parents=True)
    home = group.home()
    assert home is not None, "this machine has no control groups of the second version"
    return Place(display, ("Xvfb", "-screen", "0", "800x600x24"), directory, home / f"asyncluster-test-{display}")


@pytest.fixture
def begin(place: Place, tmp_path: Path) -> Callable[..., Begin]:
    def make(user: str, **changes: Any) -> Begin:
        records = tmp_path / "records"
        records.mkdir(mode=0o700, exist_ok=True)
        now = boot_clock()
        values: dict[str, Any] = {
            "place": place,
            "session": str(uuid.uuid4()),
            "user": user,
            "choice": "",
            "password": None,
            "started": 1_800_000_000,
            "began": now,
            "deadline": None,
            "niceness": 10,
            "grace": 3.0,
            "window_manager": ("/usr/bin/openbox",),
            "sessions": (),
            "records": str(records),
            "service": "other",
        }
        return Begin(**(values | changes))

    return make


@pytest.fixture
def keep(place: Place) -> Iterator[Callable[..., Steward]]:
    stewards: list[Steward] = []

    def start(order: Begin | Close | Greet) -> Steward:
        stewards.append(Steward(order))
        return stewards[-1]

    yield start
    for steward in stewards:
        steward.listen()
        steward.process.terminate()
        try:
            steward.process.wait(15)
        except subprocess.TimeoutExpired:
            steward.process.kill()
            steward.process.wait()
        steward.hang_up()
        for fd in steward.windows:
            os.close(fd)
    if place.group is not None:
        leftover = group.ControlGroup(place.group)
        leftover.kill()
        leftover.remove()
    subprocess.run(["rm", "-rf", str(place.directory.parent)], check=True)

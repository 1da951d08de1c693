"""The desk's shell with real sockets: what windows may do to it, and what they may not."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from asyncluster.core.wire import greeter as g
from asyncluster.core.wire import people as p
from asyncluster.core.wire import timebar as t
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.ndm.node.desk import Desk, DeskSettings
from asyncluster.ndm.node.reception import Reception, desk_settings, unfit
from asyncluster.ndm.node.settings import ReceptionSettings
from asyncluster.ndm.session.record import Record

SESSION = "00000000-0000-0000-0000-000000000001"


class Place:
    """A reception with everybody around it played by the test."""

    def __init__(self, reactor_thread: Any) -> None:
        self.thread = reactor_thread
        self.asked: list[dict[str, Any]] = []
        self.to_master: list[Any] = []
        self.count = 0
        numbers = itertools.count(1)
        settings = DeskSettings(g.Configuration("pc1", power=True), (60.0,), 10.0, passwords=False)
        desk = Desk(settings, lambda: f"00000000-0000-0000-0000-{next(numbers):012d}")
        clocks = (lambda: 100.0, lambda: 1e9)
        self.reception = Reception(reactor_thread.reactor, desk, self.asked.append, self, unfit, *clocks)

    def tell_master(self, message: Any) -> bool:
        self.to_master.append(message)
        return True

    def people(self, count: int) -> None:
        self.count = count

    def told(self, fields: dict[str, Any], fds: list[int] | None = None) -> None:
        self.thread.call(self.reception.told, fields, fds or [])

    def window(self, **fields: Any) -> Window:
        ours, theirs = socket.socketpair()
        self.told(fields, [theirs.detach()])
        return Window(ours)

    def until(self, condition: Any) -> Any:
        return self.thread.wait_until(condition)

    def verbs(self) -> list[str]:
        return [fields["verb"] for fields in self.asked]


class Window:
    """The other end of a greeter's or time bar's link."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(10)

    def heard(self, kinds: Any, wanted: type) -> Any:
        reader = FrameReader(1 << 20)
        while True:
            data = self.socket.recv(65536)
            assert data, "the link was closed"
            for body in reader.receive(data):
                message = kinds.decode(body)
                if isinstance(message, wanted):
                    return message

    def is_closed(self) -> bool:
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        return True


@pytest.fixture
def place(reactor_thread) -> Iterator[Place]:
    place = Place(reactor_thread)
    place.thread.call(place.reception.start)
    place.thread.call(place.reception.connected)
    yield place
    place.thread.call(place.reception.close)


@pytest.fixture
def greeter(place) -> Iterator[Window]:
    window = place.window(tell="greeter", display=":77")
    yield window
    window.socket.close()


@pytest.fixture
def bar(place) -> Iterator[Window]:
    record = Record(SESSION, "lena", ":77", 1, "boot", 50.0, 650.0)
    place.told({"tell": "record", "record": asdict(record)})
    window = place.window(tell="time bar", session=SESSION)
    yield window
    window.socket.close()


def test_a_greeter_hears_how_things_stand_and_a_login_goes_to_the_master(place, greeter):
    assert greeter.heard(g.to_greeter, g.Configuration).node == "pc1"
    greeter.socket.sendall(g.framed(g.Login("nosuchperson", "secret", "icewm")))
    begin = place.until(lambda: [m for m in place.to_master if isinstance(m, p.BeginSession)])[0]
    assert (begin.name, begin.password, begin.display) == ("nosuchperson", "secret", ":77")
    assert begin.unfit == unfit("nosuchperson") != ""
    place.thread.call(place.reception.received, p.SessionRefused(begin.id, "The name or the password is wrong.", 0))
    assert greeter.heard(g.to_greeter, g.Refused).reason == "The name or the password is wrong."


@pytest.mark.parametrize(
    "data",
    [frame(b"nonsense"), frame(b"\x92\x14\x91"), b"\xff\xff\xff\xff", t.framed(t.EndSession())],
    ids=["no message", "half a message", "a huge frame", "another window's"],
)
def test_a_greeter_that_breaks_its_protocol_is_started_again(place, greeter, data):
    greeter.socket.sendall(data)
    assert greeter.is_closed()
    place.until(lambda: "restart greeter" in place.verbs())


def test_a_greeter_that_ends_is_nobodys_fault_and_started_again(place, greeter):
    greeter.socket.close()
    place.until(lambda: {"verb": "restart greeter", "display": ":77"} in place.asked)


def test_a_time_bar_shows_acknowledges_and_ends(place, bar):
    assert bar.heard(t.to_time_bar, t.State).left == 550.0
    assert place.count == 1
    place.thread.call(place.reception.received, p.SessionNotice(SESSION, 7, "root", "Hello"))
    bar.socket.sendall(t.framed(t.Acknowledged(7)))
    place.until(lambda: p.NoticeSeen(SESSION, 7) in place.to_master)
    bar.socket.sendall(t.framed(t.EndSession()))
    place.until(lambda: {"verb": "end", "session": SESSION, "reason": "logout"} in place.asked)


def test_a_time_bar_is_a_stranger(place, bar):
    """It runs as the person, who may put any program in its place: floods and other windows' messages end its link."""
    for data in (t.framed(t.Acknowledged(1)) * 1000, g.framed(g.Power("restart")), g.framed(g.Login("a", "b"))):
        window = place.window(tell="time bar", session=SESSION)
        window.socket.sendall(data)
        assert window.is_closed()
        window.socket.close()
    assert "power" not in place.verbs()
    assert not [m for m in place.to_master if isinstance(m, p.BeginSession)]


def test_a_time_bar_that_does_not_read_blocks_nobody(place, bar):
    for number in range(3000):
        place.thread.call(place.reception.received, p.SessionNotice(SESSION, number, "root", "x" * 2000))
    bar.socket.sendall(t.framed(t.EndSession()))
    place.until(lambda: "end" in place.verbs())


def test_a_steward_that_speaks_nonsense_is_not_believed(place):
    place.told({"tell": "record", "record": {"session": "x"}})
    place.told({"tell": "something new"})
    assert place.count == 0


def test_the_greeter_is_told_what_the_configuration_says(tmp_path):
    (tmp_path / "icewm.desktop").write_text("[Desktop Entry]\nName=IceWM\nExec=icewm-session\n")
    settings = ReceptionSettings((420, 300), "Lab", (), (str(tmp_path),), True, (60.0,), 10.0, False)
    greeting = desk_settings("pc1", settings).greeting
    assert (greeting.node, greeting.cluster, greeting.size, greeting.power) == ("pc1", "Lab", (420, 300), True)
    assert [(each.id, each.name) for each in greeting.sessions] == [("icewm", "IceWM")]
    assert greeting.session == "icewm"

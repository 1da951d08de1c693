"""What the steward takes from a node daemon: every verb is checked, for it may have been taken over."""

from __future__ import annotations

import os
import selectors
from typing import Any

import pytest

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.display.screen import Place
from asyncluster.ndm.session.channel import Channel
from asyncluster.ndm.session.orders import Close, Greet
from asyncluster.ndm.session.record import Record, Records, boot_id, open_directory, path_of
from asyncluster.ndm.steward.display import BUSY, DisplayPolicy
from asyncluster.ndm.steward.displays import Displays
from asyncluster.ndm.steward.keepers import Keeper
from asyncluster.ndm.steward.power import command, perform

SESSION = "00000000-0000-0000-0000-000000000001"
OTHER = "00000000-0000-0000-0000-000000000002"
RIGHT = {
    "display": ":77", "session": SESSION, "user": "lena", "choice": "", "password": None, "started": 1, "began": 1.0,
    "deadline": None,
}  # fmt: skip


@pytest.fixture
def steward(tmp_path):
    place = Place(77, ("Xvfb",), tmp_path / "77", None)
    place.directory.mkdir()
    performed: list[str] = []
    records = open_directory(tmp_path / "sessions")
    policy = DisplayPolicy(
        places=(place,), greeter=(61300, 61300), window_manager=(), sessions=(), niceness=0, grace=0.1,
        records=records, service="other", authenticate=False, power=performed.append,
    )  # fmt: skip
    part = Displays(policy, lambda: 0.0)
    told: list[dict[str, Any]] = []
    part.tell = lambda fields, _fds=(): told.append(fields)
    part.selector = selectors.DefaultSelector()
    yield part, told, performed, Records(path_of(records))
    part.close()
    part.selector.close()
    os.close(records)


def record(session: str = SESSION, **changes: Any) -> Record:
    values = {"user": "lena", "display": ":77", "started": 1, "boot": boot_id(), "began": 1.0, "deadline": None}
    return Record(session, **(values | changes))


@pytest.mark.parametrize(
    "wrong",
    [
        {"display": ":78"}, {"display": 77}, {"session": "../../etc/passwd"}, {"session": None}, {"user": ["root"]},
        {"user": "x" * 5000}, {"user": "a\0b"}, {"choice": None}, {"password": 5}, {"started": "1"}, {"began": -1.0},
        {"began": float("nan")}, {"began": True}, {"deadline": "soon"}, {"deadline": float("inf")},
    ],
)  # fmt: skip
def test_a_begin_that_makes_no_sense_is_refused(steward, wrong):
    part, told, _, _ = steward
    with pytest.raises(ProtocolError):
        part.verbs["begin"]({**RIGHT, **wrong}, [])
    assert told == []
    assert list(part.pids()) == []


@pytest.mark.parametrize(
    ("verb", "fields"),
    [
        ("deadline", {"session": SESSION, "at": "x"}),
        ("deadline", {"session": "x", "at": 1.0}),
        ("end", {"session": SESSION, "reason": "because"}),
        ("forget", {"session": "../x"}),
        ("power", {"action": "explode"}),
        ("restart greeter", {"display": 5}),
    ],
)
def test_other_verbs_are_checked_as_well(steward, verb, fields):
    part, _, performed, _ = steward
    with pytest.raises(ProtocolError):
        part.verbs[verb](fields, [])
    assert performed == []


def test_descriptors_that_nobody_asked_for_are_closed(steward):
    part, *_ = steward
    reading, writing = os.pipe()
    part.verbs["forget"]({"session": SESSION}, [writing])
    assert os.read(reading, 1) == b""
    os.close(reading)


def test_a_new_node_daemon_hears_of_every_session(steward):
    part, told, _, records = steward
    records.save(record(reason="logout", elapsed=9))
    part.verbs["hello"]({}, [])
    assert [fields["tell"] for fields in told] == ["record", "at your service"]
    assert told[0]["record"]["elapsed"] == 9
    part.verbs["forget"]({"session": SESSION}, [])
    assert records.load() == []


def test_what_a_former_steward_left_behind_is_closed_in_the_books(steward):
    part, _, _, records = steward
    records.save(record(elapsed=30))
    records.save(record(OTHER, boot="another", elapsed=40))
    part.tick(0.0)
    one, two = records.load()
    assert (one.reason, two.reason, two.elapsed) == ("crashed", "node stopped", 40)
    assert one.elapsed >= 30


def test_a_session_whose_keeper_was_killed_is_closed_at_pam(steward, monkeypatch):
    """Nobody sits down on the display, and no greeter is started, before that is done."""
    part, told, _, records = steward
    started: list[Any] = []
    channel, theirs = Channel.pair()
    theirs.close()
    keeper = Keeper(channel, part.selector, lambda *_: None, pid=4711)
    monkeypatch.setattr(Keeper, "start", lambda order, *_: (started.append(order), keeper)[1])
    records.save(record(elapsed=30))
    part.tick(0.0)
    assert [type(order) for order in started] == [Close]
    assert (started[0].user, list(part.pids())) == ("lena", [4711])
    part.verbs["begin"]({**RIGHT, "session": OTHER}, [])
    assert told[-1]["words"] == BUSY
    assert part.child_ended(4711, 0, None)
    assert part.tick(0.0) is None
    assert [type(order) for order in started] == [Close, Greet]


def test_power_is_one_of_two_fixed_commands(steward):
    part, _, performed, _ = steward
    part.verbs["power"]({"action": "restart"}, [])
    assert performed == ["restart"]
    ran: list[Any] = []
    perform("shut down", ran.append)
    assert ran in ([command("shut down", systemd=True)], [command("shut down", systemd=False)])
    assert command("restart", systemd=True) == ("/usr/bin/systemctl", "reboot")

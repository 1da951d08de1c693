from __future__ import annotations

import msgspec
import pytest

from asyncluster.console.state.mirror import Change, Mirror
from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.feed import NodeRow
from asyncluster.core.wire.messages import Feed


def message(*rows: NodeRow, full: bool = False, gone: tuple[str, ...] = (), at: float = 500.0) -> Feed:
    return Feed("nodes", at, full, msgspec.Raw(msgspec.msgpack.encode(rows)), list(gone))


def node(name: str, state: str = "idle") -> NodeRow:
    return NodeRow(name, state, 100.0, 4)


@pytest.fixture
def mirror():
    return Mirror(lambda: 7.0, lambda: 1000.0)


def changes_of(mirror: Mirror) -> list[Change]:
    changes: list[Change] = []
    mirror.table("nodes").listen(changes.append)
    return changes


def test_the_clock_is_this_computers_until_the_master_has_said_what_its_own_shows(mirror):
    assert mirror.now() == 1000.0
    assert mirror.heard is None
    mirror.receive(message(at=500.0))
    assert mirror.now() == 500.0
    assert mirror.heard == 500.0


def test_rows_come_change_and_go(mirror):
    changes = changes_of(mirror)
    mirror.receive(message(node("pc01"), node("pc02"), full=True))
    mirror.receive(message(node("pc02", "computing"), gone=("pc01", "unknown")))
    assert changes == [Change(frozenset({"pc01", "pc02"})), Change(frozenset({"pc02"}), frozenset({"pc01"}))]
    assert mirror.table("nodes").rows == {"pc02": node("pc02", "computing")}


def test_a_snapshot_after_a_break_tells_only_what_is_different(mirror):
    changes = changes_of(mirror)
    mirror.receive(message(node("pc01"), node("pc02"), full=True))
    mirror.receive(message(node("pc02"), node("pc03"), full=True))
    assert changes[1] == Change(frozenset({"pc03"}), frozenset({"pc01"}))


def test_an_empty_first_snapshot_is_news(mirror):
    changes = changes_of(mirror)
    mirror.receive(message(full=True))
    mirror.receive(message(full=True))
    assert changes == [Change(frozenset())]
    assert mirror.table("nodes").filled


def test_a_topic_that_nobody_looks_at_is_not_kept(mirror):
    mirror.receive(message(node("pc01"), full=True))
    assert mirror.table("nodes").rows == {}


def test_a_listener_that_was_forgotten_hears_nothing(mirror):
    changes: list[Change] = []
    mirror.table("nodes").listen(changes.append)
    mirror.table("nodes").forget(changes.append)
    mirror.receive(message(node("pc01"), full=True))
    assert changes == []


@pytest.mark.parametrize("rows", [b"\xc1", b"\x91\x01", b"\x91\x91\xa4pc01"])
def test_rows_that_are_none_are_refused(mirror, rows):
    with pytest.raises(ProtocolError):
        mirror.receive(Feed("nodes", 1.0, True, msgspec.Raw(rows)))


def test_a_topic_that_is_none_is_refused(mirror):
    with pytest.raises(ProtocolError):
        mirror.receive(Feed("printers", 1.0, True, msgspec.Raw(b"\x90")))

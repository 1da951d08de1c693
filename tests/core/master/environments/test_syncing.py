"""An office with a real store, a real database and nodes that are lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.wheels import list_wheels, make_wheel
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from asyncluster.core.database.database import Database
from asyncluster.core.database.errors import DatabaseBusy
from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment, decode
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.master.environments.office import EnvironmentOffice
from asyncluster.core.master.environments.syncing import UPLOAD_SECONDS
from asyncluster.core.wire import environments as e
from asyncluster.core.wire.messages import Message


class AtOnce(Database):
    """A database that answers in the same turn, or when its turn comes, if somebody has made it wait."""

    waits: list[Callable[[], None]] | None = None

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Deferred[Any]:
        if self.waits is None:
            return succeed(self.call(function, *args, **kwargs))
        answer: Deferred[Any] = Deferred()
        self.waits.append(lambda: answer.callback(self.call(function, *args, **kwargs)))
        return answer


class Pool:
    """A thread pool that works in the same turn."""

    def callInThreadWithCallback(self, done: Any, function: Any) -> None:
        done(True, function())


class Reactor(Clock):
    def getThreadPool(self) -> Pool:
        return Pool()

    def callFromThread(self, function: Any, *args: Any) -> None:
        function(*args)


@dataclass(eq=False)
class Line:
    """An operator's connection."""

    gone: bool = False


ANN = Line()


class Room:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = Reactor()
        self.dispatcher = Dispatcher(DispatchSettings())
        self.nodes: dict[str, list[Message]] = {}
        self.events: list[str] = []
        self.database = AtOnce("sqlite://")
        self.office = self.new_office()

    def new_office(self) -> EnvironmentOffice:
        return EnvironmentOffice(self.clock, self.folder / "store", self.database, self, lambda: 1000.0)

    # --- as a switchboard ---

    def now(self) -> float:
        return float(self.clock.seconds())

    def tell_node(self, name: str, message: Message) -> None:
        self.nodes[name].append(message)

    def announce(self, severity: str, actor: str, subject: str, text: str) -> None:
        self.events.append(f"{severity}: {text}")

    # --- what happens ---

    def attach(self, name: str) -> None:
        self.nodes[name] = []
        self.office.node_attached(name)

    def bring(self, words: str, name: str | None = None, patience: float = 60.0) -> Manifest:
        folder = self.folder / words
        folder.mkdir()
        make_wheel(folder, "greeting", "1.0", {"greeting.py": f"WORDS = {words!r}\n"})
        manifest = list_wheels(folder)
        syncing = self.office.syncing
        syncing.begin(manifest, name, "ann", ANN)
        for wheel in manifest.wheels:
            syncing.piece(ANN, manifest.key, wheel.filename, 0, (folder / wheel.filename).read_bytes())
        done(syncing.spread(ANN, manifest.key, patience))
        return manifest

    def holds(self, name: str, *keys: str, **failed: str) -> None:
        failures = [e.EnvironmentFailure(key, words) for key, words in failed.items()]
        self.office.from_node(name, e.EnvironmentsHeld(list(keys), failures))

    @property
    def standings(self) -> dict[str, str]:
        return {one.key: one.standing for one in self.office.kept}


def done(coroutine: Any) -> Any:
    results: list[Any] = []
    failures: list[Any] = []
    Deferred.fromCoroutine(coroutine).addCallbacks(results.append, failures.append)
    if failures:
        raise failures[0].value
    return results[0]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    room = Room(tmp_path)
    room.attach("pc1")
    room.attach("pc2")
    return room


def test_it_is_current_when_all_nodes_have_it(room):
    manifest = room.bring("one", "images")
    key = manifest.key
    assert room.nodes["pc1"] == [e.EnvironmentsWanted([]), e.EnvironmentsWanted([key])]
    room.office.from_node("pc1", e.ManifestAsk(key))
    assert decode(room.nodes["pc1"][-1].data) == manifest
    (wheel,) = manifest.wheels
    room.office.from_node("pc1", e.WheelAsk(key, wheel.filename, 0))
    assert len(room.nodes["pc1"][-1].data) == wheel.size
    assert room.office.syncing.sync.spread.nodes["pc1"].state == "installing"
    room.holds("pc1", key)
    assert (room.standings, room.office.syncing.sync.state) == ({}, "spreading")
    room.holds("pc2", key)
    assert (room.standings, room.office.syncing.sync.state) == ({key: "current"}, "done")
    assert room.office.chosen(None) == room.office.chosen("images") == key
    assert room.events == ["info: Environment images is on all nodes, and current."]
    room.attach("late")
    assert room.nodes["late"] == [e.EnvironmentsWanted([key])]


def test_one_failure_takes_it_from_all(room):
    key = room.bring("one").key
    room.holds("pc1", key)
    room.holds("pc2", **{key: "There is no room."})
    assert (room.standings, room.office.syncing.sync.state) == ({}, "failed")
    assert room.office.syncing.sync.words == "pc2: There is no room."
    assert room.nodes["pc1"][-1] == e.EnvironmentsWanted([])
    assert list((room.folder / "store").iterdir()) == []
    room.holds("pc1")
    with pytest.raises(UsageError, match="There is no environment"):
        room.office.chosen(key)


def test_a_node_that_does_nothing_is_named_when_patience_is_over(room):
    key = room.bring("one", patience=60.0).key
    room.holds("pc1", key)
    room.office.node_lost("pc2")
    room.clock.advance(59.9)
    assert room.office.syncing.sync.state == "spreading"
    room.clock.advance(0.2)
    assert room.office.syncing.sync.words == "pc2: It went away, and did not have it within 60 s."


def test_without_nodes_it_is_current_at_once(tmp_path):
    room = Room(tmp_path)
    key = room.bring("one").key
    assert room.standings == {key: "current"}


def both_hold(room: Room, *keys: str) -> None:
    for name in ("pc1", "pc2"):
        room.holds(name, *keys)


def three_brought(room: Room) -> list[str]:
    """Keys of three, the last one current, at a master that has just been restarted."""
    keys: list[str] = []
    for words in ("one", "two", "three"):
        keys.append(room.bring(words).key)
        both_hold(room, *keys)
        room.office = room.new_office()
    return keys


def test_the_previous_one_stays_and_an_older_one_goes(room):
    one, two, three = three_brought(room)
    assert room.standings == {one: "", two: "previous", three: "current"}  # its jobs may yet come back
    room.office.start_collecting()
    assert room.standings == {two: "previous", three: "current"}
    assert room.nodes["pc1"][-1] == e.EnvironmentsWanted([three, two])
    done(room.office.use(two))
    assert room.standings == {two: "current", three: "previous"}
    done(room.office.use(None))
    assert room.standings == {two: "previous"}
    assert room.office.chosen(None) == ""


def test_a_master_that_began_with_none_need_not_wait(room):
    for words in ("one", "two", "three"):
        key = room.bring(words).key
        both_hold(room, key)
    assert sorted(room.standings.values()) == ["current", "previous"]


def test_a_restarted_master_knows_what_it_keeps_and_nothing_of_what_was_under_way(room):
    one = room.bring("one").key
    both_hold(room, one)
    two = room.bring("two").key
    room.holds("pc1", one, two)
    office = room.new_office()
    assert [kept.key for kept in office.kept] == [one]
    assert [entry.name for entry in (room.folder / "store").iterdir()] == [one]
    room.nodes["pc1"].clear()
    office.node_attached("pc1")
    assert room.nodes["pc1"] == [e.EnvironmentsWanted([one])]


def test_the_same_again_is_made_current_without_being_sent(room):
    one = room.bring("one").key
    both_hold(room, one)
    two = room.bring("two").key
    both_hold(room, one, two)
    manifest = room.office.store.manifest(one)
    assert room.office.syncing.begin(manifest, "images", "ann", ANN).upload is None
    with pytest.raises(UsageError, match="has the wheels"):
        room.office.syncing.piece(ANN, one, manifest.wheels[0].filename, 0, b"x")
    done(room.office.syncing.spread(ANN, one, 60.0))
    both_hold(room, one, two)
    assert room.standings == {one: "current", two: "previous"}
    assert room.office.find("images").key == one


def test_there_is_one_at_a_time_and_an_upload_that_stops_makes_room(room):
    one = Manifest("3.11", list_wheels(_folder(room, "one")).wheels)
    ann, bob = Line(), Line()
    room.office.syncing.begin(one, None, "ann", ann)
    for name, other in (("ann", Line()), ("bob", bob)):
        with pytest.raises(UsageError, match="ann is bringing an environment"):
            room.office.syncing.begin(one, None, name, other)
        with pytest.raises(UsageError, match="This upload is over"):
            room.office.syncing.piece(other, one.key, one.wheels[0].filename, 0, b"x")
    room.office.syncing.begin(one, None, "ann", ann)  # once more, from the beginning
    with pytest.raises(UsageError, match="Not all wheels"):
        done(room.office.syncing.spread(ann, one.key, 60.0))
    room.clock.advance(UPLOAD_SECONDS)
    assert list((room.folder / "store").iterdir()) == []
    with pytest.raises(UsageError, match="This upload is over"):
        room.office.syncing.piece(ann, one.key, one.wheels[0].filename, 0, b"x")
    room.office.syncing.begin(one, None, "ann", ann)
    ann.gone = True
    room.office.syncing.begin(one, None, "bob", bob)
    room.office.close()
    assert list((room.folder / "store").iterdir()) == []


def test_a_wheel_with_another_content_ends_the_upload(room):
    one = list_wheels(_folder(room, "one"))
    room.office.syncing.begin(one, None, "ann", ANN)
    with pytest.raises(UnfitEnvironment):
        room.office.syncing.piece(ANN, one.key, one.wheels[0].filename, 0, b"x" * one.wheels[0].size)
    assert room.office.syncing.sync is None
    assert list((room.folder / "store").iterdir()) == []


def test_a_database_that_fails_takes_it_away_again(room, monkeypatch):
    def fails(*_args: Any) -> None:
        raise AsynClusterError("The database cannot be reached.")

    key = room.bring("one").key
    monkeypatch.setattr(room.database, "call", fails)
    room.database.run = lambda *args: Deferred.fromCoroutine(_raising(fails))
    both_hold(room, key)
    assert (room.office.syncing.sync.state, room.standings) == ("failed", {})
    assert room.office.syncing.sync.words == "The database cannot be reached."
    assert room.nodes["pc2"][-1] == e.EnvironmentsWanted([])


async def _raising(fails: Any) -> None:
    fails()


def test_what_is_asked_for_and_not_there_is_answered_with_nothing(room):
    room.office.from_node("pc1", e.ManifestAsk("0" * 64))
    room.office.from_node("pc1", e.WheelAsk("0" * 64, "../../../etc/passwd", 2**50))
    assert room.nodes["pc1"][1:] == [
        e.ManifestIs("0" * 64, b""),
        e.WheelPiece("0" * 64, "../../../etc/passwd", 2**50, b""),
    ]


def test_who_brings_what_is_on_its_way_already_joins(room):
    manifest = room.bring("one", "images")
    one, bob = room.office.syncing.sync, Line()
    assert room.office.syncing.begin(manifest, None, "bob", bob) is one
    assert room.office.syncing.begin(manifest, "images", "bob", bob) is one
    with pytest.raises(UsageError, match="ann is bringing an environment"):
        room.office.syncing.begin(manifest, "pictures", "bob", bob)
    both_hold(room, manifest.key)
    assert one.state == "done"
    assert room.office.syncing.begin(manifest, None, "bob", bob) is not one


def test_what_is_brought_again_does_not_go_meanwhile(room):
    one, two, three = three_brought(room)
    manifest = room.office.store.manifest(one)
    room.office.syncing.begin(manifest, None, "ann", ANN)
    room.office.start_collecting()
    assert set(room.standings) == {one, two, three}
    with pytest.raises(UsageError, match="on its way to all nodes"):
        done(room.office.remove(one))
    done(room.office.syncing.spread(ANN, one, 60.0))
    room.holds("pc1", **{one: "There is no room."})
    assert room.standings == {two: "previous", three: "current"}


def test_changes_wait_for_each_other_and_look_again(room):
    one, two = room.bring("one").key, None
    both_hold(room, one)
    two = room.bring("two", "images").key
    both_hold(room, one, two)
    room.database.waits = []
    removing = Deferred.fromCoroutine(room.office.remove(one))
    using = Deferred.fromCoroutine(room.office.use(one))
    settled = Deferred.fromCoroutine(room.office.settled())
    assert [work.called for work in (removing, using, settled)] == [False] * 3
    with pytest.raises(UsageError, match="There is no environment"):
        room.office.chosen(one)
    room.database.waits.pop()()
    assert [work.called for work in (removing, using, settled)] == [True] * 3
    assert isinstance(using.result.value, UsageError)
    using.addErrback(lambda _failure: None)
    assert room.standings == {two: "current"}


def test_what_cannot_be_removed_stays(room):
    one = room.bring("one").key
    both_hold(room, one)
    two = room.bring("two").key
    both_hold(room, one, two)

    def fails(*_args: Any) -> None:
        raise DatabaseBusy("The database is busy.")

    room.database.run = lambda *_args: Deferred.fromCoroutine(_raising(fails))
    with pytest.raises(DatabaseBusy):
        done(room.office.remove(one))
    assert room.office.chosen(one) == one
    assert room.office.store.manifest(one).key == one


def _folder(room: Room, words: str) -> Path:
    folder = room.folder / words
    folder.mkdir()
    make_wheel(folder, "greeting", "1.0", {"greeting.py": f"WORDS = {words!r}\n"})
    return folder

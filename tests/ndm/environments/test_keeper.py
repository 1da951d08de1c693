"""The keeper of a node's environments, with a master that answers from a folder; installing is real."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.reactor import ReactorThread
from support.waiting import wait_for
from support.wheels import list_wheels, make_wheel

from asyncluster.core.environments.manifest import FILE
from asyncluster.core.wire import environments as e
from asyncluster.core.wire.messages import Message
from asyncluster.ndm.environments import keeper as keepers
from asyncluster.ndm.environments.keeper import EnvironmentKeeper

STALE = "f" * 64


class Room:
    """A keeper and the master that it asks, both in the reactor's thread.

    Attributes:
        asked: what the keeper has said, oldest first.
        answers: whether the master answers questions.
        spared: processes that must not be ended now.
    """

    def __init__(self, thread: ReactorThread, tmp_path: Path) -> None:
        self.directory = tmp_path / "environments"
        self.asked: list[Message] = []
        self.answers = True
        self.spared: set[int] = set()
        self.keeper: EnvironmentKeeper
        self._thread = thread
        self._wheels = tmp_path / "wheels"
        self._wheels.mkdir()
        make_wheel(self._wheels, "shapes", "1.0", {"shapes.py": "AREA = 12\n"})
        self.key = list_wheels(self._wheels).key

    def begin(self) -> None:
        self.keeper = self._thread.call(
            EnvironmentKeeper, self._thread.reactor, self.directory, self, self._spare, time.monotonic
        )

    def want(self, *keys: str) -> None:
        self._thread.call(self.keeper.received, e.EnvironmentsWanted(list(keys)))

    def call(self, function: Callable[..., object], *args: object) -> None:
        self._thread.call(function, *args)

    def held(self) -> e.EnvironmentsHeld:
        """The last that it said it has."""
        return [said for said in self.asked if isinstance(said, e.EnvironmentsHeld)][-1]

    def until(self, condition: Callable[[], object]) -> None:
        self._thread.wait_until(condition, 60)

    def ask_master(self, message: Message) -> None:
        self.asked.append(message)
        if self.answers and not isinstance(message, e.EnvironmentsHeld):
            self._thread.reactor.callLater(0, self.keeper.received, self._answer(message))

    def _answer(self, question: Message) -> e.ToNode:
        if isinstance(question, e.ManifestAsk):
            known = question.environment == self.key
            return e.ManifestIs(question.environment, (self._wheels / FILE).read_bytes() if known else b"")
        assert isinstance(question, e.WheelAsk)
        data = (self._wheels / question.filename).read_bytes()[question.offset :][:100]
        return e.WheelPiece(question.environment, question.filename, question.offset, data)

    def _spare(self, pid: int, on: bool) -> None:
        (self.spared.add if on else self.spared.remove)(pid)


@pytest.fixture
def room(reactor_thread: ReactorThread, tmp_path: Path) -> Iterator[Room]:
    room = Room(reactor_thread, tmp_path)
    room.begin()
    yield room
    reactor_thread.call(room.keeper.close)
    assert room.spared == set()


def test_what_is_wanted_is_fetched_and_installed(room: Room) -> None:
    room.want(room.key)
    room.until(lambda: room.held() == e.EnvironmentsHeld([room.key], []))
    [module] = (room.directory / room.key).rglob("shapes.py")
    assert module.read_text() == "AREA = 12\n"
    wait_for(lambda: not (room.directory / "incoming" / room.key).exists(), "the wheels to go")
    assert room.spared == set()


def test_what_is_not_wanted_any_more_goes_from_the_disk(room: Room) -> None:
    room.want(room.key)
    room.until(lambda: room.held().keys)
    room.want()
    assert room.held() == e.EnvironmentsHeld([], [])
    assert not (room.directory / room.key).exists()
    wait_for(lambda: not list((room.directory / "gone").iterdir()), "the files to go")


def test_what_the_master_does_not_have_is_told(room: Room) -> None:
    room.want(STALE)
    room.until(lambda: room.held().failed)
    [failure] = room.held().failed
    assert failure.key == STALE
    assert "does not have" in failure.words


def test_a_full_disk_is_told(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(keepers.Fetch, "received", full)
    room.want(room.key)
    room.until(lambda: room.held().failed)
    assert room.held().failed[0].words == "The environment could not be written: No space left on device."


def test_an_answer_that_does_not_come_is_asked_for_again(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers, "REPEAT_SECONDS", 0.05)
    room.answers = False
    room.want(room.key)
    room.until(lambda: room.asked.count(e.ManifestAsk(room.key)) >= 3)
    room.answers = True
    room.until(lambda: room.held().keys == [room.key])


def test_a_master_that_comes_back_is_asked_again_at_once(room: Room) -> None:
    room.answers = False
    room.want(room.key)
    room.call(room.keeper.lost)
    asked = len(room.asked)
    room.answers = True
    room.want(room.key)
    assert e.ManifestAsk(room.key) in room.asked[asked:]
    room.until(lambda: room.held().keys == [room.key])


def test_an_installation_that_nobody_wants_any_more_is_ended(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keepers.Installation, "doRead", lambda self: None)  # it takes for ever
    room.want(room.key)
    room.until(lambda: room.spared)
    [pid] = room.spared
    room.want()
    assert room.spared == set()
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the end of the installation")
    assert room.held() == e.EnvironmentsHeld([], [])


def test_a_new_life_finds_what_is_installed_and_removes_what_was_on_its_way(room: Room) -> None:
    room.want(room.key)
    room.until(lambda: room.held().keys)
    room.call(room.keeper.close)
    for rest in ("incoming/" + STALE, "gone/3", STALE + ".partial", "notes"):
        (room.directory / rest).mkdir(parents=True)
    room.begin()
    left = {path.name for path in room.directory.iterdir()}
    assert left == {room.key, "notes"}
    room.want(room.key)
    assert room.held() == e.EnvironmentsHeld([room.key], [])

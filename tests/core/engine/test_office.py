"""The office with a scheduler that only writes down what it is told."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.office import EngineOffice, Terms
from asyncluster.core.engine.request import make_request
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.wire import engine as e
from asyncluster.core.wire.feed import DaskRow
from asyncluster.core.wire.messages import Message


class FakeReactor(Clock):
    """Keeps the protocol that the office wants."""

    line: Any

    def adoptStreamConnection(self, _fd: int, _family: int, factory: Any) -> None:
        self.line = factory.buildProtocol(None)
        self.line.makeConnection(StringTransport())


class FakeStarter:
    """Counts."""

    started = 0
    closed = False

    def start(self, line: socket.socket) -> None:
        self.started += 1

    def close(self) -> None:
        self.closed = True


class FakeNodes:
    """Writes down what nodes are told."""

    def __init__(self) -> None:
        self.nodes: dict[str, Any] = {"pc01": None}
        self.told: list[tuple[str, Message]] = []
        self.announced: list[str] = []

    def tell_node(self, name: str, message: Message) -> None:
        self.told.append((name, message))

    def announce(self, _severity: Any, _actor: str, _subject: str, text: str) -> None:
        self.announced.append(text)


class Scene:
    """An office and its surroundings."""

    def __init__(self, state: Path) -> None:
        self.reactor, self.starter, self.nodes = FakeReactor(), FakeStarter(), FakeNodes()
        self.authority = Authority.load(state)
        self.rows: list[DaskRow] = []
        terms = Terms(8786, (), ("10.0.0.0/8",), (9200, 9231), 10**9)
        self.office = EngineOffice(self.reactor, terms, self.authority, self.starter, self.nodes, self.rows.append)
        self.office.start()

    def say(self, **fields: Any) -> None:
        """The scheduler says this."""
        self.reactor.line.dataReceived(json.dumps(fields).encode() + b"\n")

    def heard(self) -> list[dict[str, Any]]:
        """What the scheduler was told."""
        text = self.reactor.line.transport.value()
        self.reactor.line.transport.clear()
        return [json.loads(line) for line in text.splitlines()]

    def die(self) -> None:
        """The scheduler ends."""
        self.reactor.line.connectionLost()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_scheduler_gets_a_certificate_and_then_nodes_hear_of_it(scene: Scene) -> None:
    scene.say(request=make_request().csr.decode())
    (told,) = scene.heard()
    assert told["setup"]["port"] == 8786
    assert told["setup"]["subnets"] == ["10.0.0.0/8"]
    assert not scene.nodes.told
    scene.say(ready=True)
    assert scene.office.standing.ready
    ((name, message),) = scene.nodes.told
    assert (name, type(message)) == ("pc01", e.EngineAt)
    scene.office.node_attached("pc02")
    assert scene.nodes.told[-1] == ("pc02", message)


def test_a_node_gets_a_certificate_for_its_request(scene: Scene) -> None:
    scene.office.from_node("pc01", e.EngineRequest(make_request().csr))
    ((name, message),) = scene.nodes.told
    assert isinstance(message, e.EnginePass)
    assert (name, message.port, message.worker_ports) == ("pc01", 8786, (9200, 9231))
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(message), type=e.EnginePass) == message


def test_a_node_with_a_nonsense_request_gets_nothing(scene: Scene) -> None:
    scene.office.from_node("pc01", e.EngineRequest(b"no request"))
    assert not scene.nodes.told


def test_a_scheduler_that_ends_is_started_again_each_time_a_little_later(scene: Scene) -> None:
    waits = []
    for count in range(2, 6):
        scene.die()
        began = scene.reactor.seconds()
        while scene.starter.started < count:
            scene.reactor.advance(0.25)
        waits.append(scene.reactor.seconds() - began)
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert len(scene.nodes.announced) == 4


def test_each_start_is_another_run(scene: Scene) -> None:
    scene.say(ready=True)
    scene.die()
    assert not scene.office.standing.ready
    scene.reactor.advance(60)
    scene.say(ready=True)
    first, second = [message.run for _name, message in scene.nodes.told if isinstance(message, e.EngineAt)]
    assert first != second
    assert scene.office.standing.starts == 2


def test_clients_wait_for_a_scheduler_that_is_being_started(scene: Scene) -> None:
    with pytest.raises(AsynClusterError, match="Try again in a moment"):
        scene.office.admit(make_request().csr, "ann")
    scene.say(ready=True)
    assert scene.office.admit(make_request().csr, "ann")["address"] == "tls://127.0.0.1:8786"
    with pytest.raises(UsageError):
        scene.office.admit(b"nonsense", "ann")


def test_a_scheduler_that_cannot_listen_says_why(scene: Scene) -> None:
    scene.say(failed="Address already in use")
    scene.die()
    assert "Address already in use" in scene.office.standing.words


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b'{"facts": {"clients": -1}}',
        b'{"facts": {"nodes": {"pc01": {"workers": "many"}}}}',
        b'{"request": "no request"}',
        b"[" * 100_000,
    ],
)
def test_a_scheduler_that_talks_nonsense_is_cut_off(scene: Scene, line: bytes) -> None:
    scene.reactor.line.dataReceived(line + b"\n")
    assert scene.reactor.line.transport.disconnecting


def test_the_death_of_a_worker_is_told_to_the_scheduler_and_to_operators(scene: Scene) -> None:
    scene.say(ready=True)
    scene.office.from_node("pc01", e.EngineDied("pc01/3", 17, "The process was ended by SIGSEGV."))
    assert scene.heard() == [{"died": {"worker": "pc01/3", "mark": 17}}]
    assert "SIGSEGV" in scene.nodes.announced[-1]


def test_a_worker_that_could_not_make_way_is_told_to_the_scheduler(scene: Scene) -> None:
    scene.office.from_node("pc01", e.EngineStopped("pc01/3", 17))
    assert scene.heard() == [{"stopped": {"worker": "pc01/3", "mark": 17}}]


def test_a_node_that_does_not_come_back_is_told_to_the_scheduler(scene: Scene) -> None:
    scene.office.node_lost("pc01")
    scene.reactor.advance(3)
    scene.office.node_attached("pc01")
    scene.reactor.advance(60)
    assert not scene.heard(), "a connection may break"
    scene.office.node_lost("pc01")
    scene.reactor.advance(60)
    assert scene.heard() == [{"lost": {"node": "pc01"}}]
    scene.office.node_lost("pc01")
    scene.office.close()
    assert not scene.reactor.getDelayedCalls()


def test_what_the_scheduler_tells_of_itself_is_shown(scene: Scene) -> None:
    scene.say(facts={"nodes": {"pc01": {"workers": 2, "paused": 1, "tasks": 3, "memory": 4}}, "clients": 5, "kept": 6})
    facts = scene.office.standing.facts
    assert (facts.clients, facts.nodes["pc01"].paused) == (5, 1)
    scene.say(facts={"nodes": {"pc01": {"workers": 2, "paused": 1, "tasks": 3, "memory": 4}}, "clients": 5, "kept": 6})
    (row,) = scene.rows
    assert (row.workers, row.paused, row.memory, row.kept, row.ready) == ({"pc01": 2}, 1, 4, 6, False), "and once only"
    scene.say(ready=True)
    scene.die()
    assert [row.ready for row in scene.rows] == [False, True, False]
    assert not scene.rows[-1].workers


def test_at_the_end_it_is_not_started_again(scene: Scene) -> None:
    scene.office.close()
    scene.die()
    scene.reactor.advance(100)
    assert scene.starter.closed
    assert scene.starter.started == 1

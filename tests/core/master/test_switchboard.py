"""Node and client handlers with a real dispatcher between them; only the sockets are lists."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from asyncluster.core.blobs import Shelf, store
from asyncluster.core.errors import AsynClusterError, ProtocolError
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.master.clients import ClientHandler
from asyncluster.core.master.nodes import NodeHandler, boot_id
from asyncluster.core.master.switchboard import Switchboard
from asyncluster.core.master.verbs.desk import VerbDesk
from asyncluster.core.net.control import ControlProtocol, Descriptors
from asyncluster.core.net.link import Peer
from asyncluster.core.net.peers import Identity
from asyncluster.core.wire import environments as v
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.roles import Role

KEY = 77


class FakeLink(ControlProtocol):
    """Records what is sent; never has a socket."""

    def __init__(self, to: object) -> None:
        self.address = "test"
        self.paused = False
        self.descriptors = Descriptors()
        self.sent: list[m.Message] = []
        self.passed: list[bytes] = []
        self.ended = ""
        self._decode = m.decoder(to).decode

    def send(self, bodies: Any) -> None:
        self.sent += [self._decode(body) for body in ([bodies] if isinstance(bodies, bytes) else bodies)]

    def send_descriptor(self, descriptor: int, body: bytes) -> None:
        self.passed.append(os.pread(descriptor, 1 << 20, 0))
        self.send(body)

    def close(self) -> None:
        self.ended = "closed"

    def abort(self, reason: str) -> None:
        self.ended = reason

    def of(self, kind: type[m.Message]) -> list[Any]:
        return [message for message in self.sent if isinstance(message, kind)]


class FakeHistory:
    """Numbers jobs; fails if told to."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.closed_jobs: list[Any] = []

    def opened(self, job: Any) -> Deferred[int]:
        if self.error is not None:
            failed: Deferred[int] = Deferred()
            failed.errback(self.error)
            return failed
        return succeed(12)

    def closed(self, record: Any) -> None:
        self.closed_jobs.append(record)


class NoPeople:
    def node_lost(self, name: str) -> None: ...


class NoEnvironments(NoPeople):
    """Counts what nodes ask for."""

    def __init__(self) -> None:
        self.asked = 0

    def node_attached(self, name: str) -> None: ...

    def from_node(self, name: str, message: v.WheelAsk) -> None:
        self.asked += 1


class Room:
    def __init__(self, folder: Path, memory: int = 1 << 20) -> None:
        self.clock = Clock()
        self.environments = NoEnvironments()
        self.shelf = Shelf(memory=memory, total=memory, directory=str(folder))
        self.history: Any = FakeHistory()
        self.board = Switchboard(
            self.clock, Dispatcher(DispatchSettings()), self.shelf, self.history, name="master", epoch=5, window=1000
        )
        self._numbers = iter(range(1, 100))

    def node(self, name: str = "pc1", instance: int = 1, **facts: Any) -> tuple[NodeHandler, FakeLink]:
        link = FakeLink(m.ToNode)
        peer, others = Peer("test", "127.0.0.1", b""), (NoPeople(), self.environments)
        handler = NodeHandler(peer, self.board, *others)  # type: ignore[arg-type]
        handler.connected(link)
        given: dict[str, Any] = {"boot": "another", "uid": 1} | facts
        attach = m.Attach(m.PROTOCOL_VERSION, name, instance, "1", "3.11", 1, 1, 1 << 30, [], **given)
        say(handler, attach)
        return handler, link

    def client(self, role: Role | None = Role.OPERATOR) -> tuple[ClientHandler, FakeLink]:
        link = FakeLink(m.ToClient)
        desk = VerbDesk({}, {})
        who = Identity(1, 1000, frozenset(), "ann")
        handler = ClientHandler(who, role, next(self._numbers), self.board, desk)
        handler.connected(link)
        say(handler, m.Hello(m.PROTOCOL_VERSION, "test"))
        return handler, link

    def job(self) -> tuple[ClientHandler, FakeLink]:
        handler, link = self.client()
        say(handler, m.OpenJob(KEY, "job", 0), m.Code(KEY, 0, b"code"), m.CallKind(KEY, 1, 0, "f", b"f"))
        return handler, link


def say(handler: Any, *messages: m.Message) -> None:
    handler.frames([m.encode(message) for message in messages])


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_call_goes_to_a_node_and_its_result_comes_back(room: Room) -> None:
    node, to_node = room.node()
    client, to_client = room.job()
    say(client, m.Submit(KEY, [(1, 0, 1, b"args")]))
    assert [type(message) for message in to_node.sent] == [m.Attached, m.JobAt, m.Code, m.CallKind, m.Run]
    say(node, m.Done(1, KEY, [(1, 1, m.RETURNED, 100, b"result")]))
    (results,) = to_client.of(m.Results)
    assert (results.node, results.rows[0][4]) == ("pc1", b"result")
    assert to_client.of(m.JobOpened) == [m.JobOpened(KEY, 12, 2)]
    room.clock.advance(0.1)
    assert to_node.of(m.Acknowledge) == [m.Acknowledge(1)]


def test_two_nodes_of_one_name_get_different_ones(room: Room) -> None:
    room.node("pc1", 1)
    handler, link = room.node("pc1", 2)
    assert handler.name == "pc1-2"
    assert link.of(m.Attached) == [m.Attached("pc1-2", 5)]


def test_a_daemon_that_connects_again_replaces_its_old_connection(room: Room) -> None:
    old, old_link = room.node("pc1", 1)
    new, _ = room.node("pc1", 1)
    assert new.name == "pc1"
    assert old_link.ended == "replaced by a newer connection"
    old.lost("aborted")
    assert list(room.board.nodes) == ["pc1"]


def test_a_daemon_that_was_started_again_replaces_the_connection_of_its_former_life(room: Room) -> None:
    old, old_link = room.node("pc1", 1, place=99)
    new, _ = room.node("pc1", 2, place=99)
    assert new.name == "pc1"
    assert old_link.ended == "replaced by a newer connection"
    old.lost("the other end has been silent for too long")
    assert list(room.board.nodes) == ["pc1"]
    other, _ = room.node("pc1", 3, place=98)
    assert other.name == "pc1-2"


def test_large_arguments_reach_a_node_before_the_call_that_names_them(room: Room) -> None:
    _, to_node = room.node()
    client, link = room.job()
    blob = store(b"x" * 100_000)
    link.descriptors.arrived(os.dup(blob.fd))
    say(client, m.PassBlob(KEY, blob.name, blob.size), m.SubmitLarge(KEY, (1, 0, 1, b""), [(blob.name, blob.size)]))
    assert bytes(to_node.of(m.BlobChunk)[0].data) == b"x" * 100_000
    assert isinstance(to_node.sent[-1], m.RunLarge)


def test_a_node_of_this_machine_is_only_shown_the_place(room: Room) -> None:
    node, to_node = room.node(boot=boot_id(), uid=os.geteuid())
    client, link = room.job()
    blob = store(b"x" * 100_000)
    link.descriptors.arrived(os.dup(blob.fd))
    say(client, m.PassBlob(KEY, blob.name, blob.size), m.SubmitLarge(KEY, (1, 0, 1, b""), [(blob.name, blob.size)]))
    (place,) = to_node.of(m.BlobAt)
    with open(f"/proc/{place.pid}/fd/{place.fd}", "rb") as file:
        assert file.read() == b"x" * 100_000
    assert not to_node.of(m.RunLarge)
    say(node, m.BlobSeen(KEY, blob.name, True))
    assert isinstance(to_node.sent[-1], m.RunLarge)


def test_a_node_that_cannot_open_the_place_gets_the_data(room: Room) -> None:
    node, to_node = room.node(boot=boot_id(), uid=os.geteuid())
    client, link = room.job()
    blob = store(b"x" * 100_000)
    link.descriptors.arrived(os.dup(blob.fd))
    say(client, m.PassBlob(KEY, blob.name, blob.size), m.SubmitLarge(KEY, (1, 0, 1, b""), [(blob.name, blob.size)]))
    say(node, m.BlobSeen(KEY, blob.name, False))
    assert to_node.of(m.BlobChunk)
    assert isinstance(to_node.sent[-1], m.RunLarge)


def test_a_large_result_is_handed_to_the_client_as_a_descriptor(room: Room) -> None:
    node, _ = room.node()
    client, to_client = room.job()
    say(client, m.Submit(KEY, [(1, 0, 1, b"args")]))
    name = b"n" * 16
    say(
        node,
        m.BlobChunk(KEY, name, 4, 0, memoryview(b"data")),
        m.DoneLarge(1, KEY, (1, 1, m.RETURNED, 100, b""), [(name, 4)]),
    )
    assert to_client.passed == [b"data"]
    assert [type(message) for message in to_client.sent[-3:]] == [m.PassBlob, m.ResultLarge, m.DropBlob]
    assert room.shelf.used == 4  # the node may still name it
    say(node, m.DropBlob(KEY, name))
    assert room.shelf.used == 0


def test_arguments_that_do_not_fit_fail_their_call_only(tmp_path: Path) -> None:
    room = Room(tmp_path, memory=1000)
    room.node()
    client, link = room.job()
    blob = store(b"x" * 1001)
    link.descriptors.arrived(os.dup(blob.fd))
    say(client, m.PassBlob(KEY, blob.name, blob.size), m.SubmitLarge(KEY, (1, 0, 1, b""), [(blob.name, blob.size)]))
    (failed,) = link.of(m.Failed)
    assert (failed.calls, failed.failure.kind) == ([(1, 0)], "too large")


def test_a_result_that_does_not_fit_fails_its_call_only(tmp_path: Path) -> None:
    room = Room(tmp_path, memory=1000)
    node, _ = room.node()
    client, link = room.job()
    say(client, m.Submit(KEY, [(1, 0, 1, b"args")]))
    name = b"n" * 16
    say(
        node,
        m.BlobChunk(KEY, name, 1001, 0, memoryview(b"x" * 1001)),
        m.DoneLarge(1, KEY, (1, 1, m.RETURNED, 100, b""), [(name, 1001)]),
    )
    (failed,) = link.of(m.Failed)
    assert failed.failure.kind == "too large"


def test_a_job_that_cannot_be_written_down_is_not_accepted(room: Room) -> None:
    room.history.error = AsynClusterError("The disk is full.")
    _, link = room.job()
    (ended,) = link.of(m.JobEnded)
    assert ended.failure.message == "The disk is full."
    assert not link.of(m.JobOpened)


def test_output_is_kept_and_shown_to_the_jobs_client(room: Room) -> None:
    node, _ = room.node()
    client, link = room.job()
    say(client, m.Submit(KEY, [(1, 0, 1, b"args")]))
    say(node, m.Output(KEY, 1, "out", "hello\n"), m.Progress(KEY, 1, 0.5, "half"))
    assert [type(message) for message in link.sent[-2:]] == [m.Output, m.Progress]
    assert room.board.logs.read(KEY)[0][0].text == "hello\n"


@pytest.mark.parametrize(
    ("role", "words"), [(None, "may not use this cluster"), (Role.ANYONE, None)], ids=["nobody", "anyone"]
)
def test_who_may_not_run_jobs_cannot(room: Room, role: Role | None, words: str | None) -> None:
    client, link = room.client(role)
    if words:
        assert words in link.of(m.Refusal)[0].message
        assert link.ended == "closed"
    with pytest.raises(ProtocolError):
        say(client, m.OpenJob(KEY, "job", 0))


def test_another_version_is_told_so(room: Room) -> None:
    handler, link = room.client()
    stranger = ClientHandler(handler.who, Role.OPERATOR, 99, room.board, VerbDesk({}, {}))
    stranger.connected(link)
    say(stranger, m.Hello(m.PROTOCOL_VERSION + 1, "test"))
    assert "different versions" in link.of(m.Refusal)[0].message


@pytest.mark.parametrize(
    "speak",
    [
        lambda room: room.node(instance=1)[0].frames([b"\x00"]),
        lambda room: room.client()[0].frames([b"\xc1"]),
        lambda room: say(room.node()[0], m.Attach(1, "pc1", 3, "1", "3", 1, 1, 1, [], "b", 0)),
        lambda room: say(room.client()[0], m.PassBlob(KEY, b"n" * 16, 3)),
        lambda room: say(room.client()[0], m.SubmitLarge(KEY, (1, 0, 1, b""), [(b"n" * 16, 3)])),
        lambda room: say(room.node()[0], m.DoneLarge(1, KEY, (1, 1, 0, 1, b""), [(b"n" * 16, 3)])),
        lambda room: say(room.node()[0], m.BlobSeen(KEY, b"n" * 16, True)),
    ],
    ids=["noise", "noise from a client", "attached twice", "no descriptor", "no blob", "no result", "not asked"],
)
def test_peers_that_break_the_protocol_are_dropped(room: Room, speak: Callable[[Room], None]) -> None:
    with pytest.raises(ProtocolError):
        speak(room)


def test_a_node_that_asks_for_more_wheels_than_it_reads_gets_no_more(room: Room) -> None:
    node, link = room.node()
    asks = [v.WheelAsk("0" * 64, "a-1-py3-none-any.whl", offset) for offset in range(100)]
    say(node, *asks)
    assert room.environments.asked == 1
    link.paused = True
    for ask in asks:
        say(node, ask)
    assert room.environments.asked == 1
    link.paused = False
    node.resumed()
    assert room.environments.asked == 2

"""The link with a clock that tests move, and a far end that they play."""

from __future__ import annotations

import socket
from random import Random

import msgspec
import pytest
from twisted.internet.task import Clock

from asyncluster.console import link as links
from asyncluster.console.link import GREETING_SECONDS, RETRY_LAST_SECONDS, MasterLink, State
from asyncluster.console.state.mirror import Mirror
from asyncluster.core.errors import MasterUnreachable
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.feed import Options
from asyncluster.core.wire.framing import FrameReader, frame

TOPICS = {"nodes": Options(), "cores": Options(["pc01"])}


class Transport:
    """Collects what is written; tells its protocol when it is gone."""

    def __init__(self, protocol) -> None:
        self.protocol = protocol
        self.lost = False
        self.reader = FrameReader(1 << 20)
        self.sent = []

    def write(self, data: bytes) -> None:
        decoder = m.decoder(m.FromClient)
        self.sent += [decoder.decode(body) for body in self.reader.receive(data)]

    def loseConnection(self) -> None:
        if not self.lost:
            self.lost = True
            self.protocol.connectionLost()


class Far:
    """The far ends of all connections.

    Attributes:
        refuses: why nobody answers; "" if somebody does.
    """

    def __init__(self) -> None:
        self.refuses = ""
        self.transports: list[Transport] = []

    def dial(self) -> socket.socket:
        if self.refuses:
            raise MasterUnreachable(self.refuses)
        return socket.socket(socket.AF_UNIX)

    def attach(self, _reactor, descriptor, protocol) -> None:
        socket.socket(fileno=descriptor).close()
        transport = Transport(protocol)
        self.transports.append(transport)
        protocol.makeConnection(transport)

    @property
    def here(self) -> Transport:
        return self.transports[-1]

    def say(self, *messages: m.Message) -> None:
        self.here.protocol.dataReceived(b"".join(frame(m.encode(message)) for message in messages))

    def greet(self) -> None:
        self.say(m.Welcome(m.PROTOCOL_VERSION, "main", 1, "operator", 1))


@pytest.fixture
def far(monkeypatch):
    far = Far()
    monkeypatch.setattr(links, "attach", far.attach)
    return far


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def states():
    return []


@pytest.fixture
def link(far, clock, states):
    link = MasterLink(clock, far.dial, Mirror(lambda: 0.0, lambda: 0.0), Random(1))
    link.changed = lambda: states.append(link.state)
    return link


def up(link, far):
    link.watch(TOPICS)
    link.start()
    far.greet()
    return link


def test_it_greets_and_then_says_what_it_looks_at(link, far, states):
    up(link, far)
    hello, ask = far.here.sent
    assert isinstance(hello, m.Hello)
    assert ask.verb == "watch"
    assert msgspec.msgpack.decode(ask.arguments) == {"topics": {"nodes": {"only": None}, "cores": {"only": ["pc01"]}}}
    assert (link.state, link.role, states) == (State.UP, "operator", [State.UP])


def test_what_it_looks_at_is_said_again_only_when_it_is_something_else(link, far):
    up(link, far)
    link.watch(dict(TOPICS))
    assert len(far.here.sent) == 2
    link.watch({"nodes": Options()})
    assert len(far.here.sent) == 3


def test_answers_and_refusals_find_their_questions(link, far):
    up(link, far)
    got = []
    link.ask("a", {"x": 1}, lambda value: got.append(("a", value)), got.append)
    link.ask("b", {}, got.append, lambda words: got.append(("b", words)))
    first, second = (message.id for message in far.here.sent[2:])
    far.say(m.Refusal(second, 4, "No."), m.Answer(first, msgspec.Raw(msgspec.msgpack.encode({"y": 2}))))
    assert got == [("b", "No."), ("a", {"y": 2})]


def test_rows_go_to_the_mirror(link, far):
    up(link, far)
    link._mirror.table("nodes")
    far.say(m.Feed("nodes", 99.0, True, msgspec.Raw(msgspec.msgpack.encode([["pc01", "idle", 1.0, 4]]))))
    assert link._mirror.table("nodes").rows["pc01"].cores == 4


def test_without_a_connection_a_question_fails_at_once(link, far):
    got = []
    link.ask("a", {}, got.append, got.append)
    assert got == ["The master does not answer; nothing was done."]


def test_a_broken_connection_fails_open_questions_and_comes_back_by_itself(link, far, clock, states):
    up(link, far)
    got = []
    link.ask("user kick", {}, got.append, got.append)
    far.here.loseConnection()
    assert "whether this was done is not known" in got[0]
    assert (link.state, len(far.transports)) == (State.AWAY, 1)
    clock.advance(RETRY_LAST_SECONDS)
    assert len(far.transports) == 2
    far.greet()
    assert link.state is State.UP
    assert far.here.sent[1].verb == "watch"
    assert states == [State.UP, State.AWAY, State.UP]
    assert len(got) == 1


def test_a_master_that_is_away_is_tried_again_and_again_with_growing_waits(link, far, clock):
    far.refuses = "No master answers."
    link.start()
    waits = []
    for _attempt in range(12):
        (call,) = clock.getDelayedCalls()
        waits.append(call.getTime() - clock.seconds())
        clock.advance(waits[-1])
    assert (link.state, link.reason) == (State.AWAY, "No master answers.")
    assert waits[0] < 0.5
    assert max(waits) <= RETRY_LAST_SECONDS
    assert min(waits[6:]) >= RETRY_LAST_SECONDS / 2
    far.refuses = ""
    link.retry()
    far.greet()
    assert link.state is State.UP


def test_one_that_does_not_greet_is_given_up(link, far, clock):
    link.start()
    clock.advance(GREETING_SECONDS)
    assert link.state is State.AWAY
    assert far.here.lost
    clock.advance(RETRY_LAST_SECONDS)
    assert len(far.transports) == 2


def test_whom_the_master_turns_away_does_not_knock_again_by_itself(link, far, clock):
    link.start()
    far.say(m.Refusal(0, 4, "ann may not use this cluster."))
    assert (link.state, link.reason) == (State.REFUSED, "ann may not use this cluster.")
    assert far.here.lost
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "data", [b"\x00\x00\x00\x01\xc1", b"\xff\xff\xff\xff", frame(m.encode(m.Answer(99, msgspec.Raw(b"\xc0"))))]
)
def test_nonsense_ends_the_connection_and_nothing_else(link, far, clock, data):
    up(link, far)
    far.here.protocol.dataReceived(data)
    assert link.state is State.AWAY
    clock.advance(RETRY_LAST_SECONDS)
    far.greet()
    assert link.state is State.UP


def test_a_stopped_link_stays_stopped(link, far, clock):
    up(link, far)
    link.stop()
    clock.advance(100)
    assert len(far.transports) == 1
    assert clock.getDelayedCalls() == []


def test_a_master_that_knows_no_feed_is_told(link, far, states):
    up(link, far)
    far.say(m.Refusal(far.here.sent[1].id, 2, "This master knows no 'watch'."))
    assert (link.state, link.reason) == (State.UP, "This master knows no 'watch'.")

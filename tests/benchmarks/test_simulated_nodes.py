"""A simulated node and a master that is a list."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from asyncluster.core.wire import messages as m
from asyncluster.core.wire.engine import EngineAt
from asyncluster.core.wire.payloads import decode_chunk_results, decode_result, encode_chunk
from benchmarks.simulated_nodes import SimulatedNode, Tally

JOB = 7
_decoder = m.decoder(m.FromNode)


class Link:
    """Keeps what the node sends."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, bodies: list[bytes]) -> None:
        self.sent += [_decoder.decode(body) for body in bodies]


@pytest.fixture
def clock() -> Clock:
    return Clock()


def node_on(clock: Clock, seconds: float = 0.0, slots: int = 2) -> tuple[SimulatedNode, Link]:
    node, link = SimulatedNode(clock, "pc1", slots, seconds, Tally(), telemetry=False), Link()
    node.connected(link)
    return node, link


def tell(node: SimulatedNode, *messages: m.Message) -> None:
    node.frames([m.encode(message) for message in messages])


def run(*calls: int, kind: int = 0, payload: bytes = b"") -> m.Run:
    return m.Run(JOB, [(call, 1, kind, payload) for call in calls])


def test_it_introduces_itself_and_answers(clock):
    node, link = node_on(clock)
    tell(node, m.Attached("pc1", 1), run(1, 2))
    attach, done = link.sent
    assert (attach.name, attach.workers, attach.holding) == ("pc1", 2, [])
    assert [(row[:3], decode_result(row[4])) for row in done.rows] == [((1, 1, 0), None), ((2, 1, 0), None)]


def test_it_has_no_engine_and_nobody_sits_there(clock):
    node, link = node_on(clock)
    tell(node, EngineAt(8786), run(1))
    assert len(link.sent) == 2


def test_a_chunk_has_as_many_results_as_calls(clock):
    node, link = node_on(clock)
    kind = m.CallKind(JOB, 1, 5, "f", b"f", chunked=True)
    tell(node, kind, run(1, kind=5, payload=encode_chunk([(1,), (2,), (3,)]).payload))
    assert decode_chunk_results(link.sent[-1].rows[0][4]) == [(None, None)] * 3


def test_calls_take_their_time_and_a_slot(clock):
    node, link = node_on(clock, seconds=10.0, slots=1)
    tell(node, run(1, 2))
    clock.advance(4)
    assert len(link.sent) == 1  # the introduction
    for _ in range(2):
        clock.advance(15)
    assert [row[0] for done in link.sent[1:] for row in done.rows] == [1, 2]


def test_what_the_master_may_have_missed_is_said_again(clock):
    node, _link = node_on(clock)
    tell(node, run(1), run(2))
    tell(node, run(3), m.Acknowledge(1))
    node.lost("gone")
    again = Link()
    node.connected(again)
    assert [done.serial for done in again.sent[1:]] == [2]


def test_calls_are_handed_back_or_dropped(clock):
    node, link = node_on(clock, seconds=10.0, slots=1)
    tell(node, run(1, 2, 3, 4), m.Recall(JOB, 2))
    assert link.sent[-1].calls == [(4, 1), (3, 1)]
    tell(node, m.Stop(JOB, [(1, 1)]), m.DropJob(JOB))
    clock.advance(20)
    assert isinstance(link.sent[-1], m.Returned)  # nothing came of what was stopped or dropped

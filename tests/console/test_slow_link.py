"""The console at the other end of a slow line: it shows fewer steps, never old ones, and nothing piles up."""

from __future__ import annotations

from collections import deque

import pytest
from support.lab import Lab

from asyncluster.console.state.mirror import Mirror
from asyncluster.core.master.feed import RATE, STEP
from asyncluster.core.wire import messages
from asyncluster.core.wire.feed import Options
from asyncluster.core.wire.framing import frame

NODES = 300
WATCHED = ("master", "nodes", "jobs", "people", "openings", "events")


class Line:
    """A wire that carries so many bytes a second, to a mirror; the sender sees when it is empty, as a socket shows."""

    def __init__(self, mirror: Mirror, rate: float) -> None:
        self._mirror = mirror
        self._rate = rate
        self._queue: deque[bytes] = deque()
        self._credit = 0.0
        self._decoder = messages.decoder(messages.ToClient)
        self.most = self.carried = 0

    def send(self, message: messages.Feed) -> None:
        self._queue.append(messages.encode(message))
        self.most = max(self.most, sum(map(len, self._queue)))

    def ready(self) -> bool:
        return not self._queue

    def carry(self, seconds: float) -> None:
        self._credit += self._rate * seconds
        while self._queue and len(frame(self._queue[0])) <= self._credit:
            body = self._queue.popleft()
            self._credit -= len(frame(body))
            self.carried += len(body)
            self._mirror.receive(self._decoder.decode(body))
        if not self._queue:
            self._credit = 0.0


@pytest.fixture
def lab() -> Lab:
    return Lab(nodes=NODES)


@pytest.fixture
def mirror(lab: Lab) -> Mirror:
    mirror = Mirror(lambda: 0.0, lambda: lab.now)
    for topic in WATCHED:
        mirror.table(topic)
    return mirror


def pass_(lab: Lab, line: Line, seconds: int, *, busy: bool) -> None:
    """Time passes at both ends."""
    for tick in range(seconds * RATE):
        now = lab.now + 1 / RATE
        if busy and tick % RATE == 0:
            lab.step(now)
        lab.now = now
        lab.feed.tick(now)
        line.carry(1 / RATE)


def same(lab: Lab, mirror: Mirror) -> bool:
    return all(mirror.table(topic).rows == lab.feed.table(topic).rows for topic in WATCHED)


@pytest.mark.parametrize("rate", [4_000, 30_000, 1_000_000])
def test_what_waits_on_the_way_is_bounded_and_the_newest_arrives(lab, mirror, rate):
    line = Line(mirror, rate)
    lab.feed.subscribe(line.send, {topic: Options() for topic in WATCHED}, line.ready)
    pass_(lab, line, 60, busy=True)
    assert line.most <= 2 * STEP
    assert mirror.table("nodes").rows
    pass_(lab, line, 1 + 4 * line.most // rate, busy=False)
    assert same(lab, mirror)


def test_one_that_stands_still_for_long_gets_the_present_and_not_the_past(lab, mirror):
    line = Line(mirror, 1e6)
    lab.feed.subscribe(line.send, {topic: Options() for topic in WATCHED}, line.ready)
    pass_(lab, line, 2, busy=False)
    for _minute in range(30):
        lab.step(lab.now + 60)
        lab.now += 60
        lab.feed.tick(lab.now)
    assert line.most <= 2 * STEP
    line.most = 0
    before = line.carried
    pass_(lab, line, 2, busy=False)
    assert same(lab, mirror)
    assert line.carried - before < STEP

"""A session on a clock of its own, with links that open when the test says so."""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path
from random import Random

import pytest
from support.master_model import MasterModel

from asyncluster.core.client.parcels import Handover
from asyncluster.core.client.session import GREETING_SECONDS, RETRY_FIRST, RETRY_LAST, Session
from asyncluster.core.errors import MasterUnreachable, NotAllowed, ProtocolError
from asyncluster.core.wire.messages import Welcome


class FakeLink:
    """A link to a model that answers at once."""

    blocked = False

    def __init__(self, master):
        self.master = master
        self.inbox = deque()
        self.broken = None
        self.closed = False

    def fileno(self):
        return 99

    def send(self, outgoing):
        for item in outgoing:
            if isinstance(item, Handover):
                self.master.receive_blob(item.message, item.blob)
            else:
                self.inbox += self.master.receive(item)

    def flush(self):
        if self.broken:
            raise self.broken

    def receive(self):
        if self.broken:
            raise self.broken
        messages = list(self.inbox)
        self.inbox.clear()
        return messages

    def close(self):
        self.closed = True


class World:
    """A session and what is around it."""

    def __init__(self, patience=None):
        self.now = 1000.0
        self.master = MasterModel()
        self.links = []
        self.unreachable = False
        self.told = []
        self.session = Session(
            Path("/run/master.sock"), patience=patience, clock=lambda: self.now, random=Random(5), dial=self.dial
        )

    def dial(self):
        if self.unreachable:
            raise MasterUnreachable("No master answers.")
        self.master.link_lost()
        self.links.append(FakeLink(self.master))
        return self.links[-1]

    def tell(self, value, error):
        self.told.append(error)

    def handle(self, events):
        for event in events:
            event.tell()

    def start(self):
        self.handle(self.session.start(self.tell))

    def read(self):
        self.handle(self.session.read())

    def break_link(self, error=None):
        self.links[-1].broken = error or ConnectionResetError("gone")
        self.read()

    def to_retry(self):
        wait = self.session.retry_at - self.now
        self.now = self.session.retry_at
        self.handle(self.session.retry())
        return wait


@pytest.fixture
def world():
    world = World()
    world.start()
    world.read()
    return world


def test_the_first_link_comes_at_once_or_never():
    world = World()
    world.unreachable = True
    with pytest.raises(MasterUnreachable):
        world.start()
    assert world.session.retry_at is None


def test_it_is_up_when_the_master_has_greeted():
    world = World()
    world.start()
    assert world.told == []
    assert world.session.retry_at == world.now + GREETING_SECONDS
    world.read()
    assert world.told == [None]
    assert world.session.retry_at is None


def test_a_master_that_does_not_greet_in_time_is_none():
    world = World()
    world.start()
    world.links[0].inbox.clear()
    world.to_retry()
    assert isinstance(world.told[0], MasterUnreachable)
    assert world.links[0].closed
    with pytest.raises(MasterUnreachable):
        world.session.ledger.open_job("late", 0)


@pytest.mark.parametrize(("error", "kind"), [(None, MasterUnreachable), (OSError(5, "broken"), MasterUnreachable)])
def test_one_that_hangs_up_before_it_has_greeted_is_none_either(error, kind):
    world = World()
    world.start()
    world.break_link(error)
    assert isinstance(world.told[0], kind)


def test_one_of_another_version_is_refused():
    world = World()
    world.start()
    world.links[0].inbox[0] = Welcome(999, "m", 1, "", 5)
    world.read()
    assert isinstance(world.told[0], ProtocolError)


def test_a_lost_link_is_looked_for_with_growing_waits_and_said_once(world, caplog):
    world.break_link()
    world.unreachable = True
    waits = [world.to_retry() for _ in range(40)]
    assert all(wait <= RETRY_FIRST * 2**number for number, wait in enumerate(waits))
    assert max(waits) <= RETRY_LAST
    assert max(waits) > RETRY_LAST / 2
    world.unreachable = False
    world.to_retry()
    world.read()
    texts = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert [("is lost" in text, "is back" in text) for text in texts] == [(True, False), (False, True)]


def test_a_master_that_greets_and_hangs_up_is_not_asked_faster_and_faster(world):
    bounds = []
    for _ in range(12):
        world.break_link()
        bounds.append(world.session.retry_at - world.now)
        world.to_retry()
        world.read()
    assert max(bounds[6:]) > 10 * RETRY_FIRST


def test_a_link_that_lasted_makes_the_waits_short_again(world):
    for _ in range(8):
        world.break_link()
        world.to_retry()
        world.read()
    world.now += 60
    world.break_link()
    assert world.session.retry_at - world.now <= RETRY_FIRST


def test_patience_ends():
    world = World(patience=3.0)
    world.start()
    world.read()
    job = world.session.ledger.open_job("job", 0)
    job.when_open(world.tell)
    world.break_link()
    world.unreachable = True
    while world.session.retry_at is not None:
        world.to_retry()
    assert isinstance(world.told[-1], MasterUnreachable)
    assert "3 s" in str(world.told[-1])
    assert world.now - 1000 >= 3.0


def test_a_master_that_wants_us_no_more_ends_everything(world):
    job = world.session.ledger.open_job("job", 0)
    job.add_code(b"")
    world.break_link()
    world.master.refuse = "You are no job user any more."
    world.to_retry()
    world.read()
    assert isinstance(job.error, NotAllowed)
    assert world.session.retry_at is None


def test_the_loop_is_told_before_the_descriptor_is_closed(world):
    seen = []
    world.session.before_close = lambda: seen.append(world.links[0].closed)
    world.break_link()
    assert seen == [False]
    assert world.links[0].closed
    assert world.session.fileno == -1


def test_closing_tells_whoever_waits(world):
    job = world.session.ledger.open_job("job", 0)
    job.when_open(world.tell)
    world.handle(world.session.close())
    assert isinstance(world.told[-1], MasterUnreachable)
    assert world.links[0].closed

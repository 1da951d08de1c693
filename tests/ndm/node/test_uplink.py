from __future__ import annotations

import errno
import os
from typing import Any

import pytest

from asyncluster.core.blobs import Shelf, store
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.limits import CHUNK
from asyncluster.ndm.node.uplink import Uplink

JOB = 5


class Link:
    address = "master"
    waiting = 0

    def __init__(self) -> None:
        self.paused = False
        self.room = 10**6
        self.sent: list[Any] = []
        self.aborted: list[str] = []

    def abort(self, reason: str) -> None:
        self.aborted.append(reason)

    def send(self, bodies: Any) -> None:
        for body in [bodies] if isinstance(bodies, bytes) else bodies:
            message = m.decoder(m.FromNode).decode(body)
            self.sent.append(message)
            if isinstance(message, m.BlobChunk):
                self.room -= 1
                self.paused = self.room <= 0

    def kinds(self) -> list[str]:
        return [type(message).__name__ for message in self.sent]


@pytest.fixture
def link():
    return Link()


@pytest.fixture
def shelf():
    return Shelf(memory=10**8, total=10**8, directory="/nonexistent")


@pytest.fixture
def uplink(link, shelf):
    return Uplink(link, shelf)


@pytest.fixture
def large(shelf):
    """Makes a large result whose blob is on the shelf."""

    def large(serial: int, fill: bytes = b"x", size: int = 2 * CHUNK + 1) -> m.DoneLarge:
        blob = store(fill * size)
        name = blob.name
        shelf.add(JOB, blob)
        return m.DoneLarge(serial, JOB, (serial, 1, m.RETURNED, 0, b""), [(name, size)])

    return large


def returned(serial: int) -> m.Returned:
    return m.Returned(serial, JOB, [])


def test_messages_go_in_order(uplink, link):
    uplink.send(returned(1))
    uplink.send(returned(2))
    assert link.sent == [returned(1), returned(2)]


def test_numbered_messages_wait_behind_data_under_way_and_news_do_not(uplink, link, large):
    done = large(1)
    uplink.send(done)
    uplink.send(returned(2))
    uplink.send_now(m.Progress(JOB, 1, 0.5, ""))
    assert link.kinds() == ["BlobAt", "Progress"]
    uplink.seen(m.BlobSeen(JOB, done.blobs[0][0], True))
    assert link.sent[2:] == [done, returned(2)]


def test_a_master_elsewhere_gets_chunks_now_and_ever_after(uplink, link, large):
    first, second = large(1), large(2, b"y")
    uplink.send(first)
    uplink.seen(m.BlobSeen(JOB, first.blobs[0][0], False))
    uplink.send(second)
    chunks = ["BlobChunk"] * 3
    assert link.kinds() == ["BlobAt", *chunks, "DoneLarge", *chunks, "DoneLarge"]


def test_chunks_wait_for_room(uplink, link, large):
    done = large(1)
    uplink.send(done)
    link.room = 1
    uplink.seen(m.BlobSeen(JOB, done.blobs[0][0], False))
    assert link.kinds() == ["BlobAt", "BlobChunk"]
    link.room, link.paused = 10, False
    uplink.proceed()
    assert link.kinds() == ["BlobAt", "BlobChunk", "BlobChunk", "BlobChunk", "DoneLarge"]


def test_data_go_once_until_they_are_dropped(uplink, link, large):
    first = large(1)
    name = first.blobs[0][0]
    uplink.send(first)
    uplink.seen(m.BlobSeen(JOB, name, True))
    uplink.send(large(2))
    uplink.send(m.DropBlob(JOB, name))
    uplink.send(large(3))
    assert link.kinds() == ["BlobAt", "DoneLarge", "DoneLarge", "DropBlob", "BlobAt"]


def test_an_answer_to_nothing_is_ignored(uplink, link, large):
    uplink.seen(m.BlobSeen(JOB, b"z" * 16, True))
    done = large(1)
    uplink.send(done)
    uplink.seen(m.BlobSeen(JOB, b"z" * 16, True))
    assert link.kinds() == ["BlobAt"]


def test_data_of_a_job_that_is_over_are_not_waited_for(uplink, link, large, shelf):
    done = large(1)
    shelf.drop_job(JOB)
    uplink.send(done)
    assert link.kinds() == ["DoneLarge"]


def test_news_are_dropped_while_the_connection_is_full(uplink, link):
    link.paused = True
    uplink.send_now(m.Progress(JOB, 1, 0.5, ""))
    assert link.sent == []


@pytest.mark.parametrize("elsewhere", [False, True])
def test_data_for_which_there_is_no_descriptor_end_the_connection(uplink, link, large, monkeypatch, elsewhere):
    """The next one sends all of it again. Were it kept, everything would wait behind these data for ever."""
    if elsewhere:
        first = large(1)
        uplink.send(first)
        uplink.seen(m.BlobSeen(JOB, first.blobs[0][0], False))
    sent = list(link.sent)

    def none_left(_descriptor: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "dup", none_left)
    uplink.send(returned(2))
    uplink.send(large(3, b"y"))
    assert link.aborted == ["large data cannot be sent: Too many open files"]
    assert link.sent == [*sent, returned(2)]
    uplink.close()

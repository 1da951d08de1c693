from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest

from asyncluster.core.blobs import Blob, Shelf, store
from asyncluster.core.master.outbox import Outbox, Streaming
from asyncluster.core.wire import limits
from asyncluster.core.wire import messages as m

_decoder = m.decoder(m.ToNode)


class Wire:
    """Records frames; full after `room` of them."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.room = room
        self.sent: list[m.Message] = []
        self.ended = ""

    def abort(self, reason: str) -> None:
        self.ended = reason

    @property
    def paused(self) -> bool:
        return len(self.sent) >= self.room

    def send(self, bodies: bytes | list[bytes]) -> None:
        self.sent += [_decoder.decode(body) for body in ([bodies] if isinstance(bodies, bytes) else bodies)]


class Slow:
    """A carrier that ends when the test says so."""

    def __init__(self) -> None:
        self.begun: list[bytes] = []

    def begin(self, job: int, blob: Blob) -> bool:
        self.begun.append(blob.name)
        return False

    def proceed(self) -> bool:
        return False


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(memory=1 << 24, total=1 << 24, directory=str(tmp_path))


def put(shelf: Shelf, job: int, data: bytes) -> m.BlobRef:
    blob = store(data)
    shelf.add(job, blob)
    return blob.name, blob.size


def outbox(shelf: Shelf, wire: Wire, carrier: object = None) -> Outbox:
    return Outbox(wire, carrier or Streaming(wire), shelf)  # type: ignore[arg-type]


def test_a_blob_that_cannot_be_sent_ends_its_peers_connection_and_nothing_else(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire()
    box = outbox(shelf, wire)
    box.send(m.RunLarge(1, (1, 1, 1, b""), [put(shelf, 1, bytes(1000))]))
    monkeypatch.setattr(os, "dup", Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))
    box.flush()
    assert wire.ended == "large data cannot be sent: Too many open files"
    assert wire.sent == []


def test_messages_leave_together_with_the_flush(shelf: Shelf) -> None:
    wire = Wire()
    box = outbox(shelf, wire)
    box.send(m.Run(1, []))
    box.send(m.Recall(1, 2))
    assert wire.sent == []
    box.flush()
    assert wire.sent == [m.Run(1, []), m.Recall(1, 2)]


def test_a_blob_goes_before_the_message_that_names_it_and_only_once(shelf: Shelf) -> None:
    wire = Wire()
    box = outbox(shelf, wire)
    data = b"x" * (limits.CHUNK + 1)
    ref = put(shelf, 1, data)
    for index in (0, 1):
        box.send(m.Update(1, index, b"", [ref]))
    box.flush()
    chunks = [each for each in wire.sent if isinstance(each, m.BlobChunk)]
    assert b"".join(bytes(chunk.data) for chunk in chunks) == data
    assert [type(each) for each in wire.sent] == [m.BlobChunk, m.BlobChunk, m.Update, m.Update]


def test_other_jobs_pass_a_job_that_waits_for_its_blob(shelf: Shelf) -> None:
    wire, carrier = Wire(), Slow()
    box = outbox(shelf, wire, carrier)
    ref = put(shelf, 1, b"large")
    box.send(m.Update(1, 0, b"", [ref]))
    box.send(m.Run(1, []))
    box.send(m.Run(2, []))
    box.flush()
    assert wire.sent == [m.Run(2, [])]
    box.blob_arrived()
    assert wire.sent[1:] == [m.Update(1, 0, b"", [ref]), m.Run(1, [])]


def test_a_full_link_is_not_filled_further(shelf: Shelf) -> None:
    wire = Wire(room=2)
    box = outbox(shelf, wire)
    ref = put(shelf, 1, b"x" * (5 * limits.CHUNK))
    box.send(m.Update(1, 0, b"", [ref]))
    box.flush()
    assert len(wire.sent) == 2
    wire.room = 100
    box.flush()
    assert [type(each) for each in wire.sent] == [m.BlobChunk] * 5 + [m.Update]


def test_a_blob_that_could_not_be_opened_is_sent_another_way(shelf: Shelf) -> None:
    wire = Wire()
    box = outbox(shelf, wire, Slow())
    ref = put(shelf, 1, b"large")
    box.send(m.Update(1, 0, b"", [ref]))
    box.flush()
    box.carry_by(Streaming(wire))  # type: ignore[arg-type]
    assert [type(each) for each in wire.sent] == [m.BlobChunk, m.Update]


def test_a_dropped_blob_is_sent_again_when_it_is_named_again(shelf: Shelf) -> None:
    wire = Wire()
    box = outbox(shelf, wire)
    ref = put(shelf, 1, b"large")
    box.send(m.Update(1, 0, b"", [ref]))
    box.drop(1, ref[0])
    box.drop(1, ref[0])  # the peer does not have it any more: nothing to say
    box.send(m.Update(1, 1, b"", [ref]))
    box.flush()
    assert [type(each) for each in wire.sent] == [m.BlobChunk, m.Update, m.DropBlob, m.BlobChunk, m.Update]


def test_a_job_that_ended_meanwhile_does_not_block_others(shelf: Shelf) -> None:
    wire, carrier = Wire(), Slow()
    box = outbox(shelf, wire, carrier)
    first, second = put(shelf, 1, b"one"), put(shelf, 2, b"two")
    box.send(m.Update(1, 0, b"", [first]))
    box.send(m.Update(2, 0, b"", [second]))
    box.flush()
    shelf.drop_job(2)
    box.blob_arrived()
    assert [each.job for each in wire.sent] == [1, 2]  # type: ignore[attr-defined]

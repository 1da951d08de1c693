from __future__ import annotations

import os
from pathlib import Path

import pytest

from asyncluster.core.blobs import Shelf, store
from asyncluster.core.errors import ProtocolError
from asyncluster.core.master.inbox import Inbox
from asyncluster.core.wire import messages as m


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(memory=100, total=100, directory=str(tmp_path))


def naming(*refs: m.BlobRef) -> m.Update:
    return m.Update(1, 0, b"", list(refs))


def test_a_blob_in_chunks_stands_on_the_shelf(shelf: Shelf) -> None:
    inbox = Inbox(shelf)
    name = b"n" * 16
    inbox.chunk(m.BlobChunk(1, name, 6, 0, memoryview(b"abc")))
    with pytest.raises(ProtocolError):
        inbox.complete(naming((name, 6)))
    inbox.chunk(m.BlobChunk(1, name, 6, 3, memoryview(b"def")))
    assert inbox.complete(naming((name, 6)))


def test_a_descriptor_is_taken_over(shelf: Shelf) -> None:
    blob = store(b"data")
    inbox = Inbox(shelf)
    inbox.passed(m.PassBlob(1, blob.name, 4), os.dup(blob.fd))
    assert inbox.complete(naming((blob.name, 4)))


def test_a_blob_of_another_process_is_opened_through_proc(shelf: Shelf) -> None:
    blob = store(b"data")
    inbox = Inbox(shelf)
    assert inbox.at(m.BlobAt(1, blob.name, 4, os.getpid(), blob.fd))
    assert inbox.complete(naming((blob.name, 4)))
    assert not inbox.at(m.BlobAt(1, b"x" * 16, 4, os.getpid(), 999_999))


def test_what_does_not_fit_is_refused_and_remembered(shelf: Shelf) -> None:
    inbox = Inbox(shelf)
    large, small = store(b"x" * 101), store(b"x")
    inbox.passed(m.PassBlob(1, large.name, 101), os.dup(large.fd))
    inbox.chunk(m.BlobChunk(1, b"n" * 16, 101, 0, memoryview(b"x")))
    inbox.chunk(m.BlobChunk(1, b"n" * 16, 101, 1, memoryview(b"x")))  # the rest of it is no offence
    inbox.passed(m.PassBlob(1, small.name, 1), os.dup(small.fd))
    assert not inbox.complete(naming((large.name, 101), (small.name, 1)))
    assert not inbox.complete(naming((b"n" * 16, 101)))
    assert inbox.complete(naming((small.name, 1)))
    assert shelf.used == 1


def test_naming_what_was_never_sent_breaks_the_protocol(shelf: Shelf) -> None:
    with pytest.raises(ProtocolError):
        Inbox(shelf).complete(naming((b"n" * 16, 1)))


def test_a_pipe_that_a_node_points_to_blocks_nobody(shelf: Shelf, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    with pytest.raises(ProtocolError):
        Inbox(shelf).at(m.BlobAt(1, b"n" * 16, 4, os.getpid(), pipe))
    os.close(pipe)


def test_who_goes_on_though_there_is_no_room_is_dropped(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncluster.core.master.inbox._MOST", 3)
    inbox = Inbox(shelf)
    for number in range(3):
        inbox.chunk(m.BlobChunk(1, bytes([number]) * 16, 10**6, 0, memoryview(b"abc")))
    with pytest.raises(ProtocolError, match="no room"):
        inbox.chunk(m.BlobChunk(1, b"x" * 16, 10**6, 0, memoryview(b"abc")))


def test_what_a_peer_sent_and_never_named_goes_with_it(shelf: Shelf) -> None:
    inbox, names = Inbox(shelf), [bytes([number]) * 16 for number in range(3)]
    for name in names[:2]:
        inbox.chunk(m.BlobChunk(1, name, 3, 0, memoryview(b"abc")))
    inbox.chunk(m.BlobChunk(1, names[2], 6, 0, memoryview(b"abc")))
    inbox.complete(naming((names[0], 3)))
    inbox.close()
    assert [shelf.get(1, name) is not None for name in names] == [True, False, False]
    assert shelf.used == 3


def test_large_data_that_no_message_names_have_an_end(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncluster.core.master.inbox._MOST", 3)
    inbox = Inbox(shelf)
    for number in range(3):
        inbox.chunk(m.BlobChunk(1, bytes([number]) * 16, 1, 0, memoryview(b"a")))
    with pytest.raises(ProtocolError, match="nobody asks for"):
        inbox.chunk(m.BlobChunk(1, b"x" * 16, 1, 0, memoryview(b"a")))

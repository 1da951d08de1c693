from __future__ import annotations

import errno
import os
from pathlib import Path
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.blobs import Blob, BlobWriter, NoRoom, Shelf, adopt, name_of, store
from asyncluster.core.errors import ProtocolError


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(memory=1000, total=3000, directory=str(tmp_path))


@given(st.binary(max_size=5000))
def test_a_stored_blob_is_its_content(data: bytes) -> None:
    blob = store(data)
    assert (bytes(blob.view()), blob.size, blob.name) == (data, len(data), name_of(data))
    blob.close()


def test_writing_to_a_view_changes_nobody_elses() -> None:
    blob = store(b"shared")
    other = adopt(os.dup(blob.fd), blob.name, blob.size)
    blob.view()[0:1] = b"S"
    assert bytes(other.view()) == b"shared"


def test_the_content_cannot_be_changed_or_cut_through_the_descriptor() -> None:
    blob = store(b"sealed")
    with pytest.raises(PermissionError):
        os.ftruncate(blob.fd, 0)
    with pytest.raises(PermissionError):
        os.pwrite(blob.fd, b"x", 0)


def test_a_view_outlives_the_blob() -> None:
    blob = store(b"x" * 10_000)
    view = blob.view()
    blob.close()
    assert bytes(view[-3:]) == b"xxx"


def test_only_sealed_descriptors_of_the_right_size_are_adopted() -> None:
    sealed, unsealed = store(b"data"), os.memfd_create("test")
    os.write(unsealed, b"data")
    with pytest.raises(ProtocolError):
        adopt(unsealed, b"n" * 16, 4)
    with pytest.raises(OSError, match="Bad file descriptor"):  # taken over and closed
        os.fstat(unsealed)
    with pytest.raises(ProtocolError):
        adopt(os.dup(sealed.fd), b"n" * 16, 5)
    reading, writing = os.pipe()
    with pytest.raises(ProtocolError):
        adopt(reading, b"n" * 16, 4)
    os.close(writing)


@given(st.binary(min_size=1, max_size=300), st.integers(1, 50))
def test_pieces_make_the_whole(data: bytes, size: int) -> None:
    writer = BlobWriter(b"n" * 16, len(data))
    blob: Blob | None = None
    for offset in range(0, len(data), size):
        assert blob is None
        blob = writer.write(offset, data[offset : offset + size])
    assert blob is not None
    assert bytes(blob.view()) == data
    assert blob.piece(1, 7) == data[1:8]


@pytest.mark.parametrize(("offset", "data"), [(1, b"x"), (0, b"12345"), (0, b"")])
def test_pieces_out_of_order_or_too_long_are_refused(offset: int, data: bytes) -> None:
    writer = BlobWriter(b"n" * 16, 4)
    with pytest.raises(ProtocolError):
        writer.write(offset, data)
    writer.close()


def test_a_shelf_counts_what_it_keeps(shelf: Shelf) -> None:
    blob = store(b"x" * 400)
    shelf.add(1, blob)
    shelf.add(1, store(b"x" * 400))  # the same again
    assert shelf.used == 400
    assert shelf.get(1, blob.name) is blob
    assert shelf.get(2, blob.name) is None
    shelf.require(1, [blob.name])
    with pytest.raises(ProtocolError):
        shelf.require(2, [blob.name])
    shelf.drop(1, blob.name)
    shelf.drop(1, blob.name)
    assert shelf.used == 0


def test_a_shelf_refuses_what_does_not_fit_and_keeps_the_rest(shelf: Shelf) -> None:
    shelf.add(1, store(b"a" * 2000))
    with pytest.raises(NoRoom, match="1,001 bytes do not fit: 2,000 of 3,000"):
        shelf.add(1, store(b"b" * 1001))
    with pytest.raises(NoRoom):
        shelf.receive(1, b"n" * 16, 1001, 0, b"x")
    shelf.add(1, store(b"c" * 1000))
    assert shelf.used == 3000


def test_what_exceeds_the_memory_goes_to_disk(shelf: Shelf) -> None:
    name = b"n" * 16
    assert not shelf.receive(1, name, 1500, 0, b"x" * 1000)
    assert shelf.receive(1, name, 1500, 1000, b"y" * 500)
    blob = shelf.get(1, name)
    assert blob is not None
    assert "memfd" not in os.readlink(f"/proc/self/fd/{blob.fd}")
    assert blob.piece(999, 2) == b"xy"


def test_a_broken_arrival_leaves_nothing(shelf: Shelf) -> None:
    shelf.receive(1, b"n" * 16, 100, 0, b"x" * 50)
    with pytest.raises(ProtocolError):
        shelf.receive(1, b"n" * 16, 100, 51, b"x")
    assert shelf.used == 0


def test_a_job_takes_its_blobs_along(shelf: Shelf) -> None:
    shelf.add(1, store(b"one"))
    shelf.add(2, store(b"two"))
    shelf.receive(1, b"n" * 16, 100, 0, b"x")
    shelf.drop_job(1)
    assert shelf.used == 3


@pytest.mark.parametrize("size", [500, 2000])
def test_a_blob_for_which_no_file_can_be_opened_takes_no_room(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    none_left = OSError(errno.EMFILE, "Too many open files")
    with monkeypatch.context() as scarcity:
        for name in ("memfd_create", "dup"):
            scarcity.setattr(os, name, Mock(side_effect=none_left))
        with pytest.raises(NoRoom, match="Too many open files"):
            shelf.receive(1, b"x" * 16, size, 0, bytes(10))
    assert shelf.used == 0
    assert not shelf.receive(1, b"x" * 16, size, 0, bytes(10))
    shelf.drop_job(1)


def test_two_senders_may_send_the_same(shelf: Shelf) -> None:
    name = b"n" * 16
    assert not shelf.receive(1, name, 4, 0, b"ab", "one")
    assert not shelf.receive(1, name, 4, 0, b"ab", "other")
    assert shelf.receive(1, name, 4, 2, b"cd", "one")
    assert shelf.receive(1, name, 4, 2, b"cd", "other")
    assert shelf.used == 4


def test_what_nobody_has_named_goes_with_its_sender(shelf: Shelf) -> None:
    named, unnamed = store(b"named"), store(b"unnamed")
    brought = [(1, named.name), (1, unnamed.name)]
    shelf.add(1, named)
    shelf.add(1, unnamed)
    shelf.receive(1, b"n" * 16, 100, 0, b"x", "sender")
    shelf.receive(1, b"n" * 16, 100, 0, b"x", "another")
    shelf.require(1, [named.name])
    shelf.abandon("sender", brought)
    assert shelf.get(1, named.name) is not None
    assert shelf.get(1, unnamed.name) is None
    assert shelf.used == len(b"named") + 100
    shelf.drop_job(1)


def test_descriptors_are_left_for_other_things(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "_most", 2)
    shelf.add(1, store(b"one"))
    shelf.receive(1, b"n" * 16, 100, 0, b"x")
    with pytest.raises(NoRoom, match="2 large data already"):
        shelf.add(1, store(b"three"))
    shelf.drop_job(1)
    shelf.add(1, store(b"three"))
    shelf.drop_job(1)

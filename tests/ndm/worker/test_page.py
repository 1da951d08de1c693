"""What a worker and its node daemon share: both ends map the same memory."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from asyncluster.ndm.worker.page import SIZE, Page, create


@pytest.fixture
def ends() -> Iterator[tuple[Page, Page]]:
    """The worker's end, and the node daemon's."""
    fd = create()
    yield Page(fd), Page(fd)
    os.close(fd)


def test_results_are_kept_until_they_are_sent(ends):
    worker, daemon = ends
    assert daemon.kept() == b""
    assert worker.keep(b"one")
    assert daemon.kept() == b"one"
    assert worker.keep(b"one and two")
    assert daemon.kept() == b"one and two"
    worker.sent()
    assert daemon.kept() == b""


def test_results_stay_while_the_next_row_runs(ends):
    worker, daemon = ends
    worker.begin(1, 1, 5)
    worker.finish()
    worker.keep(b"one")
    worker.begin(2, 1, 7_000_000_000)
    assert daemon.kept() == b"one"
    assert daemon.glance().call == 2
    assert daemon.glance().since == 7.0


def test_results_that_are_too_large_leave_what_is_there(ends):
    worker, daemon = ends
    worker.keep(b"one")
    assert not worker.keep(bytes(SIZE))
    assert daemon.kept() == b"one"


def test_a_size_that_cannot_be_is_not_believed(ends):
    worker, daemon = ends
    worker.keep(b"one")
    worker._words[4] = SIZE
    assert daemon.kept() == b""


def test_results_that_change_while_they_are_read_are_none(ends, monkeypatch):
    worker, daemon = ends
    worker.begin(1, 1, 5)
    worker.keep(b"one")
    room = daemon._room

    class Slow:
        """Memory that takes so long to read that the worker runs another row meanwhile."""

        def __len__(self) -> int:
            return len(room)

        def __getitem__(self, where: slice) -> bytes:
            found = bytes(room[where])
            worker.sent()
            worker.begin(2, 1, 9)
            worker.keep(b"two")
            return found

    monkeypatch.setattr(daemon, "_room", Slow())
    assert daemon.kept() == b""

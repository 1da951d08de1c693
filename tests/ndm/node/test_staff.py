"""Workers whose node has run out of descriptors, and results that are fetched from workers' pages."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet.task import Clock

from asyncluster.core.blobs import Shelf, store
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.instructions import Exit
from asyncluster.ndm.node.processes import Ended
from asyncluster.ndm.node.staff import Staff
from asyncluster.ndm.worker.page import Page

NONE_LEFT = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Recorder:
    """Plays the spawner and who hears of workers."""

    reports: Any

    def __init__(self) -> None:
        self.started: list[int] = []
        self.exits: list[tuple[int, Exit]] = []
        self.heard: list[m.Message] = []
        self.killed: list[int] = []
        self.page: Page

    def start(self, worker: int, ends: Any, niceness: int) -> None:
        self.started.append(worker)
        self.page = Page(ends.page)
        ends.close()

    def said(self, worker: int, message: m.Message) -> None:
        self.heard.append(message)

    def kill(self, worker: int) -> None:
        self.killed.append(worker)

    def exited(self, worker: int, how: Exit) -> None:
        self.exits.append((worker, how))

    def close(self) -> None: ...


class Reactor(Clock):
    def addReader(self, reader: Any) -> None: ...

    removeReader = removeWriter = addReader


@pytest.mark.parametrize("allowed", range(3))
def test_a_worker_for_which_there_is_no_descriptor_is_told_as_ended(
    monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    reactor, recorder, shelf = Reactor(), Recorder(), Shelf(memory=0, total=0, directory="")
    staff = Staff(reactor, recorder, shelf, shelf, recorder)
    gc.collect()  # what earlier tests have left goes now
    before = os.listdir("/proc/self/fd")
    pipe, left = os.pipe, [allowed]

    def scarce_pipe() -> tuple[int, int]:
        left[0] -= 1
        if left[0] < 0:
            raise NONE_LEFT
        return pipe()

    with monkeypatch.context() as scarcity:
        scarcity.setattr(os, "pipe", scarce_pipe)
        if allowed == 2:
            scarcity.setattr(os, "memfd_create", lambda *_arguments: (_ for _ in ()).throw(NONE_LEFT))
        staff.start(1, 5)
    staff.send(1, m.DropBlob(1, b"x" * 32))  # the brain does not know yet
    assert recorder.exits == []
    reactor.advance(0)
    ((worker, how),) = recorder.exits
    assert (worker, how.signal, how.status) == (1, None, None)
    assert "Too many open files" in how.stderr
    assert os.listdir("/proc/self/fd") == before
    staff.start(2, 5)
    assert recorder.started == [2]
    staff.close()


DONE = m.Done(0, 7, [(1, 1, m.RETURNED, 5000, b"x")])


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def staff(recorder: Recorder) -> Iterator[Staff]:
    """With one worker."""
    shelf = Shelf(memory=0, total=0, directory="")
    staff = Staff(Reactor(), recorder, shelf, shelf, recorder)
    staff.start(1, 5)
    yield staff
    staff.close()


def test_results_are_fetched_once_when_the_call_behind_them_takes_long(staff: Staff, recorder: Recorder) -> None:
    assert staff.fetch(0.0) is None
    recorder.page.keep(m.encode(DONE))
    recorder.page.begin(2, 1, 10_000_000_000)
    again = staff.fetch(10.001)
    assert again is not None
    assert recorder.heard == []
    assert staff.fetch(again) is None
    assert recorder.heard == [DONE]
    staff.fetch(again + 1)
    assert recorder.heard == [DONE]


def test_results_of_a_worker_that_has_ended_are_fetched_first(staff: Staff, recorder: Recorder) -> None:
    recorder.page.keep(m.encode(DONE))
    recorder.page.begin(2, 1, 1)
    staff.ended(1, Ended(signal=9))
    assert recorder.heard == [DONE]
    assert [worker for worker, _how in recorder.exits] == [1]


def test_a_worker_whose_page_holds_nonsense_is_ended(staff: Staff, recorder: Recorder) -> None:
    recorder.page.keep(b"nonsense")
    staff.fetch(0.0)
    assert (recorder.heard, recorder.killed) == ([], [1])


def test_a_worker_that_cannot_be_given_the_data_of_its_call_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder, given = Recorder(), Shelf(memory=10**6, total=10**6, directory="/nonexistent")
    staff = Staff(Reactor(), recorder, given, given, recorder)
    staff.start(1, 5)
    blob = store(b"x" * 1000)
    given.add(7, blob)
    row = (1, 1, 1, b"")
    staff.send(1, m.WorkerSetup(7, 1, "job", "pc1", ""))
    with monkeypatch.context() as scarcity:
        scarcity.setattr(os, "dup", lambda _descriptor: (_ for _ in ()).throw(NONE_LEFT))
        staff.send(1, m.RunLarge(7, row, [(blob.name, 1000)]))
    assert recorder.killed == [1]
    staff.close()

"""Workers whose node has run out of descriptors."""

from __future__ import annotations

import errno
import os
from typing import Any

import pytest
from twisted.internet.task import Clock

from asyncluster.core.blobs import Shelf
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node.instructions import Exit
from asyncluster.ndm.node.staff import Staff

NONE_LEFT = OSError(errno.EMFILE, os.strerror(errno.EMFILE))


class Recorder:
    """Plays the spawner and who hears of workers."""

    reports: Any

    def __init__(self) -> None:
        self.started: list[int] = []
        self.exits: list[tuple[int, Exit]] = []

    def start(self, worker: int, ends: Any, niceness: int) -> None:
        self.started.append(worker)
        ends.close()

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

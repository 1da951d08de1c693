"""What a worker starts cannot leave its cell, whatever it does to hide."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processtable import lives
from support.waiting import wait_for

from asyncluster.ndm.session import group
from asyncluster.ndm.steward.cells import Cells

HOME = group.home()
needs_groups = pytest.mark.skipif(HOME is None, reason="no control groups of version 2 can be made here")

#: Forks twice, in sessions of their own, says the grandchild's pid and waits without environment or fixed parent.
HIDES = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.setsid()
        os.write(1, b"%d\\n" % os.getpid())
        os.execve(sys.executable, ["hidden", "-c", "import time; time.sleep(600)"], {})
    os._exit(0)
os.wait()
time.sleep(600)
"""


class Worker:
    """A worker and what it has hidden."""

    def __init__(self, cells: Cells, number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"input()\n{HIDES}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        cells.put(number, self.process.pid)
        self.process.stdin.write(b"go\n")
        self.process.stdin.close()
        self.hidden = int(self.process.stdout.readline())
        self.process.stdout.close()


@pytest.fixture
def marker(tmp_path: Path) -> str:
    return str(tmp_path)


@pytest.fixture
def cells(marker: str) -> Iterator[Cells]:
    cells = Cells(HOME, marker)
    yield cells
    cells.close()


def places(cells: Cells) -> list[str]:
    assert cells._all is not None
    return [path.name for path in cells._all.path.iterdir() if path.is_dir()]


@needs_groups
def test_killing_a_worker_kills_what_it_has_hidden(cells: Cells) -> None:
    worker, other = Worker(cells, 7), Worker(cells, 8)
    assert cells.kill(7)
    assert worker.process.wait(20) == -signal.SIGKILL
    wait_for(lambda: not lives(worker.hidden), "the end of what it had hidden")
    assert lives(other.hidden)
    cells.kill(8)
    other.process.wait(20)


@needs_groups
def test_what_a_worker_leaves_behind_goes_with_it_and_its_cell_too(cells: Cells) -> None:
    worker = Worker(cells, 7)
    worker.process.kill()
    worker.process.wait(20)
    assert lives(worker.hidden)
    cells.empty(7)
    wait_for(lambda: not lives(worker.hidden), "the end of what it had hidden")
    wait_for(lambda: cells._sweep() or not places(cells), "the end of its cell")


@needs_groups
def test_who_is_frozen_cannot_be_continued_and_can_be_killed(cells: Cells) -> None:
    worker = Worker(cells, 7)
    assert cells.freeze(7, True)
    wait_for(lambda: "frozen 1" in Path(cells._cell(7).path / "cgroup.events").read_text(), "it to stand still")
    os.kill(worker.process.pid, signal.SIGCONT)
    assert "frozen 1" in Path(cells._cell(7).path / "cgroup.events").read_text()
    assert cells.kill(7)
    assert worker.process.wait(20) == -signal.SIGKILL


@needs_groups
def test_what_an_earlier_life_has_left_is_ended_at_the_start(cells: Cells, marker: str) -> None:
    worker = Worker(cells, 7)
    Cells(HOME, marker)
    assert worker.process.wait(20) == -signal.SIGKILL
    assert not lives(worker.hidden)


@needs_groups
def test_another_node_of_the_computer_is_left_alone(cells: Cells, marker: str) -> None:
    worker = Worker(cells, 7)
    Cells(HOME, f"{marker}-2").close()
    assert lives(worker.process.pid)
    cells.close()
    worker.process.wait(20)


def test_without_control_groups_there_are_no_cells(marker: str) -> None:
    cells = Cells(None, marker)
    cells.put(7, os.getpid())
    assert not cells.kill(7)
    assert not cells.freeze(7, True)
    cells.empty(7)
    cells.close()


@needs_groups
def test_a_worker_that_is_gone_already_has_none(cells: Cells) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    cells.put(7, gone.pid)
    assert places(cells) == []
    assert not cells.kill(7)

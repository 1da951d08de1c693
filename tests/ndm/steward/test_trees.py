"""Trees of real processes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from support.processtable import lives, state
from support.waiting import wait_for

from asyncluster.ndm.steward import trees

FAMILY = """
import os, sys, time
for _ in range(2):
    if os.fork() == 0:  # a child ...
        os.fork()  # ... and a grandchild
        break
os.write(1, b"x")
time.sleep(600)
"""
_MEMBERS = 5


@pytest.fixture
def family() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts a process with four below it."""
    roots = []

    def family(**environment: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, env={**os.environ, **environment}
        )
        roots.append(process)
        assert process.stdout
        assert process.stdout.read(_MEMBERS) == b"x" * _MEMBERS
        return process

    yield family
    for process in roots:
        trees.kill_tree(process.pid)
        process.wait()
        process.stdout.close()


def test_a_tree_is_killed_without_a_descriptor_left(family):
    root = family()
    below = trees.descendants(root.pid)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = []
    try:
        with suppress(OSError):
            while len(taken) < soft:
                taken.append(os.dup(0))
                resource.setrlimit(resource.RLIMIT_NOFILE, (taken[-1] + 1, hard))
        assert trees.kill_tree(root.pid) == below
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for descriptor in taken:
            os.close(descriptor)
    wait_for(lambda: not any(map(lives, below)), "the end of the tree")


def test_a_tree_is_found_stopped_and_continued(family):
    root = family()
    below = trees.descendants(root.pid)
    assert len(below) == 4
    assert trees.stop_tree(root.pid) == below
    for pid in [root.pid, *below]:
        wait_for(lambda pid=pid: state(pid) == "T", "a stop")
    trees.continue_tree(root.pid)
    for pid in [root.pid, *below]:
        wait_for(lambda pid=pid: state(pid) == "S", "going on")


def test_a_tree_is_killed_whole(family):
    root = family()
    below = trees.descendants(root.pid)
    trees.kill_tree(root.pid)
    assert root.wait(10) == -signal.SIGKILL
    for pid in below:
        wait_for(lambda pid=pid: not lives(pid), "the end of it")


def test_killing_what_is_gone_is_harmless(family):
    root = family()
    trees.kill_tree(root.pid)
    root.wait(10)
    trees.kill_tree(root.pid)
    assert trees.renice_tree(root.pid, 5)


def test_a_tree_is_made_nicer(family):
    root = family()
    assert trees.renice_tree(root.pid, 7)
    for pid in [root.pid, *trees.descendants(root.pid)]:
        assert os.getpriority(os.PRIO_PROCESS, pid) == 7


def test_processes_are_known_by_a_mark_in_their_environment(family):
    marked, other = family(ASYNCLUSTER_NODE="mark-7"), family(ASYNCLUSTER_NODE="mark-77")
    assert trees.kill_marked(b"ASYNCLUSTER_NODE=mark-7") == 5
    assert marked.wait(10) == -signal.SIGKILL
    assert other.poll() is None


def test_orphans_are_children_that_nobody_knows(family):
    before = set(trees.children().get(os.getpid(), ()))
    known, orphan = family(), family()
    assert trees.kill_orphans({*before, known.pid}) == [orphan.pid]
    assert orphan.wait(10) == -signal.SIGKILL
    assert known.poll() is None


@pytest.mark.root
def test_all_processes_of_a_user_can_be_ended():
    uid = 54321
    processes = [
        subprocess.Popen(["/bin/sleep", "600"], user=uid, group=uid, extra_groups=[], start_new_session=True)
        for _ in range(3)
    ]
    trees.kill_of_user(uid)
    assert [process.wait(10) for process in processes] == [-signal.SIGKILL] * 3


@pytest.mark.root
def test_those_that_somebody_else_looks_after_are_spared():
    uid = 54321
    script = """
import subprocess
child = subprocess.Popen(["/bin/sleep", "600"], user=54321, group=54321, extra_groups=[])
print(child.pid, flush=True)
child.wait()
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as steward:
        assert steward.stdout
        spared = int(steward.stdout.readline())
        ours = subprocess.Popen(["/bin/sleep", "600"], user=uid, group=uid, extra_groups=[])
        trees.kill_of_user(uid)
        assert ours.wait(10) == -signal.SIGKILL
        assert lives(spared)
        os.kill(spared, signal.SIGKILL)

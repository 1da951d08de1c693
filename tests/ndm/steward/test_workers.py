"""What the steward's workers part refuses, and how it reports."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from support.processtable import carriers, lives
from support.waiting import wait_for

from asyncluster.core.errors import ProtocolError
from asyncluster.ndm.session import group
from asyncluster.ndm.steward.spawn import MARKER, User, environment
from asyncluster.ndm.steward.workers import WorkerPolicy, Workers


@pytest.fixture
def told():
    return []


@pytest.fixture(params=["no cells", "cells"])
def workers(request, tmp_path, told):
    home = group.home() if request.param == "cells" else None
    if request.param == "cells" and home is None:
        pytest.skip("no control groups of version 2 can be made here")
    user = User("somebody", os.getuid(), os.getgid(), dedicated=False)
    workers = Workers(WorkerPolicy(user, 2**31, tmp_path, "marker-of-a-part", 256, home))
    workers.tell = lambda fields, fds: told.append(fields)
    yield workers
    workers.close()


def some_fds(count: int) -> list[int]:
    return [os.open("/dev/null", os.O_RDWR) for _ in range(count)]


def all_closed(fds: list[int]) -> bool:
    return not any(os.path.exists(f"/proc/self/fd/{fd}") for fd in fds)


def test_processes_of_an_earlier_life_are_ended_at_the_start(tmp_path):
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={MARKER: "marker-of-earlier"})
    wait_for(lambda: carriers("marker-of-earlier"), "a process that shows its environment")
    user = User("somebody", os.getuid(), os.getgid(), dedicated=False)
    try:
        Workers(WorkerPolicy(user, 2**31, tmp_path / "work", "marker-of-earlier", 256))
        assert left.wait(10) == -signal.SIGKILL
    finally:
        left.kill()


@pytest.mark.parametrize(
    ("verb", "fields", "count"),
    [
        ("start", {"worker": 1, "niceness": 5}, 3),
        ("start", {"worker": 1, "niceness": 5}, 0),
        ("start", {"worker": 0, "niceness": 5}, 4),
        ("start", {"worker": "1", "niceness": 5}, 4),
        ("start", {"worker": True, "niceness": 5}, 4),
        ("start", {"worker": 1, "niceness": -20}, 4),
        ("start", {"worker": 1, "niceness": 5.0}, 4),
        ("start", {"niceness": 5}, 4),
        ("kill", {}, 1),
        ("suspend", {"worker": -1}, 0),
        ("renice", {"worker": 1}, 0),
        ("renice", {"worker": 1, "niceness": 99}, 0),
    ],
)
def test_nonsense_is_refused_and_descriptors_are_closed(workers, told, verb, fields, count):
    fds = some_fds(count)
    with pytest.raises(ProtocolError):
        workers.verbs[verb](fields, fds)
    assert verb == "renice" or all_closed(fds)
    assert told == []
    assert list(workers.pids()) == []


def test_a_number_can_be_used_once(workers, told):
    workers.verbs["start"]({"worker": 1, "niceness": 0}, some_fds(4))
    with pytest.raises(ProtocolError):
        workers.verbs["start"]({"worker": 1, "niceness": 0}, some_fds(4))
    assert told == [{"tell": "started", "worker": 1, "pid": next(iter(workers.pids()))}]


def test_the_end_of_a_worker_is_told_and_its_directory_removed(workers, told, tmp_path):
    ours, theirs = socket.socketpair()
    workers.verbs["start"]({"worker": 7, "niceness": 0}, [theirs.detach(), *some_fds(3)])
    (pid,) = workers.pids()
    assert (tmp_path / "7").is_dir()
    workers.verbs["kill"]({"worker": 7}, [])
    _pid, status, usage = os.wait4(pid, 0)
    assert not workers.child_ended(pid + 1, status, usage)
    assert workers.child_ended(pid, status, usage)
    assert told[1] == {"tell": "ended", "worker": 7, "status": 9, "peak": usage.ru_maxrss, "trouble": ""}
    assert not (tmp_path / "7").exists()
    ours.close()


def test_a_worker_that_cannot_be_started_is_told_as_ended(workers, told, tmp_path):
    (tmp_path / "3").touch()
    workers.verbs["start"]({"worker": 3, "niceness": 0}, some_fds(4))
    assert told[0]["status"] is None
    assert "File exists" in told[0]["trouble"]


def test_when_the_node_daemon_is_lost_its_workers_go(workers):
    workers.verbs["start"]({"worker": 1, "niceness": 0}, some_fds(4))
    (pid,) = workers.pids()
    workers.node_lost()
    assert not lives(pid)
    assert workers.child_ended(pid, 9, resource.getrusage(resource.RUSAGE_SELF)) is False


def test_the_environment_of_a_worker_is_a_short_list():
    ours = {"PATH": "/bin", "LC_ALL": "C", "TZ": "UTC", "SECRET": "x", "LD_PRELOAD": "x", "PYTHONSTARTUP": "x"}
    theirs = environment(ours, "/work/7", "m")
    assert set(theirs) - {name for name in theirs if name.endswith("_THREADS")} == {
        "PATH", "LC_ALL", "TZ", "HOME", "TMPDIR", MARKER,
    }  # fmt: skip
    assert theirs["HOME"] == theirs["TMPDIR"] == "/work/7"
    assert theirs["OMP_NUM_THREADS"] == "1"


def test_a_directory_is_removed_without_following_links(tmp_path):
    from asyncluster.ndm.steward import spawn

    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "keep").touch()
    inside = tmp_path / "inside"
    spawn.prepare(str(inside))
    (inside / "link").symlink_to(outside)
    spawn.remove(str(inside))
    assert not inside.exists()
    assert Path(outside / "keep").exists()

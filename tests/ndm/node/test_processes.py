"""What every spawner promises, kept by both: the direct one and the steward's (which needs root)."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from support.processtable import carriers, lives, state
from support.waiting import wait_for

from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import FRAME
from asyncluster.ndm.node.processes import DirectSpawner, Ended
from asyncluster.ndm.node.stewardclient import StewardSpawner
from asyncluster.ndm.session.channel import Channel
from asyncluster.ndm.steward import trees
from asyncluster.ndm.steward.spawn import MARKER, Ends
from asyncluster.ndm.worker import page

PATIENCE = 20.0
CODE = textwrap.dedent(
    """
    import os, sys, time

    def leave_daemon():
        reading, writing = os.pipe()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
            os._exit(0)
        os.wait()
        return 1

    def leave(status):
        os._exit(status)

    def who():
        return os.getuid()
    """
)


class Reports:
    def __init__(self) -> None:
        self.ends: dict[int, Ended] = {}
        self.nice: list[int] = []
        self.changed = threading.Condition()

    def ended(self, worker: int, how: Ended) -> None:
        with self.changed:
            self.ends[worker] = how
            self.changed.notify_all()

    def stays_nice(self, worker: int) -> None:
        with self.changed:
            self.nice.append(worker)
            self.changed.notify_all()

    def end_of(self, worker: int) -> Ended:
        with self.changed:
            assert self.changed.wait_for(lambda: worker in self.ends, PATIENCE)
            return self.ends[worker]


class Talk:
    """A worker's socket, at the node's end, and the reading ends of its pipes."""

    def __init__(self) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.settimeout(PATIENCE)
        self.out, out = os.pipe()
        self.err, err = os.pipe()
        page_fd = page.create()
        self.page = page.Page(page_fd)
        self.ends = Ends(theirs.detach(), page_fd, out, err)
        self._reader = FrameReader(FRAME)
        self._bodies: list[memoryview] = []

    def next(self) -> memoryview:
        while not self._bodies:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(os.read(self.err, 4096).decode())
            self._bodies += self._reader.receive(data)
        return self._bodies.pop(0)

    def load(self) -> None:
        assert bytes(self.next()) == b""
        packed = payloads.encode_code(CODE)
        self.send(m.WorkerSetup(1, 1, "j", "n"), m.Code(1, 0, packed.payload))

    def call(self, function: str, *args: Any) -> None:
        self.send(
            m.CallKind(1, 1, 1, function, payloads.encode_function(function)),
            m.Run(1, [(1, 1, 1, payloads.encode_call(args).payload)]),
        )

    def result(self) -> Any:
        message: Any = m.decoder(m.FromWorker).decode(self.next())
        return payloads.decode_result(message.rows[0][4])

    def send(self, *messages: m.Message) -> None:
        self.socket.sendall(b"".join(frame(m.encode(message)) for message in messages))

    def close(self) -> None:
        self.socket.close()
        os.close(self.out)
        os.close(self.err)


STEWARD = """
import os, socket, sys
from pathlib import Path
from asyncluster.ndm.session.channel import Channel
from asyncluster.ndm.steward.steward import Steward
from asyncluster.ndm.steward.users import first_account
from asyncluster.ndm.steward.workers import WorkerPolicy, Workers

class Node:
    pid = None
    start_at = 0.0
    channel = None
    def start(self, now):
        self.start_at = None
        self.channel = Channel(socket.socket(fileno=int(sys.argv[1])))
    def drop_channel(self):
        self.channel = None
    kill = close = drop_channel

policy = WorkerPolicy(first_account(["nobody"], ""), 2**31, Path(sys.argv[2]), sys.argv[3], 256)
sys.exit(Steward(Node(), [Workers(policy)]).run())
"""


@pytest.fixture(params=["direct", pytest.param("steward", marks=pytest.mark.root)])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def marker() -> str:
    return os.urandom(16).hex()


@pytest.fixture
def spawner(kind: str, marker: str, tmp_path: Path, reactor_thread: Any) -> Iterator[Any]:
    reactor = reactor_thread.reactor
    directory = tmp_path / "work"
    steward = None
    if kind == "direct":
        spawner: Any = reactor_thread.call(DirectSpawner, reactor, directory, marker, 2**31)
    else:
        directory = Path(f"/tmp/asyncluster-test-{marker}")
        directory.mkdir(0o711)
        channel, theirs = Channel.pair()
        steward = subprocess.Popen(
            [sys.executable, "-c", STEWARD, str(theirs.fileno()), str(directory), marker], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        spawner = reactor_thread.call(StewardSpawner, reactor, channel, lambda: None)
    spawner.reports = Reports()
    yield spawner
    reactor_thread.call(spawner.close)
    if steward is not None:
        steward.terminate()
        assert steward.wait(PATIENCE) == 0
    assert carriers(marker) == []
    assert not directory.exists()


@pytest.fixture
def start(spawner: Any, reactor_thread: Any) -> Iterator[Callable[[int], Talk]]:
    talks: list[Talk] = []

    def start(worker: int) -> Talk:
        talk = Talk()
        talks.append(talk)
        reactor_thread.call(spawner.start, worker, talk.ends, 5)
        talk.load()
        return talk

    yield start
    for talk in talks:
        talk.close()


def only_pid(spawner: Any, reactor_thread: Any) -> int:
    (pid,) = reactor_thread.wait_until(spawner.pids)
    return int(pid)


def test_a_worker_that_exits_is_told_with_its_status_and_memory(spawner, start):
    talk = start(1)
    talk.call("leave", 7)
    end = spawner.reports.end_of(1)
    assert (end.signal, end.status, end.trouble) == (None, 7, "")
    assert end.peak_memory > 5_000_000


def test_a_worker_runs_as_whom_it_should(kind, start):
    talk = start(1)
    talk.call("who")
    assert talk.result() == (os.getuid() if kind == "direct" else 65534)


def test_killing_a_worker_takes_everything_with_it(spawner, start, reactor_thread):
    talk = start(1)
    talk.call("leave_daemon")
    talk.result()
    pid = only_pid(spawner, reactor_thread)
    (daemon,) = trees.descendants(pid)
    reactor_thread.call(spawner.kill, 1)
    assert spawner.reports.end_of(1).signal == signal.SIGKILL
    reactor_thread.wait_until(lambda: not lives(daemon))


def test_what_a_dead_worker_leaves_behind_goes_too(spawner, start, reactor_thread):
    talk = start(1)
    talk.call("leave_daemon")
    talk.result()
    pid = only_pid(spawner, reactor_thread)
    (daemon,) = trees.descendants(pid)
    os.kill(pid, signal.SIGKILL)
    assert spawner.reports.end_of(1).signal == signal.SIGKILL
    reactor_thread.wait_until(lambda: not lives(daemon))


def test_a_child_of_the_daemon_itself_is_no_orphan_for_as_long_as_it_is_spared(spawner, start, reactor_thread):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        reactor_thread.call(spawner.spare, child.pid, True)
        talk = start(1)
        talk.call("leave", 0)
        spawner.reports.end_of(1)
        assert child.poll() is None
        reactor_thread.call(spawner.spare, child.pid, False)
        child.communicate(b"\n")
    assert child.returncode == 0


def test_a_worker_can_be_suspended_and_resumed(spawner, start, reactor_thread):
    talk = start(1)
    pid = only_pid(spawner, reactor_thread)
    reactor_thread.call(spawner.suspend, 1)
    reactor_thread.wait_until(lambda: state(pid) == "T")
    reactor_thread.call(spawner.resume, 1)
    talk.call("who")
    talk.result()


def test_a_suspended_worker_can_be_killed(spawner, start, reactor_thread):
    start(1)
    reactor_thread.call(spawner.suspend, 1)
    reactor_thread.call(spawner.kill, 1)
    assert spawner.reports.end_of(1).signal == signal.SIGKILL


def test_a_worker_can_be_made_nicer(spawner, start, reactor_thread):
    start(1)
    pid = only_pid(spawner, reactor_thread)
    assert os.getpriority(os.PRIO_PROCESS, pid) == 5
    reactor_thread.call(spawner.renice, 1, 19)
    reactor_thread.wait_until(lambda: os.getpriority(os.PRIO_PROCESS, pid) == 19)


def test_workers_that_are_not_there_are_nobody_s_trouble(spawner, start, reactor_thread):
    for name, arguments in (("kill", ()), ("suspend", ()), ("resume", ()), ("renice", (3,))):
        reactor_thread.call(getattr(spawner, name), 99, *arguments)
    start(1)


def test_several_workers_know_nothing_of_each_other(spawner, start, reactor_thread):
    start(1)
    other = start(2)
    reactor_thread.call(spawner.kill, 1)
    spawner.reports.end_of(1)
    other.call("who")
    other.result()
    assert 2 not in spawner.reports.ends


def test_close_ends_workers_and_their_daemons(spawner, start, reactor_thread, marker):
    talk = start(1)
    talk.call("leave_daemon")
    talk.result()
    pid = only_pid(spawner, reactor_thread)
    (daemon,) = trees.descendants(pid)
    reactor_thread.call(spawner.close)
    assert carriers(marker) == []
    assert not lives(pid)
    assert not lives(daemon)


def test_a_worker_that_cannot_be_started_is_told_as_ended(tmp_path, marker, reactor_thread, monkeypatch):
    spawner = reactor_thread.call(DirectSpawner, reactor_thread.reactor, tmp_path / "work", marker, None)
    spawner.reports = Reports()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    talk = Talk()
    reactor_thread.call(spawner.start, 1, talk.ends, 0)
    end = spawner.reports.end_of(1)
    assert (end.signal, end.status) == (None, None)
    assert "/nonexistent/python" in end.trouble
    talk.close()
    reactor_thread.call(spawner.close)


def test_processes_of_an_earlier_life_are_ended_at_the_start(tmp_path, marker, reactor_thread):
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], env={MARKER: marker})
    wait_for(lambda: carriers(marker), "a process that shows its environment")
    spawner = reactor_thread.call(DirectSpawner, reactor_thread.reactor, tmp_path / "work", marker, None)
    assert left.wait(PATIENCE) == -signal.SIGKILL
    reactor_thread.call(spawner.close)


def test_a_worker_that_cannot_be_watched_is_told_as_ended(tmp_path, marker, reactor_thread, monkeypatch):
    spawner = reactor_thread.call(DirectSpawner, reactor_thread.reactor, tmp_path / "work", marker, None)
    spawner.reports = Reports()
    monkeypatch.setattr(os, "pidfd_open", Mock(side_effect=OSError(errno.EMFILE, "Too many open files")))
    talk = Talk()
    reactor_thread.call(spawner.start, 1, talk.ends, 0)
    assert "Too many open files" in spawner.reports.end_of(1).trouble
    assert carriers(marker) == []
    talk.close()
    reactor_thread.call(spawner.close)

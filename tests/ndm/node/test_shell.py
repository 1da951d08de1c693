"""The whole node daemon but for its connection: a master that the test plays, real workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.processtable import lives
from support.waiting import wait_for

from asyncluster.core.blobs import Blob, BlobWriter, store
from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads
from asyncluster.core.wire.limits import CHUNK, INLINE
from asyncluster.ndm.node.processes import DirectSpawner
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.node.shell import MasterLink, Shell
from asyncluster.ndm.steward import trees

JOB = 77
PATIENCE = 20.0
CODE = textwrap.dedent(
    """
    import ctypes, os, subprocess, sys, time

    def double(x):
        return 2 * x

    def spin():
        return sum(range(10**12))

    def segv():
        print("last words", file=sys.stderr)
        ctypes.string_at(0)

    def chatter():
        print("from python")
        subprocess.run(["/bin/echo", "from a child"], check=True)

    def nonsense():
        import socket
        for fd in map(int, os.listdir('/proc/self/fd')):
            try:
                s = socket.socket(fileno=os.dup(fd))
                s.sendall(b"\\0\\0\\0\\3bad")
            except OSError:
                pass
        time.sleep(600)

    def zeros(size):
        return bytearray(size)

    def nap(seconds):
        if seconds is None:
            os._exit(3)
        time.sleep(seconds)
    """
)


class FakeLink:
    """The connection, as the shell sees it."""

    address = "master"
    paused = False
    waiting = 0

    def __init__(self) -> None:
        self.sent: list[m.Message] = []
        self._decoder = m.decoder(m.FromNode)

    def send(self, bodies: Any) -> None:
        bodies = [bodies] if isinstance(bodies, bytes) else bodies
        self.sent += [self._decoder.decode(body) for body in bodies]


class Master:
    """The master's side."""

    def __init__(self, shell: Shell, reactor_thread: Any) -> None:
        self.shell = shell
        self.thread = reactor_thread
        self.calls = 0
        self.entries = 0
        self.serial = 0
        self.rows: dict[int, m.DoneRow] = {}
        self.connect()

    def connect(self) -> None:
        self.link = FakeLink()
        self.handler = MasterLink(self.shell)
        self.thread.call(self.handler.connected, self.link)
        self.attach = self.told(m.Attach)
        self.send(m.Attached("node1", 1))

    def send(self, *messages: m.Message) -> None:
        self.thread.call(self.handler.frames, [m.encode(message) for message in messages])

    def told(self, kind: Any, predicate: Callable[[Any], bool] = lambda _: True) -> Any:
        """The first message of a kind that comes, taken out."""

        def find() -> Any:
            return next((one for one in self.link.sent if isinstance(one, kind) and predicate(one)), None)

        found = self.thread.wait_until(find, PATIENCE)
        self.link.sent.remove(found)
        return found

    def open(self, code: str = CODE) -> None:
        self.send(m.JobAt(JOB, 1, "j", "alice", 0), m.Code(JOB, 0, payloads.encode_code(code).payload))
        self.entries = 1

    def kind(self, function: str, **options: Any) -> int:
        kind = self.entries
        self.send(m.CallKind(JOB, kind, kind, function, payloads.encode_function(function), **options))
        self.entries += 1
        return kind

    def run(self, kind: int, *args: Any) -> int:
        self.calls += 1
        self.send(m.Run(JOB, [(self.calls, 1, kind, payloads.encode_call(args).payload)]))
        return self.calls

    def result(self, call: int) -> Any:
        while call not in self.rows:
            message = self.told(m.Done)
            self.serial = message.serial
            self.rows.update({row[0]: row for row in message.rows})
        row = self.rows.pop(call)
        assert row[2] == m.RETURNED, payloads.decode_error(row[4])
        return payloads.decode_result(row[4])

    def call(self, function: str, *args: Any) -> Any:
        return self.result(self.run(self.kind(function), *args))


def settings(directory: Path, **changes: Any) -> NodeSettings:
    fields = {
        "host": "127.0.0.1",
        "port": 1,
        "user": "u",
        "password": "secret-of-nodes",
        "server_password": "secret-of-master",
        "strict": False,
        "state": str(directory),
        "name": "here",
        "slots": 2,
        "niceness": 0,
        "memory": 2**31,
        "when_in_use": "nice",
    }
    return NodeSettings(**{**fields, **changes})


@pytest.fixture
def make_master(tmp_path: Path, reactor_thread: Any) -> Iterator[Callable[..., Master]]:
    shells: list[Shell] = []

    def make(**changes: Any) -> Master:
        def build() -> Shell:
            spawner = DirectSpawner(reactor_thread.reactor, tmp_path / "work", os.urandom(16).hex(), 2**31)
            shell = Shell(reactor_thread.reactor, settings(tmp_path, **changes), "here", spawner)
            shell.start()
            return shell

        shells.append(reactor_thread.call(build))
        return Master(shells[-1], reactor_thread)

    yield make
    for shell in shells:
        reactor_thread.call(shell.close)


@pytest.fixture
def master(make_master: Callable[..., Master]) -> Master:
    master = make_master()
    master.open()
    return master


def test_a_node_introduces_itself(make_master):
    attach = make_master(slots=3, displays=(":1",)).attach
    assert (attach.name, attach.workers, attach.displays, attach.holding) == ("here", 3, [":1"], [])
    assert attach.uid == os.geteuid()


def test_a_call_runs_and_its_result_is_numbered(master):
    assert master.call("double", 21) == 42
    assert master.serial == 1


def test_results_are_sent_again_after_a_lost_connection(master):
    kind = master.kind("double")
    first = master.run(kind, 1)
    done = master.told(m.Done)
    master.thread.call(master.handler.lost, "connection lost")
    master.connect()
    assert [holding.calls for holding in master.attach.holding] == [[]]
    assert master.told(m.Done) == done
    assert done.rows[0][0] == first
    master.send(m.Acknowledge(done.serial))
    master.thread.call(master.handler.lost, "connection lost")
    master.connect()
    assert master.result(master.run(kind, 2)) == 4
    assert not [message for message in master.link.sent if isinstance(message, m.Done)]


def test_a_crash_comes_with_its_last_words(master):
    call = master.run(master.kind("segv"))
    broke = master.told(m.Broke)
    assert broke.call == (call, 1)
    assert (broke.failure.kind, broke.failure.signal) == ("crashed", signal.SIGSEGV)
    assert "last words" in broke.failure.stderr
    assert "Fatal Python error: Segmentation fault" in broke.failure.stderr
    assert broke.failure.peak_memory > 5_000_000
    assert master.call("double", 2) == 4


def batch(master: Master, *naps: float | None) -> list[int]:
    """Calls that one worker gets at once, as they are thought to be quick."""
    kind = master.kind("nap")
    for _ in range(2):
        master.result(master.run(kind, 0.002))
    rows = [(100 + n, 1, kind, payloads.encode_call((seconds,)).payload) for n, seconds in enumerate(naps)]
    master.send(m.Run(JOB, rows))
    return [row[0] for row in rows]


def test_a_result_does_not_wait_for_the_slow_call_behind_it(make_master):
    master = make_master(slots=1)
    master.open()
    quick, slow = batch(master, 0.002, 600)
    assert [row[0] for row in master.told(m.Done).rows] == [quick]
    assert slow not in master.rows


def test_results_outlive_their_worker(make_master):
    master = make_master(slots=1)
    master.open()
    quick, deadly = batch(master, 0.002, None)
    assert [row[0] for row in master.told(m.Done).rows] == [quick]
    broke = master.told(m.Broke)
    assert (broke.call, broke.failure.kind) == ((deadly, 1), "crashed")


@pytest.mark.parametrize("how", ["timeout", "stop"])
def test_c_code_in_a_loop_is_gone_within_three_seconds(make_master, how):
    master = make_master(slots=1)
    master.open()
    call = master.run(master.kind("spin", timeout=0.1 if how == "timeout" else None))
    if how == "stop":
        master.send(m.Stop(JOB, [(call, 1)]))
    began = time.monotonic()
    if how == "timeout":
        assert master.told(m.Broke).failure.kind == "timeout"
    assert master.call("double", 3) == 6  # the slot is back, and the namespace in it
    assert time.monotonic() - began < 3


def test_what_a_call_prints_comes_at_once_wherever_it_prints_it(master):
    call = master.run(master.kind("chatter"))
    assert master.told(m.Output, lambda output: "python" in output.text) == m.Output(JOB, call, "out", "from python\n")
    assert master.told(m.Output, lambda output: "child" in output.text).stream == "out"
    assert master.result(call) is None


def test_large_data_go_to_a_node_once_and_to_all_its_workers(make_master):
    master = make_master()
    master.open(
        "data = None\ndef keep(a):\n    global data\n    data = a\ndef total(_):\n    return float(data.sum())\n"
    )
    packed = payloads.encode_update("keep", (np.ones(INLINE),))
    (buffer,) = packed.buffers
    blob = store(buffer)
    for offset in range(0, blob.size, CHUNK):
        master.send(m.BlobChunk(JOB, blob.name, blob.size, offset, memoryview(blob.piece(offset, CHUNK))))
    master.send(m.Update(JOB, 1, packed.payload, [(blob.name, blob.size)]))
    master.entries = 2
    kind = master.kind("total")
    calls = [master.run(kind, n) for n in range(6)]
    assert [master.result(call) for call in calls] == [INLINE] * 6
    blob.close()


def test_large_data_of_a_master_on_this_machine_are_opened_where_they_are(master):
    packed = payloads.encode_call((np.ones(INLINE),))
    blob = store(packed.buffers[0])
    master.send(m.BlobAt(JOB, blob.name, blob.size, os.getpid(), blob.fd))
    assert master.told(m.BlobSeen).ok
    kind = master.kind("double")
    master.send(m.RunLarge(JOB, (1, 1, kind, packed.payload), [(blob.name, blob.size)]))
    result = fetch(master)
    assert np.array_equal(result, np.full(INLINE, 2.0))
    blob.close()


def test_a_worker_does_not_collect_the_data_of_its_calls(make_master):
    master = make_master(slots=1)
    master.open("import os\ndef files(a):\n    return len(os.listdir('/proc/self/fd')), float(a[0])\n")
    kind = master.kind("files")
    for number in range(1, 101):
        packed = payloads.encode_call((np.full(INLINE // 8, float(number)),))
        blob = store(packed.buffers[0])
        master.send(m.BlobAt(JOB, blob.name, blob.size, os.getpid(), blob.fd))
        master.send(m.RunLarge(JOB, (number, 1, kind, packed.payload), [(blob.name, blob.size)]))
        blob.close()
    results = [master.result(number) for number in range(1, 101)]
    assert [value for _files, value in results] == [float(number) for number in range(1, 101)]
    assert max(files for files, _value in results) < 80


def test_a_result_that_does_not_fit_is_too_large(make_master, monkeypatch):
    monkeypatch.setattr("asyncluster.ndm.node.shell._RESULTS_SHARE", 10**9)
    master = make_master(slots=1)
    master.open()
    call = master.run(master.kind("zeros"), 10**6)
    broke = master.told(m.Broke)
    assert (broke.call, broke.failure.kind) == ((call, 1), "too large")
    assert master.call("double", 1) == 2


def fetch(master: Master) -> Any:
    """A large result: opened where it is at first offered, but the test insists on chunks."""
    at = master.told(m.BlobAt)
    master.send(m.BlobSeen(JOB, at.blob, False))
    writer, blob = BlobWriter(at.blob, at.size), None
    while blob is None:
        chunk = master.told(m.BlobChunk)
        blob = writer.write(chunk.offset, chunk.data)
    done = master.told(m.DoneLarge)
    assert isinstance(blob, Blob)
    master.send(m.Acknowledge(done.serial))
    assert master.told(m.DropBlob) == m.DropBlob(JOB, at.blob)
    return payloads.decode_result(done.row[4], [blob.view()])


def test_data_that_cannot_be_opened_are_asked_for_in_chunks(master):
    master.send(m.BlobAt(JOB, b"x" * 16, 100, os.getpid(), 99999))
    assert not master.told(m.BlobSeen).ok


def test_data_that_were_never_sent_are_the_master_s_fault(master):
    kind = master.kind("double")
    with pytest.raises(ProtocolError):
        master.send(m.RunLarge(JOB, (1, 1, kind, b""), [(b"x" * 16, 100)]))


def test_garbage_from_the_master_is_refused(master):
    with pytest.raises(ProtocolError):
        master.thread.call(master.handler.frames, [b"\x93\x01\x02\x03"])


def test_a_worker_that_breaks_the_protocol_is_ended(make_master):
    master = make_master(slots=1)
    master.open()
    call = master.run(master.kind("nonsense", retries=0))
    broke = master.told(m.Broke)
    assert (broke.call, broke.failure.signal) == ((call, 1), signal.SIGKILL)
    assert master.call("double", 1) == 2


def test_people_and_telemetry(make_master):
    master = make_master(slots=1, when_in_use="stop")
    master.open()
    call = master.run(master.kind("spin"))
    master.told(m.Telemetry, lambda report: report.state == "run")
    master.thread.call(master.shell.people, 1)
    assert master.told(m.Returned).calls == [(call, 1)]
    report = master.told(m.Telemetry, lambda report: report.state == "stop")
    assert len(report.cores) == os.cpu_count()
    assert report.memory_used > 0


def test_code_that_fails_is_told_with_its_traceback(make_master):
    master = make_master()
    master.open("import no_such_module\n")
    master.run(master.kind("double"), 1)
    unfit = master.told(m.Unfit)
    assert "no_such_module" in unfit.traceback
    assert master.told(m.Returned).calls == [(1, 1)]


def test_secrets_are_not_shown(tmp_path):
    assert "secret-of" not in repr(settings(tmp_path))


DAEMON = """
import os, sys
from pathlib import Path
from twisted.internet import reactor
from asyncluster.core.wire import messages as m, payloads
from asyncluster.ndm.node.processes import DirectSpawner
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.node.shell import MasterLink, Shell

class Link:
    address, paused, waiting = "", False, 0
    def send(self, bodies):
        for body in [bodies] if isinstance(bodies, bytes) else bodies:
            message = m.decoder(m.FromNode).decode(body)
            if isinstance(message, m.Done):
                print(*payloads.decode_result(message.rows[0][4]), flush=True)

code = '''
import os, sys, time
def leave():
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.setsid()
        child = os.fork()
        if child == 0:
            time.sleep(600)
        os.write(writing, b"%d" % child)
        os._exit(0)
    return os.getpid(), int(os.read(reading, 20))
'''
spawner = DirectSpawner(reactor, Path(sys.argv[1]), sys.argv[2], None)
settings = NodeSettings("h", 1, "u", "p", "q", False, "/", "n", 1, 0, 0, "run")
shell = Shell(reactor, settings, "n", spawner)
link = MasterLink(shell)
def begin():
    link.connected(Link())
    kind = m.CallKind(1, 1, 1, "leave", payloads.encode_function("leave"))
    link.frames([m.encode(message) for message in (m.Attached("n", 1), m.JobAt(1, 1, "j", "o", 0),
        m.Code(1, 0, payloads.encode_code(code).payload), kind,
        m.Run(1, [(1, 1, 1, payloads.encode_call(()).payload)]))])
reactor.callWhenRunning(begin)
reactor.addSystemEventTrigger("before", "shutdown", shell.close)
reactor.run()
"""


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    arguments = [sys.executable, "-c", DAEMON, str(tmp_path / "work"), "marker-of-a-test"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()
    trees.kill_marked(b"ASYNCLUSTER_NODE=marker-of-a-test")


def test_an_orderly_end_leaves_no_process(daemon):
    worker, left_behind = map(int, daemon.stdout.readline().split())
    daemon.terminate()
    assert daemon.wait(PATIENCE) == 0
    assert not lives(worker)
    assert not lives(left_behind)


def test_kill_9_of_a_node_daemon_ends_its_workers_and_the_next_one_ends_the_rest(daemon, tmp_path, reactor_thread):
    worker, left_behind = map(int, daemon.stdout.readline().split())
    daemon.kill()
    daemon.wait(PATIENCE)
    wait_for(lambda: not lives(worker), "the end of the worker")
    assert lives(left_behind)
    spawner = reactor_thread.call(DirectSpawner, reactor_thread.reactor, tmp_path / "work", "marker-of-a-test", None)
    wait_for(lambda: not lives(left_behind), "the end of what it left behind")
    reactor_thread.call(spawner.close)

"""Where and how a worker can die, after loky's matrix: always seen at once, and the page names the call."""

from __future__ import annotations

import os
import signal
import textwrap
import time

import pytest

from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads
from asyncluster.ndm.steward import trees

JOB = 0x1234
CODE = textwrap.dedent(
    """
    import ctypes, os, signal, subprocess, sys, threading, time

    def ways(how):
        if how == "segv":
            ctypes.string_at(0)
        elif how == "abort":
            os.abort()
        elif how == "exit":
            os._exit(7)
        elif how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif how == "overflow":
            overflow()

    def overflow():
        sys.setrecursionlimit(10**9)
        nested = []
        for _ in range(10**5):
            nested = [nested]
        repr(nested)

    class DiesUnpickled:
        def __init__(self, how):
            self.how = how
        def __reduce__(self):
            return ways, (self.how,)

    class DiesPickled:
        def __init__(self, how):
            self.how = how
        def __reduce__(self):
            ways(self.how)

    def make(how):
        return DiesPickled(how)

    def fine():
        return 1
    """
)
EXPECTED = {
    "segv": -signal.SIGSEGV,
    "abort": -signal.SIGABRT,
    "exit": 7,
    "kill": -signal.SIGKILL,
    "overflow": -signal.SIGSEGV,
}


@pytest.mark.parametrize("how", EXPECTED)
@pytest.mark.parametrize("where", ["ways", "make"])
def test_dying_in_a_call_or_while_its_result_is_pickled(worker, died, where, how):
    worker.load(CODE)
    good = worker.kind("fine")
    worker.run(good)
    assert worker.result() == 1
    call = worker.run(worker.kind(where), how)
    assert died(worker) == EXPECTED[how]
    assert worker.page.glance().call == call
    if how == "segv":
        assert 'File "<job>", line' in worker.read_pipe("err")


def test_dying_while_the_arguments_are_unpickled(worker, died):
    worker.load(CODE)
    kind = worker.kind("fine")
    payload = b"cos\n_exit\n(I9\ntR."
    worker.send(m.Run(JOB, [(5, 1, kind, payload)]))
    assert died(worker) == 9
    assert worker.page.glance().call == 5


def test_the_row_that_killed_it_is_told_from_its_batch(worker, died):
    worker.load(CODE)
    kinds = [worker.kind("fine"), worker.kind("ways"), worker.kind("fine")]
    arguments = [(), ("exit",), ()]
    rows = [
        (n, 1, kind, payloads.encode_call(args).payload)
        for n, (kind, args) in enumerate(zip(kinds, arguments, strict=True), 1)
    ]
    worker.send(m.Run(JOB, rows))
    assert died(worker) == 7
    assert worker.page.glance().call == 2


@pytest.mark.parametrize("step", [0, 1])
def test_dying_in_a_log_entry(worker, died, step):
    worker.load("import os; os._exit(4)" if step == 0 else CODE)
    if step:
        worker.update("ways", "exit")
    assert died(worker) == (4 if step == 0 else 7)
    assert worker.page.glance().entry == step


HOSTILE = textwrap.dedent(
    """
    import os, signal, subprocess, sys, time

    def daemon():
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
                    try:
                        signal.signal(number, signal.SIG_IGN)
                    except OSError:
                        pass
                os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
            os._exit(0)
        os.wait()
        return 1

    def forever():
        for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except OSError:
                pass
        return sum(range(10**12))

    def pause():
        os.kill(os.getpid(), signal.SIGSTOP)

    def chatter():
        for n in range(200000):
            print("x" * 99)
        return n

    def raw():
        os.write(1, b"raw out\\n")
        subprocess.run(["/bin/echo", "child"], check=True)
        os.write(2, b"raw err\\n")
    """
)


def test_a_daemon_that_a_call_left_behind_goes_with_its_worker(worker):
    worker.load(HOSTILE)
    assert worker.call("daemon") == 1
    left = trees.descendants(worker.process.pid)
    assert len(left) == 1
    trees.kill_tree(worker.process.pid)
    assert worker.wait() == -signal.SIGKILL
    trees.kill_orphans(worker.keep)
    for pid in left:
        while os.path.exists(f"/proc/{pid}"):
            os.waitid(os.P_PID, pid, os.WEXITED)


@pytest.mark.parametrize("how", ["forever", "pause"])
def test_a_call_in_c_code_or_stopped_is_gone_at_once(worker, how):
    worker.load(HOSTILE)
    call = worker.run(worker.kind(how))
    while worker.page.glance().call != call:
        assert worker.process.poll() is None
    began = time.monotonic()
    trees.kill_tree(worker.process.pid)
    assert worker.wait() == -signal.SIGKILL
    assert time.monotonic() - began < 3


def test_endless_output_is_bounded(worker):
    worker.load(HOSTILE)
    worker.run(worker.kind("chatter"))
    size = 0
    while isinstance(message := worker.receive(), m.Output):
        assert message.stream == "out"
        size += len(message.text)
    assert isinstance(message, m.Done)
    assert 1024 * 1024 <= size < 1024 * 1024 + 100


def test_what_c_code_and_children_write_goes_to_the_pipes(worker):
    worker.load(HOSTILE)
    worker.call("raw")
    worker.socket.close()
    worker.wait()
    assert worker.read_pipe("out") == "raw out\nchild\n"
    assert worker.read_pipe("err") == "raw err\n"

"""The real thing: a master, nodes and workers as processes of this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from support.processtable import lives
from support.waiting import wait_for

import asyncluster as ac

CODE = """
import os, time
data = None

def add(x, y=1):
    return x + y

def set_data(value):
    global data
    data = value

def total():
    return float(data.sum())

def forever():
    sum(range(10 ** 12))

def die():
    os.kill(os.getpid(), 9)

def say(text):
    print(text)
    return text

def where():
    from asyncluster import here
    here.progress(0.5, "half")
    return here.job, here.node
"""


@pytest.fixture(scope="module")
def cluster():
    with ac.LocalCluster(nodes=2, workers=1) as cluster:
        yield cluster


@pytest.fixture
def job(cluster):
    with cluster.job(CODE, name="trial") as job:
        yield job


def test_nodes_are_there(cluster):
    assert sorted(node["name"] for node in cluster.nodes()) == ["node-1", "node-2"]
    assert cluster.status()
    assert set(cluster.pids) == {"master", "node-1", "node-2"}


def test_calls_and_maps(job):
    future = job.run("add", 1, y=2)
    assert future.result(20) == 3
    assert future.where in ("node-1", "node-2")
    assert future.attempts == 1
    assert future.seconds >= 0
    assert list(job.map("add", range(5000))) == list(range(1, 5001))
    assert sorted(future.result() for future in job.as_completed("add", range(10))) == list(range(1, 11))
    assert job.number > 0


def test_updates_of_large_data(job):
    array = np.ones(1_000_000)
    job.update("set_data", array)
    assert list(job.map("total", *[[]])) == []
    assert {job.run("total").result(20) for _ in range(10)} == {1e6}
    assert job.with_(niceness=5).run("total").result(20) == 1e6
    assert job.run(np.ones, 100_000).result(20).sum() == 100_000


def test_errors(job):
    with pytest.raises(TypeError) as caught:
        job.run("add", "a").result(20)
    assert "line 6" in str(caught.value.__cause__)
    with pytest.raises(ac.CallTimeout):
        job.with_(timeout=0.2).run("forever").result(20)
    with pytest.raises(ac.WorkerCrashed) as crash:
        job.with_(retries=0).run("die").result(20)
    assert crash.value.signal == signal.SIGKILL
    assert job.run("add", 1).result(20) == 2


def test_cancelling_frees_the_worker(job):
    futures = [job.run("forever") for _ in range(2)]
    wait_for(lambda: all(future.attempts == 0 for future in futures), "the calls are handed back")
    for future in futures:
        future.cancel()
    assert job.run("add", 1).result(20) == 2


def test_what_a_call_prints_and_tells(job):
    future = job.run("say", "hello")
    assert future.result(20) == "hello"
    assert future.log() == "hello\n"
    future = job.run("where")
    assert future.result(20) == ("trial", future.where)


def test_code_that_does_not_work(cluster):
    with cluster.job("import nowhere_at_all\n") as job, pytest.raises(ac.JobBroken, match="nowhere_at_all"):
        job.run("f").result(20)


def test_the_executor(cluster):
    def initialize(value):
        import builtins

        builtins.prepared = value

    def prepared():
        import builtins

        return builtins.prepared

    with ac.Executor(2, initializer=initialize, initargs=(42,), socket=cluster.socket) as executor:
        assert executor.submit(prepared).result(20) == 42
        assert list(executor.map(pow, range(500), [2] * 500, chunksize=50)) == [number**2 for number in range(500)]


def test_it_leaves_nothing_behind():
    with ac.LocalCluster(nodes=1) as cluster:
        assert cluster.job(CODE).run("add", 1).result(20) == 2
        directory, pids = cluster.socket.parent.parent, cluster.pids
        assert directory.is_dir()
        assert directory.stat().st_mode & 0o066 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in directory.glob("*.conf"))
    assert not directory.exists()
    assert not any(lives(pid) for pid in pids.values())


@pytest.mark.parametrize(("end", "nodes"), [("kill", 1), ("exception", 0), ("interrupt", 0)])
def test_nor_when_its_program_comes_to_a_sudden_end(end, nodes):
    program = (
        "import asyncluster as ac, sys, time\n"
        "with ac.LocalCluster(nodes=int(sys.argv[2])) as c:\n"
        "    job = c.job('def f():\\n    import time\\n    time.sleep(1000)\\n')\n"
        "    f = job.run('f')\n"
        "    print(c.socket.parent.parent, *c.pids.values(), flush=True)\n"
        "    if sys.argv[1] == 'exception': raise SystemExit(3)\n"
        "    f.result()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, end, str(nodes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    directory, *pids = child.stdout.readline().split()
    assert pids
    if end == "kill":
        child.kill()
    elif end == "interrupt":
        child.send_signal(signal.SIGINT)
    assert child.wait(30) != 0
    child.stdout.close()
    wait_for(lambda: not any(lives(pid) for pid in pids), "the end of all processes")
    wait_for(lambda: not Path(directory).exists(), "the end of the directory")


def test_a_daemon_that_cannot_start_is_told_with_its_last_words(monkeypatch, tmp_path_factory):
    base = tmp_path_factory.mktemp("t")
    monkeypatch.setattr(tempfile, "tempdir", str(base))
    monkeypatch.setattr("asyncluster.core.client.local._CONFIG", "[common]\nsocket = nowhere\n")
    with pytest.raises(ac.AsynClusterError, match=r"of the local cluster did not start: .*refused"):
        ac.LocalCluster()
    assert os.listdir(base) == []


@pytest.mark.parametrize("size", [(-1, 1), (1, 1000)])
def test_sizes_out_of_range(size):
    with pytest.raises(ac.UsageError):
        ac.LocalCluster(*size)

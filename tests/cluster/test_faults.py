"""Processes are killed in the middle of 2000 calls; every result arrives, and each once."""

from __future__ import annotations

import threading
from collections.abc import Callable

import psutil
import pytest
from support.processes import Daemon, RealCluster
from support.processtable import lives
from support.waiting import wait_for

CODE = """
import os, time
from pathlib import Path

def work(number):
    time.sleep(0.002)
    return number, os.getpid()
"""

CALLS = 2000


def run_with(cluster: RealCluster, strike: Callable[[], None]) -> list[int]:
    """2000 calls; `strike` happens when a tenth of them is done. Returns what came, in order of arrival."""
    arrived: list[int] = []
    some = threading.Event()

    def note(number: int) -> None:
        arrived.append(number)
        if len(arrived) == CALLS // 10:
            some.set()

    with cluster.client() as client, client.job(CODE) as job:
        futures = [job.run("work", number) for number in range(CALLS)]
        for future in futures:
            future.add_done_callback(lambda future: note(future.result()[0]))
        assert some.wait(60)
        strike()
        for future in futures:
            future.result(timeout=90)
    return arrived


def workers(node: Daemon) -> list[psutil.Process]:
    children = psutil.Process(node.process.pid).children(recursive=True)
    return [child for child in children if "asyncluster.ndm.worker" in child.cmdline()]


def test_a_worker_is_killed(cluster: RealCluster) -> None:
    def strike() -> None:
        for worker in workers(cluster.daemons[1]):
            worker.kill()

    assert sorted(run_with(cluster, strike)) == list(range(CALLS))


def test_a_node_is_killed(cluster: RealCluster) -> None:
    victims: list[psutil.Process] = []

    def strike() -> None:
        victims.extend(workers(cluster.daemons[1]))
        cluster.daemons[1].kill()

    assert sorted(run_with(cluster, strike)) == list(range(CALLS))
    assert victims
    wait_for(lambda: not any(lives(worker.pid) for worker in victims), "the workers go with their node")


def test_the_master_is_killed_and_started_again(cluster: RealCluster) -> None:
    def strike() -> None:
        cluster.daemons[0].kill()
        cluster.start_master()

    assert sorted(run_with(cluster, strike)) == list(range(CALLS))


def test_all_nodes_are_killed_and_another_one_comes(cluster: RealCluster) -> None:
    def strike() -> None:
        for node in cluster.daemons[1:]:
            node.kill()
        cluster.start_node()

    assert sorted(run_with(cluster, strike)) == list(range(CALLS))


LOOPS = {
    "python": "def loop(path):\n    tell(path)\n    while True: pass\n",
    "c": "def loop(path):\n    tell(path)\n    return sum(range(10**12))\n",
}
TELL = "import os, pathlib\ndef tell(path):\n    pathlib.Path(path).write_text(str(os.getpid()))\n"
NAMESPACE = "value = 0\ndef set_value(x):\n    global value\n    value = x\ndef get_value():\n    return value\n"


@pytest.mark.parametrize("loop", LOOPS.values(), ids=list(LOOPS))
@pytest.mark.parametrize("by", ["cancel", "timeout"])
def test_an_endless_call_is_gone_and_its_slot_works_again(real_cluster: RealCluster, loop: str, by: str) -> None:
    real_cluster.start_master()
    real_cluster.start_node()
    told = real_cluster.folder / "pid"
    told.touch()
    told.chmod(0o666)  # workers run as somebody else
    with real_cluster.client() as client, client.job(NAMESPACE + TELL + loop) as job:
        job.update("set_value", 42)
        assert job.run("get_value").result(timeout=30) == 42
        future = (job if by == "cancel" else job.with_(timeout=1)).run("loop", str(told))
        pid = int(wait_for(told.read_text, "the loop runs"))
        if by == "cancel":
            assert future.cancel()
        wait_for(lambda: not lives(pid), "the process is gone", seconds=3 + 1)
        assert job.run("get_value").result(timeout=30) == 42


def test_an_update_reaches_a_node_that_joins_later(real_cluster: RealCluster) -> None:
    real_cluster.start_master()
    with real_cluster.client() as client, client.job(NAMESPACE) as job:
        for number in range(5):
            job.update("set_value", number)
        future = job.run("get_value")
        real_cluster.start_node()
        assert future.result(timeout=30) == 4


ESCAPE = """
import subprocess

def escape():
    return subprocess.Popen(["sleep", "1000"], start_new_session=True).pid
"""


def test_a_node_that_is_told_to_stop_leaves_no_process(real_cluster: RealCluster) -> None:
    real_cluster.start_master()
    node = real_cluster.start_node(workers=2)
    with real_cluster.client() as client, client.job(ESCAPE) as job:
        escaped = job.run("escape").result(timeout=30)
        assert psutil.pid_exists(escaped)
        own = [process.pid for process in workers(node)]
        assert node.stop() == 0
    assert not [pid for pid in [*own, escaped] if lives(pid)]


OPEN_FILES = """
import os

def open_files():
    paths = [f"/proc/self/fd/{number}" for number in os.listdir("/proc/self/fd")]
    return [os.readlink(path) for path in paths if os.path.exists(path)]
"""


def test_no_file_of_a_daemon_reaches_a_call(shared_cluster: RealCluster) -> None:
    with shared_cluster.client() as client, client.job(OPEN_FILES) as job:
        files = job.run("open_files").result(timeout=30)
    assert files
    assert not [file for file in files if str(shared_cluster.folder) in file]

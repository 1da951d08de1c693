"""What only AsynCluster is asked: things that it promises and the other systems do not."""

from __future__ import annotations

import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy

import asyncluster as ac
from benchmarks import scale
from benchmarks.processes import descendants, private_memory, settled, shared_memory
from benchmarks.trial import Master, wait_until
from benchmarks.workloads import MIB, Figures

_NAMESPACE = """
import os, time

def noop(number):
    return number

def wait_for(path):
    while os.path.exists(path):
        time.sleep(0.02)

def keep(array):
    global large
    large = array

def use(seconds):
    time.sleep(seconds)
    return os.getpid(), float(large.sum())
"""
_LARGE = 64 * MIB
_MAPPED = 1_000_000


def new_job(repeats: int = 10) -> Figures:
    """From opening a job to its first result, slots free."""
    seconds = []
    with ac.LocalCluster(nodes=1, workers=2) as cluster:
        cluster.job(_NAMESPACE).run("noop", 1).result()
        for _ in range(repeats):
            time.sleep(0.3)  # for a spare process to be ready, as on an idle node
            start = time.perf_counter()
            with cluster.job(_NAMESPACE) as job:
                job.run("noop", 1).result()
                seconds.append(time.perf_counter() - start)
    return {"seconds": statistics.median(seconds)}


def map_memory() -> Figures:
    """Memory that a no-op call of a waiting map takes in the master."""
    with tempfile.TemporaryDirectory() as folder, ac.LocalCluster(nodes=1, workers=2) as cluster:
        hold = Path(folder) / "hold"
        hold.touch()
        with cluster.job(_NAMESPACE) as job:
            list(job.map("noop", range(10_000)))  # so that its chunks have found their length
            held = [job.run("wait_for", str(hold)) for _ in range(2)]
            time.sleep(0.3)
            before = private_memory(cluster.pids["master"])
            mapping = threading.Thread(target=lambda: list(job.map("noop", range(_MAPPED))), daemon=True)
            mapping.start()
            time.sleep(2)
            grown = private_memory(cluster.pids["master"]) - before
            hold.unlink()
            mapping.join()
            for future in held:
                future.result()
    return {"master_bytes": grown / _MAPPED}


def copies_on_a_node(workers: int = 8) -> Figures:
    """64 MiB given to a node of 8 workers that all use it: how many copies of it the machine then holds.

    The author's own array has been there before. What counts is the memory that processes have for themselves, and
    the shared memory of the whole machine.
    """
    array = numpy.random.default_rng(3).random(_LARGE // 8)
    with ac.LocalCluster(nodes=1, workers=workers) as cluster, cluster.job(_NAMESPACE) as job:
        job.update("keep", numpy.zeros(1))
        _used_by_all(job, workers)
        before = settled(_memory_of_all)  # a spare process may still be starting
        job.update("keep", array)
        _used_by_all(job, workers)
        return {"copies": (settled(_memory_of_all) - before) / _LARGE}


def copies_on_the_wire() -> Figures:
    """64 MiB given to two nodes of 8 slots on other machines: how often it travels to each."""
    array = numpy.random.default_rng(3).random(_LARGE // 8)
    nodes = 2
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Master(Path(folder)) as master,
        scale.room(master, nodes) as room,
        ac.Cluster(master.socket) as cluster,
        cluster.job(_NAMESPACE) as job,
    ):
        job.update("keep", array)
        for future in [job.run("use", 0.0) for _ in range(200)]:
            future.result()
        wait_until(lambda: room.blob_bytes >= nodes * _LARGE, 10, "the data do not arrive")
        time.sleep(0.3)
        return {"copies": room.blob_bytes / _LARGE / nodes}


def _used_by_all(job: Any, workers: int) -> None:
    """Calls until every worker has run one."""
    seen: set[int] = set()
    while len(seen) < workers:
        seen |= {future.result()[0] for future in [job.run("use", 0.05) for _ in range(2 * workers)]}


def _memory_of_all() -> int:
    return shared_memory() + sum(private_memory(pid) for pid in (os.getpid(), *descendants(os.getpid())))

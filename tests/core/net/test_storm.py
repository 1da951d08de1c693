"""All nodes of a room at once: the master lets them in without holding up anybody else."""

from __future__ import annotations

import gc
import ipaddress
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from asyncluster.core.net import tls
from asyncluster.core.net.listener import NodeListener

LONGEST_GAP_SECONDS = 0.5


class GapWatch:
    """How long the reactor's thread works between two turns of its timers.

    In seconds of its own processor time: what else runs on the machine of the test is no fault of the reactor.
    """

    def __init__(self, reactor: Any) -> None:
        self.longest = 0.0
        self._reactor = reactor
        self._before = time.thread_time()
        self._timer = reactor.callLater(0, self._look)

    def _look(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._before)
        self._before = now
        self._timer = self._reactor.callLater(0.005, self._look)

    def stop(self) -> None:
        self._timer.cancel()


class Master:
    """A listener on loopback in the reactor's thread."""

    def __init__(self, reactor_thread: Any, keys: Any, master_key: tls.MasterKey, handler: Any) -> None:
        self.reactor_thread = reactor_thread
        self.links: list[Any] = []

        def make_link(peer: Any) -> Any:
            self.links.append(type(handler)(peer))
            return self.links[-1]

        subnets = [ipaddress.ip_network("127.0.0.0/8")]
        self.listener = NodeListener(reactor_thread.reactor, keys(), master_key, subnets, make_link)
        (self.port,) = reactor_thread.call(self.listener.listen, reactor_thread.reactor, 0, ("127.0.0.1",))


@pytest.fixture
def master(reactor_thread: Any, keys: Any, master_key: tls.MasterKey, handler: Any) -> Iterator[Master]:
    master = Master(reactor_thread, keys, master_key, handler)
    gc.collect()
    gc.freeze()  # a look through all that hundreds of tests have left would take the reactor's thread two seconds
    yield master
    gc.unfreeze()
    reactor_thread.call(master.listener.close)
    reactor_thread.wait_until(lambda: all(len(link.events) == 2 for link in master.links))


def storm(master: Master, count: int, seconds: float) -> float:
    """Lets `count` nodes log in, and returns the longest gap meanwhile."""
    program = [sys.executable, str(Path(__file__).with_name("storm_nodes.py"))]
    orders = [master.port, count, "S3NTINEL-client-7f3a", "S3NTINEL-server-9b1c"]
    watch = master.reactor_thread.call(GapWatch, master.reactor_thread.reactor)
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as nodes:
        assert nodes.stdin is not None
        assert nodes.stdout is not None
        try:
            nodes.stdin.write(json.dumps(orders).encode() + b"\n")
            nodes.stdin.flush()
            master.reactor_thread.wait_until(lambda: len(master.links) >= count, seconds)
            assert nodes.stdout.readline() == b"up\n"
            assert {tuple(link.events) for link in master.links} == {("connected",)}
        finally:
            nodes.kill()
            master.reactor_thread.call(watch.stop)
    assert len(master.links) == count, "somebody had to try twice"
    return float(watch.longest)


def test_two_hundred_nodes_at_once(master: Master) -> None:
    assert storm(master, 200, 60) < LONGEST_GAP_SECONDS


@pytest.mark.faults
def test_a_thousand_nodes_at_once(master: Master) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(4096, hard)), hard))
    try:
        assert storm(master, 1000, 110) < LONGEST_GAP_SECONDS
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

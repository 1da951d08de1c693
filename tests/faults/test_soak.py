"""F23: for an hour, two random faults at once, again and again, on a cluster with the waits that everybody has.

It is 57 minutes, so that `make test-faults` is over in 60. ASYNCLUSTER_TEST_SOAK_MINUTES makes it shorter or longer.
"""

from __future__ import annotations

import os
import random
import signal
import statistics
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import pytest
from support.arena import Arena, arena, signalled, stopped
from support.faultproxy import DOWN, UP
from support.processes import PROGRAM
from support.strikes import Strikes, soak

MINUTES = float(os.environ.get("ASYNCLUSTER_TEST_SOAK_MINUTES", "57"))
CALLS = 300
LONGEST = 20.0  # a silence is noticed after 15 s
FLAT = 0.02

Fault = Callable[[Arena, random.Random], AbstractContextManager[object]]


@contextmanager
def worker_killed(arena: Arena, chance: random.Random) -> Iterator[None]:
    workers = chance.choice(arena.places).workers()
    for worker in chance.sample(workers, min(len(workers), 2)):
        signalled(worker.pid, signal.SIGKILL)
    yield


@contextmanager
def node_killed(arena: Arena, chance: random.Random) -> Iterator[None]:
    chance.choice(arena.places).daemon.kill()
    yield
    arena.revive()


@contextmanager
def node_back_too_early(arena: Arena, chance: random.Random) -> Iterator[None]:
    place = chance.choice(arena.places)
    place.proxy.strand()
    place.daemon.kill()
    arena.revive()
    yield
    place.proxy.heal()


@contextmanager
def node_stopped(arena: Arena, chance: random.Random) -> Iterator[None]:
    place = chance.choice(arena.places)
    pids = [place.daemon.process.pid, *(worker.pid for worker in place.workers())]
    with stopped(pids[: chance.choice([1, len(pids)])]):
        yield


@contextmanager
def master_stopped(arena: Arena, chance: random.Random) -> Iterator[None]:
    with stopped([arena.master.process.pid]):
        threading.Event().wait(chance.uniform(0.1, 5.0))
    yield


@contextmanager
def connection_reset(arena: Arena, chance: random.Random) -> Iterator[None]:
    chance.choice(arena.places).proxy.reset_after(chance.randint(1, 30_000))
    yield


@contextmanager
def cable_pulled(arena: Arena, chance: random.Random) -> Iterator[None]:
    place = chance.choice(arena.places)
    place.proxy.silence(*chance.choice([(UP,), (DOWN,), (UP, DOWN)]))
    yield
    place.proxy.heal()


@contextmanager
def network_late(arena: Arena, chance: random.Random) -> Iterator[None]:
    place = chance.choice(arena.places)
    place.proxy.delay = lambda: chance.uniform(0.005, 0.5)
    yield
    place.proxy.heal()


@contextmanager
def job_cut_short(arena: Arena, chance: random.Random) -> Iterator[None]:
    """Somebody else's job, cancelled in the midst of its calls."""
    with arena.real.client() as client:
        job = client.job("import time\ndef nap():\n    time.sleep(0.1)\n", name="short")
        for _ in range(chance.randint(1, 100)):
            job.run("nap")
        yield
        job.cancel()


FAULTS: list[Fault] = [
    worker_killed,
    node_killed,
    node_back_too_early,
    node_stopped,
    master_stopped,
    connection_reset,
    cable_pulled,
    network_late,
    job_cut_short,
]


class Growth:
    """Memory and descriptors of a process, looked at while all is well."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._looks: list[tuple[int, int]] = []

    def look(self) -> None:
        self._looks.append((self._process.memory_info().rss, self._process.num_fds()))

    def descriptors(self) -> str:
        """What each of them is at this moment."""
        connections = {one.fd: f"{one.laddr} {one.raddr} {one.status}" for one in self._process.net_connections("all")}
        lines = []
        for descriptor in Path(f"/proc/{self._process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                lines.append(f"{descriptor.name}: {descriptor.readlink()} {connections.get(int(descriptor.name), '')}")
        return "\n".join(lines)

    def compare(self) -> tuple[list[float], list[float]]:
        """Medians of memory and descriptors in the second quarter, when caches are filled, and in the last one."""
        quarter = max(1, len(self._looks) // 4)
        parts = self._looks[quarter : 2 * quarter] or self._looks, self._looks[-quarter:]
        early, late = ([statistics.median(column) for column in zip(*part, strict=True)] for part in parts)
        return early, late


@pytest.fixture(scope="module")
def slow_arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Six nodes, and the product's own waits."""
    with arena(tmp_path_factory.mktemp("soak"), nodes=6, program=PROGRAM) as made:
        yield made


@soak("F23", "two random faults at once, with the product's own waits", minutes=MINUTES)
def test_an_hour_of_everything(slow_arena: Arena, strikes: Strikes) -> None:
    growth = Growth(slow_arena.master.process.pid)
    for strike in strikes:
        with slow_arena.working(strikes, CALLS):
            with ExitStack() as both:
                for fault in strike.random.sample(FAULTS, 2):
                    both.enter_context(fault(slow_arena, strike.random))
                threading.Event().wait(strike.random.uniform(0.1, strike.random.choice([1.0, LONGEST])))
            slow_arena.revive()
        growth.look()
    (memory, descriptors), (memory_later, descriptors_later) = growth.compare()
    change = memory_later / memory - 1
    strikes.note = (
        f"{MINUTES:g} minutes; master {memory / 1e6:.1f} MB, then {memory_later / 1e6:.1f} MB ({change:+.1%}), "
        f"{descriptors:g} descriptors, then {descriptors_later:g}"
    )
    assert slow_arena.books()
    assert abs(change) <= FLAT, strikes.note
    assert abs(descriptors_later - descriptors) <= max(1, FLAT * descriptors), growth.descriptors()

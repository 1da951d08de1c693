"""F15: a process has no descriptor or no memory left for a while; it goes on, or is started again."""

from __future__ import annotations

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
from support.arena import Arena, signalled
from support.strikes import Strikes, faults
from support.waiting import wait_for

CALLS = 60
AT_LEAST = 1.0  # seconds that it lasts
SPARE_MEMORY = (0, 1 << 20, 8 << 20)


@contextmanager
def limited(pid: int, kind: int, soft: int) -> Iterator[None]:
    """A lower limit of a process for a while."""
    process = psutil.Process(pid)
    before = process.rlimit(kind)
    process.rlimit(kind, (soft, before[1]))
    try:
        yield
    finally:
        with suppress(psutil.NoSuchProcess):
            process.rlimit(kind, before)


@contextmanager
def crowd(path: Path, count: int) -> Iterator[None]:
    """Connections that say nothing."""
    with ExitStack() as stack:
        for _ in range(count):
            one = stack.enter_context(socket.socket(socket.AF_UNIX))
            one.setblocking(False)
            with suppress(OSError):
                one.connect(str(path))
        yield


def has_at_most(pid: int, count: int) -> bool:
    return psutil.Process(pid).num_fds() <= count


@faults("F15", "the master has no descriptor left", push=1, nightly=10)
def test_the_master_has_no_descriptors(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        batch = arena.work.begin(CALLS)
        master = arena.master.process.pid
        used = psutil.Process(master).num_fds()
        with limited(master, resource.RLIMIT_NOFILE, used + strike.random.randint(0, 6)), crowd(arena.real.socket, 30):
            for place in arena.places:
                place.proxy.reset()
            threading.Event().wait(AT_LEAST)
        strikes.healed(arena.settle())
        batch.check(room=False)
        wait_for(partial(has_at_most, master, used + 2), "the end of the crowd")


@faults("F15", "a node daemon has no descriptor left", push=1, nightly=8)
def test_a_node_has_no_descriptors(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        batch = arena.work.begin(CALLS)
        place = strike.random.choice(arena.places)
        node = place.daemon.process.pid
        with limited(node, resource.RLIMIT_NOFILE, psutil.Process(node).num_fds() + strike.random.randint(0, 3)):
            for worker in place.workers():
                signalled(worker.pid, 9)
            batch.check(room=False)
            threading.Event().wait(AT_LEAST)
        strikes.healed(arena.settle())


@faults("F15", "master or node daemon has no memory left", push=2, nightly=20)
def test_no_memory(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, CALLS):
            daemon = strike.random.choice([arena.master, *(place.daemon for place in arena.places)])
            memory = psutil.Process(daemon.process.pid).memory_info().vms + strike.random.choice(SPARE_MEMORY)
            with limited(daemon.process.pid, resource.RLIMIT_AS, memory):
                more = arena.work.begin(CALLS)
                threading.Event().wait(AT_LEAST)
            arena.revive()
        more.check()

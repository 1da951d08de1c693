"""The common workloads. Each takes a running engine and gives its figures: numbers by name.

A figure's name ends in its unit. `Size` says how much of each: slow systems get fewer calls, as a rate needs no more,
and their tables say so. Nothing here knows which system it measures.
"""

from __future__ import annotations

import contextlib
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine
from benchmarks.processes import Usage, private_memory, settled

Figures: TypeAlias = dict[str, float]

MIB = 1024 * 1024
COMPUTE_SECONDS = 0.005


@dataclass(frozen=True)
class Size:
    """How much of each workload a system gets; 0 leaves it out.

    Attributes:
        singles: calls submitted one by one.
        many: the same, many.
        mapped: calls of a map.
        trips: round trips.
        echoes: round trips of 1 MiB.
        uses: calls after a broadcast.
        computed: calls of 5 ms.
        queued: calls that wait while memory is measured.
        killed: calls of 5 ms among which a worker is killed.
        repeats: how often a short workload is run; the median counts.
    """

    singles: int = 10_000
    many: int = 100_000
    mapped: int = 100_000
    trips: int = 1000
    echoes: int = 40
    uses: int = 100
    computed: int = 2000
    queued: int = 100_000
    killed: int = 600
    repeats: int = 3


def singles(engine: Engine, size: Size) -> Figures:
    """No-op calls, each submitted alone with a future; then all are gathered."""
    return _one_by_one(engine, size.singles, size.repeats)


def many(engine: Engine, size: Size) -> Figures:
    """The same with ten times as many calls."""
    return _one_by_one(engine, size.many, 1)


def mapped(engine: Engine, size: Size) -> Figures:
    """No-op calls through the system's own bulk call."""
    items = range(size.mapped)
    if engine.map(functions.noop, items[:1000]) is None:
        return {}
    return _rate(size.mapped, size.repeats, lambda: engine.map(functions.noop, items))


def round_trips(engine: Engine, size: Size) -> Figures:
    """No-op calls one at a time."""
    engine.round_trips(functions.noop, 0, 20)
    seconds = sorted(engine.round_trips(functions.noop, 0, size.trips))
    return {"p50_ms": _percentile(seconds, 50) * 1e3, "p99_ms": _percentile(seconds, 99) * 1e3}


def payload(engine: Engine, size: Size) -> Figures:
    """1 MiB there and back: as bytes, and as a numpy array of float64."""
    import numpy

    kinds = {"bytes": os.urandom(MIB), "numpy": numpy.random.default_rng(1).random(MIB // 8)}
    figures = {}
    for kind, data in kinds.items():
        engine.round_trips(functions.echo, data, 5)
        seconds = statistics.median(engine.round_trips(functions.echo, data, size.echoes))
        figures[f"{kind}_MB_s"] = 2 * MIB / 1e6 / seconds
    return figures


def broadcast(engine: Engine, size: Size) -> Figures:
    """64 MiB to every worker, then calls that use it."""
    import numpy

    array = numpy.random.default_rng(2).random(64 * MIB // 8)
    start = time.perf_counter()
    results = engine.broadcast(array, size.uses)
    seconds = time.perf_counter() - start
    assert results == [float(array[0] + array[-1])] * size.uses
    return {"seconds": seconds}


def efficiency(engine: Engine, size: Size) -> Figures:
    """Calls of 5 ms of a processor: the share of the workers' time that went into them."""
    start = time.perf_counter()
    engine.submit_all(functions.compute, [(COMPUTE_SECONDS,)] * size.computed)()
    seconds = time.perf_counter() - start
    return {"share": size.computed * COMPUTE_SECONDS / WORKERS / seconds}


def queued_memory(engine: Engine, size: Size) -> Figures:
    """Memory that a queued no-op call takes in the master and in the client, while no worker is free."""
    with _workers_held(engine):
        time.sleep(0.3)
        before = private_memory(os.getpid()), private_memory(engine.master)
        finish = engine.submit_all(functions.noop, [(number,) for number in range(size.queued)])
        after = tuple(settled(lambda pid=pid: private_memory(pid)) for pid in (os.getpid(), engine.master))
    finish()
    client, master = ((then - now) / size.queued for now, then in zip(before, after, strict=True))
    return {"client_bytes": client} | ({"master_bytes": master} if engine.master else {})


def killed_worker(engine: Engine, size: Size) -> Figures:
    """Calls of 5 ms, of whose workers one is killed in the middle: how many came back all the same, and when."""
    victim = min(engine.worker_pids())
    start = time.perf_counter()
    finish = engine.submit_all(functions.compute, [(COMPUTE_SECONDS,)] * size.killed)
    time.sleep(size.killed * COMPUTE_SECONDS / WORKERS / 3)
    os.kill(victim, signal.SIGKILL)
    returned = sum(not isinstance(result, BaseException) for result in finish())
    return {"returned_share": returned / size.killed, "seconds": time.perf_counter() - start}


#: By name, in the order in which they run: the first one needs a fresh heap, the last one may leave a ruin.
WORKLOADS: dict[str, Callable[[Engine, Size], Figures]] = {
    "memory": queued_memory,
    "singles": singles,
    "many": many,
    "map": mapped,
    "round trip": round_trips,
    "payload": payload,
    "broadcast": broadcast,
    "efficiency": efficiency,
    "killed worker": killed_worker,
}

#: The field of `Size` that says how much of it.
AMOUNTS = {
    "memory": "queued",
    "singles": "singles",
    "many": "many",
    "map": "mapped",
    "round trip": "trips",
    "payload": "echoes",
    "broadcast": "uses",
    "efficiency": "computed",
    "killed worker": "killed",
}


def _one_by_one(engine: Engine, count: int, repeats: int) -> Figures:
    arguments = [(number,) for number in range(count)]
    return _rate(count, repeats, lambda: engine.submit_all(functions.noop, arguments)())


def _rate(count: int, repeats: int, run: Callable[[], Any]) -> Figures:
    seconds, micros = [], []
    for _ in range(repeats):
        usage, start = Usage(), time.perf_counter()
        results = run()
        seconds.append(time.perf_counter() - start)
        micros.append(usage.seconds() / count * 1e6)
        assert results == list(range(count))
    return {"calls_s": count / statistics.median(seconds), "cpu_us": statistics.median(micros)}


def _percentile(ordered: list[float], percent: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


@contextlib.contextmanager
def _workers_held(engine: Engine) -> Any:
    """All workers have something to do for as long as this lasts."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hold"
        path.touch()
        finish = engine.submit_all(functions.wait_for, [(str(path),)] * WORKERS)
        try:
            yield
        finally:
            path.unlink()
            finish()

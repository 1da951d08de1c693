"""Microseconds a call in the dispatcher alone, for 10 to 1000 nodes and 1000 to 1 000 000 calls queued at once.

    .venv/bin/python benchmarks/dispatcher.py [--profile NODES CALLS]

Nodes of 8 slots are a few lines in memory: they answer each `Run` at once, as if each call had taken 10 microseconds.
Only processor time inside the dispatcher counts. One client submits in messages of 1000 calls, as job clients do. The
job is known before the clock starts, as a job spends its life in that state. A cell is the least of three runs.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import pstats
import tracemalloc
from collections import deque
from time import thread_time

from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.instructions import ToClient, ToNode
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import Attach, CallKind, Code, Done, OpenJob, Results, Run, Submit

JOB = 4711
OWNER = Owner(1000, "bench")
NODES = (10, 100, 1000)
CALLS = (1_000, 100_000, 1_000_000)
SLOTS = 8
BATCH = 1000  # calls a message of the client
REPORT = 512  # most results a message of a node
MICROS = 10


class Rig:
    """A dispatcher with nodes that answer at once.

    Attributes:
        seconds: processor time spent inside the dispatcher.
    """

    def __init__(self, nodes: int) -> None:
        self.dispatcher = Dispatcher(DispatchSettings())
        self.seconds = 0.0
        self._serials: dict[str, int] = {}
        self._next_call = 0
        for n in range(nodes):
            name = f"node{n}"
            self._serials[name] = 0
            self.dispatcher.node_attached(name, _attach(name, n + 1), 0.0)
        self._client(OpenJob(JOB, "bench", 0))
        self.dispatcher.numbered(JOB, 1)
        self._client(Code(JOB, 0, b"code"))
        self._client(CallKind(JOB, 1, 0, "f", b"f"))

    def warm_up(self) -> None:
        for _ in range(20):
            self.submit(20 * BATCH)
            self.run(20 * BATCH)

    def submit(self, calls: int) -> None:
        for first in range(self._next_call, self._next_call + calls, BATCH):
            self._client(Submit(JOB, [(n, 0, 1, b"0123456789") for n in range(first, first + BATCH)]))
        self._next_call += calls

    def run(self, calls: int) -> None:
        """Lets the nodes answer until so many results have reached the client."""
        todo: deque[ToNode] = deque()
        while calls:
            start = thread_time()
            instructions = self.dispatcher.take()
            self.seconds += thread_time() - start
            for one in instructions:
                if isinstance(one, ToClient):
                    calls -= len(one.message.rows) if isinstance(one.message, Results) else 0
                elif isinstance(one, ToNode) and isinstance(one.message, Run):
                    todo.append(one)
            if todo:
                self._answer(todo.popleft())

    def _answer(self, run: ToNode) -> None:
        rows = [(call, attempt, 0, MICROS, b"0123456789") for call, attempt, _kind, _payload in run.message.rows]
        for first in range(0, len(rows), REPORT):
            self._serials[run.node] += 1
            done = Done(self._serials[run.node], JOB, rows[first : first + REPORT])
            start = thread_time()
            self.dispatcher.from_node(run.node, done, 1.0)
            self.seconds += thread_time() - start

    def _client(self, message: object) -> None:
        start = thread_time()
        self.dispatcher.from_client(1, OWNER, message, 0.0)
        self.seconds += thread_time() - start


def _attach(name: str, instance: int) -> Attach:
    return Attach(1, name, instance, "1.0", "3.11", SLOTS, SLOTS, 0, [], "", 0)


def measure(nodes: int, calls: int) -> float:
    """Microseconds a call."""
    rig = Rig(nodes)
    rig.warm_up()
    rig.seconds = 0.0
    rig.submit(calls)
    rig.run(calls)
    return rig.seconds / calls * 1e6


def memory(calls: int) -> float:
    """Bytes a queued single call takes, its payload included."""
    rig = Rig(0)
    gc.collect()
    tracemalloc.start()
    rig.submit(calls)
    gc.collect()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return size / calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", nargs=2, type=int, metavar=("NODES", "CALLS"))
    options = parser.parse_args()
    gc.set_threshold(50_000, 50, 100)  # as the master does
    if options.profile:
        with cProfile.Profile() as profile:
            measure(*options.profile)
        pstats.Stats(profile).sort_stats("tottime").print_stats(15)
        return
    print("microseconds a call   " + "".join(f"{calls:>12,} calls" for calls in CALLS))
    for nodes in NODES:
        cells = [min(measure(nodes, calls) for _ in range(3)) for calls in CALLS]
        print(f"{nodes:>6} nodes           " + "".join(f"{cell:>18.2f}" for cell in cells))
    print(f"bytes a queued call: {memory(100_000):.0f}")


if __name__ == "__main__":
    main()

"""AsynCluster as a trial user starts it: `LocalCluster`, with TLS, logins, telemetry and everything else that is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import asyncluster as ac
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main

_NAMESPACE = """
from benchmarks.functions import compute, echo, edges, noop, wait_for

def keep(array):
    global large
    large = array

def use():
    return edges(large)
"""


class AsynCluster(Engine):
    notes: ClassVar[dict[str, str]] = {"map": "Job.map, chunks as it measures them", "broadcast": "Job.update"}

    def start(self) -> None:
        self._cluster = ac.LocalCluster(nodes=1, workers=WORKERS)
        self._job = self._cluster.job(_NAMESPACE, name="benchmark")
        self.master = self._cluster.pids["master"]

    def stop(self) -> None:
        self._job.cancel()
        self._cluster.close()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        name = function.__name__
        futures = [self._job.run(name, *each) for each in arguments]
        return lambda: [future.exception() or future.result() for future in futures]

    def map(self, function: Function, items: Sequence[Any]) -> list[Any]:
        return list(self._job.map(function.__name__, items))

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        self._job.update("keep", array)
        futures = [self._job.run("use") for _ in range(uses)]
        return [future.result() for future in futures]


if __name__ == "__main__":
    main(AsynCluster)

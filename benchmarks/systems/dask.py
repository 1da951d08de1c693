"""Dask Distributed: a `LocalCluster` of processes with one thread each, as its documentation has it for Python code."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from distributed import Client, LocalCluster, wait

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main


class Dask(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "Client.map",
        "broadcast": "Client.scatter(broadcast=True)",
        "memory": "scheduler and client are one process here, as LocalCluster has it; the figure is of both",
    }

    def start(self) -> None:
        self._cluster = LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=logging.ERROR
        )
        self._client = Client(self._cluster)

    def stop(self) -> None:
        self._client.close()
        self._cluster.close()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        futures = [self._client.submit(function, *each, pure=False) for each in arguments]

        def results() -> list[Any]:
            wait(futures)
            if all(future.status == "finished" for future in futures):
                return list(self._client.gather(futures))
            return [future.exception() or future.result() for future in futures]

        return results

    def map(self, function: Function, items: Sequence[Any]) -> list[Any]:
        return list(self._client.gather(self._client.map(function, items, pure=False)))

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        remote = self._client.scatter(array, broadcast=True)
        return self.submit_all(functions.edges, [(remote,)] * uses)()


if __name__ == "__main__":
    main(Dask)

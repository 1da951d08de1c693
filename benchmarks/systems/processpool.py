"""Python's own `ProcessPoolExecutor`: no network, no other machine, and the pool is lost with its first worker."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Any, ClassVar

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main

_array: Any = None


def results_of(futures: Sequence[Future[Any]]) -> list[Any]:
    """Results in order, exceptions in the place of failed ones."""
    return [future.exception() or future.result() for future in futures]


class ProcessPool(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "chunks of 100",
        "broadcast": "by the pool's initializer, which inherits the array: nothing is sent",
        "memory": "no master",
    }

    def start(self) -> None:
        self._pool: Executor = self._make()

    def stop(self) -> None:
        self._pool.shutdown(wait=False)

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        futures = [self._pool.submit(function, *each) for each in arguments]
        return lambda: results_of(futures)

    def map(self, function: Function, items: Sequence[Any]) -> list[Any]:
        return list(self._pool.map(function, items, chunksize=100))

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        with self._make(initializer=_keep, initargs=(array,)) as pool:
            return results_of([pool.submit(_edges) for _ in range(uses)])

    def _make(self, **options: Any) -> Executor:
        return ProcessPoolExecutor(WORKERS, **options)


def _keep(array: Any) -> None:
    global _array
    _array = array


def _edges() -> float:
    return functions.edges(_array)


if __name__ == "__main__":
    main(ProcessPool)

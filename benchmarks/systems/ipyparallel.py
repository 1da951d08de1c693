"""ipyparallel: a controller and engines by `ipp.Cluster`, a load-balanced view for calls, a direct view for data."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import ipyparallel as ipp
from ipyparallel.util import interactive

from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main


class IPyParallel(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "load-balanced view, chunks of 100",
        "broadcast": "DirectView.push",
        "memory": "its schedulers and hub are several processes: client only",
        "killed worker": "retries=2",
    }

    def start(self) -> None:
        os.environ["PYTHONPATH"] = os.getcwd()
        self._cluster = ipp.Cluster(n=WORKERS, log_level=logging.ERROR)
        self._client = self._cluster.start_and_connect_sync(activate=False)
        self._view = self._client.load_balanced_view()
        self._view.retries = 2

    def stop(self) -> None:
        self._cluster.stop_cluster_sync()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        calls = [self._view.apply_async(function, *each) for each in arguments]
        return lambda: [_result_or_error(call) for call in calls]

    def map(self, function: Function, items: Sequence[Any]) -> list[Any]:
        return list(self._view.map_async(function, items, chunksize=100).get())

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        self._client[:].push({"large": array}, block=True)
        return self.submit_all(_edges, [()] * uses)()


@interactive
def _edges() -> float:
    return float(large[0] + large[-1])  # type: ignore[name-defined]  # noqa: F821 - in the engine's namespace


def _result_or_error(call: Any) -> Any:
    try:
        return call.get()
    except Exception as error:
        return error


if __name__ == "__main__":
    main(IPyParallel)

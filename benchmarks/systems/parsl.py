"""Parsl: its HighThroughputExecutor on this machine, one block of workers, two retries."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main
from benchmarks.systems.processpool import results_of


class Parsl(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "none",
        "broadcast": "none: every call carries the array, so there are 4",
        "memory": "client only: its interchange is a daemon of its own",
        "killed worker": "retries=2",
    }

    def start(self) -> None:
        # It starts its helpers by name.
        os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        os.environ["PYTHONPATH"] = os.getcwd()
        logging.getLogger("parsl").setLevel(logging.CRITICAL)
        folder = tempfile.mkdtemp(prefix="bench-parsl-")
        executor = HighThroughputExecutor(
            address="127.0.0.1",
            max_workers_per_node=WORKERS,
            cores_per_worker=0.5,
            provider=LocalProvider(init_blocks=1, max_blocks=1),
        )
        parsl.load(Config(executors=[executor], retries=2, run_dir=folder, initialize_logging=False))
        self._apps: dict[Function, Any] = {}

    def stop(self) -> None:
        parsl.dfk().cleanup()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        app = self._apps.setdefault(function, parsl.python_app(function))
        futures = [app(*each) for each in arguments]
        return lambda: results_of(futures)

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        results = self.submit_all(functions.edges, [(array,)] * 4)()
        return results[:1] * uses


if __name__ == "__main__":
    main(Parsl)

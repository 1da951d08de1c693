"""loky, the process pool beneath joblib: like Python's, but its workers are started afresh instead of forked."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any, ClassVar

from loky import ProcessPoolExecutor

from benchmarks.engine import WORKERS
from benchmarks.script import main
from benchmarks.systems.processpool import ProcessPool


class Loky(ProcessPool):
    notes: ClassVar[dict[str, str]] = {
        "map": "chunks of 100",
        "broadcast": "by the initializer of a new pool",
        "memory": "no master",
    }

    def stop(self) -> None:
        self._pool.shutdown(wait=False, kill_workers=True)

    def _make(self, **options: Any) -> Executor:
        executor: Executor = ProcessPoolExecutor(WORKERS, **options)
        return executor


if __name__ == "__main__":
    main(Loky)

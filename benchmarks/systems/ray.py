"""Ray: `ray.init` with one CPU per worker, and its shared-memory object store."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import ray

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine, Function
from benchmarks.script import main


class Ray(Engine):
    notes: ClassVar[dict[str, str]] = {
        "map": "none",
        "broadcast": "ray.put: shared memory, once",
        "memory": "its queue is in the client",
    }

    def start(self) -> None:
        os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
        ray.init(
            num_cpus=WORKERS,
            include_dashboard=False,
            configure_logging=True,
            logging_level=logging.ERROR,
            log_to_driver=False,
            object_store_memory=512 * 1024 * 1024,
            runtime_env={"env_vars": {"PYTHONPATH": os.getcwd()}},
        )
        self._remote: dict[Function, Any] = {}

    def stop(self) -> None:
        ray.shutdown()

    def submit_all(self, function: Function, arguments: Sequence[tuple[Any, ...]]) -> Callable[[], list[Any]]:
        if function not in self._remote:
            self._remote[function] = ray.remote(function)
        remote = self._remote[function]
        references = [remote.remote(*each) for each in arguments]

        def results() -> list[Any]:
            try:
                return list(ray.get(references))
            except ray.exceptions.RayError:
                return [_result_or_error(reference) for reference in references]

        return results

    def broadcast(self, array: Any, uses: int) -> list[Any]:
        reference = ray.put(array)
        return self.submit_all(functions.edges, [(reference,)] * uses)()


def _result_or_error(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return error


if __name__ == "__main__":
    main(Ray)

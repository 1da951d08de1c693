"""The cluster as a backend of joblib.

joblib makes one backend for each `parallel_config` block, and configures it before and terminates it after each
`Parallel` call; in between there is an executor. So each `Parallel` call is one job that people see, and nothing is
left of one that failed. joblib gathers short calls into batches by itself. Arrays over 64 KiB reach each node once,
however many batches hold them.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from operator import call
from typing import Any

from joblib.parallel import AutoBatchingMixin, FallbackToBackend, ParallelBackendBase, SequentialBackend

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.client.executor import Executor
from asyncluster.core.client.futures import CallFuture
from asyncluster.core.client.options import SAME
from asyncluster.core.client.pace import open_workers


class ClusterBackend(AutoBatchingMixin, ParallelBackendBase):
    """Runs batches of a `joblib.Parallel` on the workers of a cluster.

    Args:
        nesting_level, inner_max_num_threads: joblib's own.
        socket, config: as for `Cluster`.
        name: of its jobs, for people who look at the cluster.
        niceness, retries: as for `Executor`.
    """

    default_n_jobs = -1  # all workers, unless somebody asks for fewer
    supports_retrieve_callback = True

    def __init__(
        self,
        nesting_level: int | None = None,
        inner_max_num_threads: int | None = None,
        *,
        socket: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        name: str = "joblib",
        niceness: int = SAME,
        retries: int = SAME,
    ) -> None:
        super().__init__(nesting_level=nesting_level, inner_max_num_threads=inner_max_num_threads)
        self._where: dict[str, Any] = {"socket": socket, "config": config}
        self._options: dict[str, Any] = {"name": name, "niceness": niceness, "retries": retries}
        self._most: int | None = None  # calls at once
        self._executor: Executor | None = None

    # --- from Parallel ------------------------------------------------------------------------------------

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        """How many calls can run at once: a number is taken at its word, -1 (or None) is all workers, -2 one less."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        if n_jobs is not None and n_jobs > 0:
            return n_jobs
        with Cluster(**self._where) as cluster:
            workers = open_workers(cluster.nodes())
        return max(1, workers + 1 + (-1 if n_jobs is None else n_jobs))

    def configure(self, n_jobs: int = 1, parallel: Any = None, **_unused: Any) -> int:
        """Opens a job for a `Parallel` call; `n_jobs=1` means here and one by one, as with joblib's own backends."""
        if n_jobs == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        self.parallel = parallel
        self._most = None if n_jobs is None or n_jobs < 0 else n_jobs
        workers = self.effective_n_jobs(n_jobs)
        self._open()
        return workers

    def submit(self, func: Callable[[], Any], callback: Callable[[CallFuture], Any] | None = None) -> CallFuture:
        """Hands a batch over; `callback` hears of its future's end in the client's background thread."""
        assert self._executor is not None
        # The batch is an argument: as a function it would enter the job's log, which every worker reads.
        future = self._executor.submit(call, func)
        if callback is not None:
            future.add_done_callback(callback)  # type: ignore[arg-type]
        return future

    def retrieve_result_callback(self, out: CallFuture) -> Any:
        """The results of a batch whose future has its end."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """A call failed, or the author pressed Ctrl-C: the rest is ended, running calls too."""
        self.terminate()
        if ensure_ready:
            self._open()

    def terminate(self) -> None:
        """The `Parallel` call is over; what still runs is ended."""
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.kill_workers()
        self.reset_batch_stats()

    def get_nested_backend(self) -> tuple[SequentialBackend, None]:
        """Inside a call, which has one core for itself, joblib works one by one."""
        return SequentialBackend(nesting_level=(self.nesting_level or 0) + 1), None

    def _open(self) -> None:
        self._executor = Executor(self._most, **self._where, **self._options)

"""The cluster as a backend of joblib.

joblib makes one backend for each `parallel_config` block, and configures it before and terminates it after each
`Parallel` call. The first of them opens an executor, which stays for the others and goes with the backend: a block is
one job that people see, and its worker processes import scikit-learn once. Nothing is left of a call that failed. Of
two `Parallel` at the same time, as generators may be, the second gets a backend, and so a job, of its own.

joblib gathers short calls into batches by itself. Arrays over 64 KiB reach each node once, however many batches hold
them.
"""

from __future__ import annotations

import copy
import os
import weakref
from collections.abc import Callable
from operator import call
from typing import Any, Self

from joblib.parallel import AutoBatchingMixin, FallbackToBackend, ParallelBackendBase, SequentialBackend

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.client.executor import Executor
from asyncluster.core.client.futures import CallFuture
from asyncluster.core.client.options import SAME
from asyncluster.core.client.pace import open_workers


class ClusterBackend(AutoBatchingMixin, ParallelBackendBase):
    """Runs batches of a `joblib.Parallel` on the workers of a cluster.

    Args:
        nesting_level: joblib's own.
        inner_max_num_threads: threads of the libraries that a call computes with; default: one.
        socket, config: as for `Cluster`.
        name: of its jobs, for people who look at the cluster.
        niceness, retries, environment: as for `Executor`.
    """

    default_n_jobs = -1  # all workers, unless somebody asks for fewer
    supports_retrieve_callback = True
    supports_inner_max_num_threads = True

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
        environment: str | None = SAME,
    ) -> None:
        super().__init__(nesting_level=nesting_level, inner_max_num_threads=inner_max_num_threads)
        self._where: dict[str, Any] = {"socket": socket, "config": config}
        self._options: dict[str, Any] = {
            "name": name,
            "niceness": niceness,
            "retries": retries,
            "environment": environment,
        }
        self._most: int | None = None  # calls at once
        self._executor: Executor | None = None
        self._taken = False  # by a `Parallel` that is under way

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
        """Opens a job for a `Parallel` call, unless one is there; what would run one by one runs here."""
        workers = self.effective_n_jobs(n_jobs)
        if workers == 1:
            raise FallbackToBackend(SequentialBackend(nesting_level=self.nesting_level))
        if self._taken:
            raise FallbackToBackend(self._another())
        self.parallel = parallel
        most = None if n_jobs is None or n_jobs < 0 else n_jobs
        if most != self._most:
            self._close()
        self._most = most
        self._open()
        self._taken = True
        return workers

    def submit(self, func: Callable[[], Any], callback: Callable[[CallFuture], Any] | None = None) -> CallFuture:
        """Hands a batch over; `callback` hears of its future's end in the client's background thread."""
        assert self._executor is not None
        # The batch is an argument: as a function it would enter the job's log, which every worker reads.
        future = self._executor.submit(call, func)
        if callback is not None:
            # So that what refers to the `Parallel` goes without the garbage collector, and the job with it.
            future.add_done_callback(_once(callback))
        return future

    def retrieve_result_callback(self, out: CallFuture) -> Any:
        """The results of a batch whose future has its end."""
        return out.result()

    def abort_everything(self, ensure_ready: bool = True) -> None:
        """A call failed, or the author pressed Ctrl-C: the rest is ended, running calls too."""
        self._close()
        if ensure_ready:
            self._open()

    def terminate(self) -> None:
        """The `Parallel` call is over, and its calls have their end, or were ended by `abort_everything`."""
        self._taken = False
        self.parallel = None  # which refers to its backend, and so would keep the job
        self.reset_batch_stats()

    def get_nested_backend(self) -> tuple[SequentialBackend, None]:
        """Inside a call, which has one core for itself, joblib works one by one."""
        return SequentialBackend(nesting_level=(self.nesting_level or 0) + 1), None

    def _another(self) -> Self:
        """One like this with a job of its own."""
        other = copy.copy(self)
        other._executor = None
        other._taken = False
        other.reset_batch_stats()
        return other

    def _open(self) -> None:
        if self._executor is None:
            threads = self.inner_max_num_threads
            setup = None if threads is None else _environment(self._prepare_worker_env(1))
            self._executor = Executor(self._most, initializer=setup, **self._where, **self._options)
            self._end = weakref.finalize(self, self._executor.kill_workers)
            self._end.atexit = False  # it has an end of its own then

    def _close(self) -> None:
        if self._executor is not None:
            self._end()
            self._executor = None


def _once(callback: Callable[[CallFuture], Any]) -> Callable[[Any], None]:
    """One that forgets its callback when it is called; futures keep theirs."""
    kept = [callback]

    def call_it(future: CallFuture) -> None:
        kept.pop()(future)

    return call_it


def _environment(variables: dict[str, str]) -> Callable[[], None]:
    """What sets them in a worker, before the libraries that read them are loaded.

    It is a closure because that travels by value: to load this module there would load these libraries.
    """

    def set_them() -> None:
        import os

        os.environ.update(variables)

    return set_them

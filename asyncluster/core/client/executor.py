"""The cluster as a `concurrent.futures.Executor`: code written for ProcessPoolExecutor runs unchanged.

It keeps to what `concurrent.futures` documents, down to who may be cancelled when. Calls wait here until they are
handed to the master: a call that waits is pending and can be cancelled, one that was handed over is running and
cannot. At most `max_workers` are handed over at once; without that number a few more than the cluster has workers, and
as many as are done in `asyncluster.core.rhythm.CLIENT_AHEAD` seconds if calls are short.

Three things are better than a local pool's, and none is worse:

    a worker dies       only the call that killed it fails, after its retries; the executor goes on
    a node is lost      its calls run elsewhere
    functions           may be lambdas, closures and functions of `__main__`
"""

from __future__ import annotations

import atexit
import concurrent.futures
import contextlib
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

import msgspec

from asyncluster.core.client.address import locate
from asyncluster.core.client.calling import Caller
from asyncluster.core.client.defaults import environment_or_default, niceness_or_default, retries_or_default
from asyncluster.core.client.futures import CallFuture
from asyncluster.core.client.mapping import End, check_buffersize, open_end
from asyncluster.core.client.namespace import Namespace, read_code, store_all
from asyncluster.core.client.options import SAME, CallOptions
from asyncluster.core.client.pace import MOST, Pace
from asyncluster.core.client.session import Session
from asyncluster.core.client.tasks import CallTask, ChunkTask, Task, WorkerDied
from asyncluster.core.client.threads import Connection
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.wire.payloads import encode_update

_NO_ARGUMENTS = msgspec.Raw(msgspec.msgpack.encode({}))
_executors: weakref.WeakSet[Executor] = weakref.WeakSet()
_interpreter_ends = False


class Executor(concurrent.futures.Executor):
    """Runs calls on the workers of a cluster.

    Args:
        max_workers: at most so many of its calls run at once; None: as many as the cluster has workers.
        mp_context: accepted, whatever it is: workers are always fresh processes, as with the start method "spawn".
        initializer: called in each worker process before its first call; if it fails, the executor is broken.
        initargs: its arguments.
        max_tasks_per_child: must be None. Memory of workers is bounded by `[client] worker memory` instead.
        socket, config: as for `Cluster`.
        name: of its job, for people who look at the cluster.
        niceness: 0 to 19; each step up takes a fifth off its share of the workers; default: $ASYNCLUSTER_NICENESS,
            else 0.
        retries: how often a call may run again after a worker died of it; 0: every call runs once at most; default:
            $ASYNCLUSTER_RETRIES, else 2.
        environment: as for `Cluster.job`.

    Raises:
        MasterUnreachable: no master is there.
        NotAllowed: it does not want this account.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        mp_context: Any = None,
        initializer: Callable[..., Any] | None = None,
        initargs: Iterable[Any] = (),
        *,
        max_tasks_per_child: int | None = None,
        socket: str | os.PathLike[str] | None = None,
        config: str | os.PathLike[str] | None = None,
        name: str = "executor",
        niceness: int = SAME,
        retries: int = SAME,
        environment: str | None = SAME,
    ) -> None:
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        _check_tasks_per_child(max_tasks_per_child)
        niceness = niceness_or_default(niceness)
        options, environment = CallOptions(retries=retries_or_default(retries)), environment_or_default(environment)
        setup = None if initializer is None else encode_update(initializer, tuple(initargs))
        self._lock = threading.RLock()
        self._waiting: deque[Task] = deque()
        self._handed_over = 0
        self._shutdown = False
        self._broken: BrokenProcessPool | None = None
        self._over = threading.Event()
        self._pace = Pace(max_workers)
        self._connection = Connection(Session(locate(socket, config)))
        with self._connection.lock:
            namespace = Namespace(self._connection.ledger, name, niceness, read_code("")[0], environment)
            if setup is not None:
                namespace.update(setup.payload, store_all(setup))
            self._connection.flush()
        self._caller = Caller(self._connection, namespace.variant(niceness), options)
        if max_workers is None:
            self._count_workers()
        _executors.add(self)
        # Without this an executor that nobody refers to any more would keep its thread and its socket.
        weakref.finalize(self, self._connection.close).atexit = False

    # --- what concurrent.futures documents ------------------------------------------------------------------

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> CallFuture:
        """Schedules `fn(*args, **kwargs)`; see `concurrent.futures.Executor.submit`.

        Raises:
            RuntimeError: the executor, or the interpreter, has been shut down.
            BrokenProcessPool: the initializer failed, or the job was cancelled from outside.
        """
        return self._put(CallTask(self._new_future(), self._caller, fn, args, kwargs))

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Iterator[Any]:
        """Like the built-in map, but calls run on the cluster; see `concurrent.futures.Executor.map`.

        Args:
            timeout: seconds from now within which results must come.
            chunksize: calls that travel together. (With retries=0 each call travels alone.)
            buffersize: chunks whose results have not been taken, at most; as in Python 3.14.
        """
        if chunksize < 1:
            raise ValueError("chunksize must be >= 1.")
        check_buffersize(buffersize)
        end_time = None if timeout is None else time.monotonic() + timeout
        size = chunksize if self._caller.options.in_chunks else 1
        rows = zip(*iterables, strict=False)
        chunks = iter(lambda: list(islice(rows, size)), [])
        futures = deque(self._put_chunk(fn, chunk) for chunk in islice(chunks, buffersize))

        def results() -> Iterator[Any]:
            # A function of its own, so that calls are submitted before the first result is asked for.
            try:
                while futures:
                    left = None if end_time is None else end_time - time.monotonic()
                    ends = _take(futures, left)
                    if buffersize is not None:
                        futures.extend(self._put_chunk(fn, chunk) for chunk in islice(chunks, 1))
                    while ends:
                        yield open_end(ends.pop())
            finally:
                for future in futures:
                    future.cancel()

        return results()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls and frees what it holds; see `concurrent.futures.Executor.shutdown`.

        Args:
            wait: return when all calls have their end; else they come to it in the background.
            cancel_futures: cancel the calls that have not been handed over.
        """
        with self._lock:
            self._shutdown = True
            cancelled = list(self._waiting) if cancel_futures else []
            if cancel_futures:
                self._waiting.clear()
        for task in cancelled:
            task.future.cancel()
            task.future.set_running_or_notify_cancel()
        self._end_if_idle()
        if wait and not self._connection.in_background():
            self._connection.before_waiting()
            self._over.wait()
            self._connection.close()

    def kill_workers(self) -> None:
        """Ends all calls at once, running ones with their processes, and takes no more; as in Python 3.14.

        Futures of running calls fail with `BrokenProcessPool`, those of waiting ones are cancelled.
        """
        self.shutdown(wait=False, cancel_futures=True)
        self._connection.close()

    terminate_workers = kill_workers

    # --- calls on their way -----------------------------------------------------------------------------------

    def _new_future(self) -> CallFuture:
        return CallFuture(self._connection)

    def _put_chunk(self, fn: Callable[..., Any], rows: list[tuple[Any, ...]]) -> CallFuture:
        return self._put(ChunkTask(self._new_future(), self._caller, fn, rows))

    def _put(self, task: Task) -> CallFuture:
        with self._lock:
            if self._broken is not None:
                raise BrokenProcessPool(str(self._broken)) from self._broken
            if _interpreter_ends:
                raise RuntimeError("cannot schedule new futures after interpreter shutdown")
            if self._shutdown:
                raise RuntimeError("cannot schedule new futures after shutdown")
            self._waiting.append(task)
        self._hand_over(2)  # more than one, so that a queue cannot grow for want of hands
        self._end_if_idle()
        return task.future

    def _hand_over(self, most: int = MOST) -> None:
        """Hands over what may be; by whoever submits, and by the background thread when a call ends."""
        for _ in range(most):
            with self._lock:
                if not self._waiting or self._handed_over >= self._pace.limit:
                    return
                task = self._waiting.popleft()
                if not task.future.set_running_or_notify_cancel():
                    continue
                self._handed_over += 1
            if not task.start(self._ended):
                with self._lock:
                    self._handed_over -= 1

    def _ended(self, seconds: float, error: BaseException | None) -> None:
        """From a task that was handed over: its future has its end."""
        with self._lock:
            self._handed_over -= 1
            if seconds:
                self._pace.ran(seconds)
            void = self._break(error) if isinstance(error, BrokenProcessPool) else []
        for task in void:
            task.future.settle(None, error)
        self._hand_over()
        if self._pace.wants_workers(time.monotonic()):
            self._count_workers()
        self._end_if_idle()

    def _break(self, error: BrokenProcessPool) -> list[Task]:
        """Takes no more calls, unless it was only a worker that died; returns those that will not be handed over."""
        if isinstance(error, WorkerDied):
            return []
        self._broken = self._broken or error
        void = list(self._waiting)
        self._waiting.clear()
        return void

    def _end_if_idle(self) -> None:
        with self._lock:
            if not self._shutdown or self._waiting or self._handed_over or self._over.is_set():
                return
            self._over.set()
        self._connection.close()

    def _count_workers(self) -> None:
        with contextlib.suppress(AsynClusterError), self._connection.lock:
            self._connection.ledger.ask("node list", _NO_ARGUMENTS, self._counted)
            self._connection.flush()

    def _counted(self, nodes: Any, error: BaseException | None) -> None:
        with self._lock:
            self._pace.counted(None if error else nodes, time.monotonic())
        self._hand_over()


def _check_tasks_per_child(number: int | None) -> None:
    """Refuses what ProcessPoolExecutor refuses, in its words, and the rest in ours."""
    if number is None:
        return
    if not isinstance(number, int):
        raise TypeError("max_tasks_per_child must be an integer")
    if number <= 0:
        raise ValueError("max_tasks_per_child must be >= 1")
    raise ValueError(
        "max_tasks_per_child is not available here: workers of a cluster are not ended between calls. "
        "Their memory is bounded by [client] worker memory."
    )


def _take(futures: deque[CallFuture], timeout: float | None) -> list[End]:
    """The ends of the next chunk, the last one first; its future is cancelled if they do not come in time."""
    future = futures.popleft()
    try:
        try:
            ends: list[End] = future.result(timeout)
            return ends
        finally:
            future.cancel()
    finally:
        del future  # it may be part of the traceback of the exception that it holds


def _end_all() -> None:
    """At the end of the program: calls that were submitted are still run, as concurrent.futures promises."""
    global _interpreter_ends
    _interpreter_ends = True
    for executor in list(_executors):
        executor.shutdown()


atexit.register(_end_all)

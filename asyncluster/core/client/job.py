"""A job in the blocking flavour: a namespace on every worker, and the verbs to update and to call it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from itertools import islice
from types import TracebackType
from typing import Any, Self

from asyncluster.core.client.calling import Caller
from asyncluster.core.client.calls import tell_all
from asyncluster.core.client.futures import CallFuture
from asyncluster.core.client.kinds import Function, name_of
from asyncluster.core.client.mapping import Mapping, check_buffersize, open_end
from asyncluster.core.client.namespace import Namespace, store_all
from asyncluster.core.client.notebook import job_html
from asyncluster.core.client.options import SAME, CallOptions, change
from asyncluster.core.client.progress import show
from asyncluster.core.client.threads import Connection
from asyncluster.core.wire.payloads import encode_update


class Job:
    """A namespace that lives on every worker of the cluster; made by `Cluster.job`.

    Leaving its `with` block waits for its calls and closes it; leaving it by an exception cancels it. All methods may
    be called by any thread.

    Functions are given as names of the namespace, or as functions: those travel to the workers, too, but see only
    what they bring along.
    """

    def __init__(self, connection: Connection, namespace: Namespace, options: CallOptions, niceness: int) -> None:
        self._connection = connection
        self._namespace = namespace
        self._options = options
        self._niceness = niceness
        with connection.lock:
            self._caller = Caller(connection, namespace.variant(niceness), options)

    # --- verbs --------------------------------------------------------------------------------------------

    def update(self, function: Function, /, *args: Any, **kwargs: Any) -> None:
        """Calls a function in every process of the job, present and future, before its next call.

        Returns when the master has it: calls that are submitted from now on see it, wherever they run. Large
        arguments go to each node once.

        Raises:
            CannotPickle: an argument cannot travel.
            JobCancelled, JobBroken: the job has ended. If this very update fails, later calls say so.
        """
        packed = encode_update(function, args, kwargs)
        blobs = store_all(packed)
        with self._connection.lock:
            logs = self._namespace.update(packed.payload, blobs)
        for log, entries in logs:
            self._connection.ask(partial(log.when_logged, entries))

    def run(self, function: Function, /, *args: Any, **kwargs: Any) -> CallFuture:
        """Calls a function once, on the next worker that is free.

        Returns:
            A `concurrent.futures.Future` that knows where its call ran, and whose `cancel` is real.

        Raises:
            CannotPickle: an argument cannot travel.
            JobCancelled, JobBroken: the job has ended.
        """
        future = CallFuture(self._connection)
        future.attach(self._caller.call(function, args, kwargs, future))
        return future

    def map(
        self,
        function: Function,
        /,
        *iterables: Iterable[Any],
        buffersize: int | None = None,
        chunksize: int | None = None,
        progress: bool = False,
    ) -> Iterator[Any]:
        """Calls a function for each item (of several iterables: for each tuple of items); results come in order.

        The calls begin now. Whoever stops taking results, or is interrupted, cancels what is left.

        Args:
            buffersize: at most so many calls whose results have not been taken, and the iterables are read no
                further than that; None: they are read to their end now.
            chunksize: calls that travel together; None: as many as are worth it, by how long they turn out to run.
                Calls with a timeout, or with retries=0, always go alone.
            progress: show how far it is, in a terminal or a notebook, while results are taken.

        Raises:
            What a call raised, at its place; and what `run` raises.
        """
        ready = threading.Event()
        mapping = Mapping(self._caller, function, iterables, chunksize=chunksize, buffersize=buffersize, wake=ready.set)
        try:
            mapping.feed()
        except BaseException:
            mapping.cancel()
            raise
        display = show(name_of(function), mapping.standing) if progress else nullcontext()
        return self._results(mapping, ready, display)

    def _results(
        self, mapping: Mapping, ready: threading.Event, display: AbstractContextManager[object]
    ) -> Iterator[Any]:
        try:
            with display:
                while True:
                    ready.clear()
                    ends = mapping.take()
                    if ends is None:
                        self._connection.before_waiting()
                        ready.wait()
                        continue
                    if not ends:
                        return
                    mapping.feed()
                    ends.reverse()
                    while ends:
                        yield ends.pop()[0] if ends[-1][1] is None else open_end(ends.pop())
        finally:
            mapping.cancel()

    def as_completed(
        self, function: Function, /, *iterables: Iterable[Any], buffersize: int | None = None
    ) -> Iterator[CallFuture]:
        """Like `map`, but gives the futures of the calls in the order in which they come to their end."""
        check_buffersize(buffersize)
        rows: Iterable[tuple[Any, ...]] = zip(*iterables, strict=False)
        ended: queue.SimpleQueue[CallFuture] = queue.SimpleQueue()
        source = iter(rows if buffersize is not None else list(rows))
        pending: set[CallFuture] = set()

        def start(count: int | None) -> None:
            for args in islice(source, count):
                future = self.run(function, *args)
                pending.add(future)
                future.add_done_callback(ended.put)  # type: ignore[arg-type]

        def futures() -> Iterator[CallFuture]:
            try:
                while pending:
                    self._connection.before_waiting()
                    future = ended.get()
                    pending.discard(future)
                    yield future
                    del future
                    if buffersize is not None:
                        start(1)
            finally:
                _cancel_all(pending)

        try:
            start(buffersize)
        except BaseException:
            _cancel_all(pending)
            raise
        return futures()

    def with_(self, *, timeout: float | None = SAME, retries: int = SAME, niceness: int = SAME) -> Job:
        """The same job, with other options for the calls that are made through what this returns.

        Args:
            timeout: seconds that a call may run; then its process is ended and it fails with `CallTimeout`.
            retries: how often a call may run again after its worker died of it (2 unless said otherwise). 0: the call
                is run once at most; if its fate is unknown it fails with `NodeLost`.
            niceness: 0 to 19. Calls at another niceness than the job's run in processes of their own.

        Raises:
            UsageError: a value out of range.
        """
        options, other = change(self._options, self._niceness, timeout=timeout, retries=retries, new_niceness=niceness)
        return Job(self._connection, self._namespace, options, other)

    # --- the job itself -------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What people see."""
        return self._namespace.name

    @property
    def number(self) -> int:
        """What people call the job; waits until the master has said.

        Raises:
            JobCancelled, JobBroken, MasterUnreachable: it has ended before.
        """
        number: int = self._connection.ask(self._namespace.log.when_open)
        return number

    @property
    def pending(self) -> int:
        """Calls that wait for their end."""
        with self._connection.lock:
            return self._namespace.pending

    def log(self) -> str:
        """What processes of the job have printed outside of calls, as its code and updates do."""
        return self._namespace.log.log.text()

    def progress(self) -> AbstractContextManager[object]:
        """Shows how far the job is, in a terminal or a notebook, for as long as a `with` block lasts."""
        return show(self.name, self._namespace.standing)

    def cancel(self) -> None:
        """Ends the job and all its calls, running ones too. Whoever waits for one gets `JobCancelled`."""
        self._end("The job was cancelled.")

    def close(self) -> None:
        """Waits until all calls have their end, then ends the job."""
        while self.pending:
            for log in self._namespace.logs:
                self._connection.ask(log.when_idle)
        self._end("The job is closed.")

    def _end(self, words: str) -> None:
        with self._connection.lock:
            events = self._namespace.cancel(words)
            self._connection.flush()
        tell_all(events)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        else:
            self.cancel()

    def __repr__(self) -> str:
        return f"<Job {self.name!r}: {self.pending} calls pending>"

    def _repr_html_(self) -> str:
        return job_html(self.name, self._namespace.standing())


def _cancel_all(futures: Iterable[CallFuture]) -> None:
    for future in list(futures):
        future.cancel()

"""A job whose calls Dask hands out: the verbs of a `Job`, for namespaces that are wanted where Dask's data are.

Its log is a list of values in Dask, on which each call depends; so Dask itself brings to a worker what that lacks. If
the scheduler is lost, so are those values, and the next call makes them anew.
Results leave the workers as soon as they are there, so none waits on a computer that somebody sits down at.
"""

from __future__ import annotations

import concurrent.futures
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import count
from types import TracebackType
from typing import Any, Self

from asyncluster.core.client.kinds import Function, name_of
from asyncluster.core.client.mapping import check_buffersize
from asyncluster.core.engine import trampoline
from asyncluster.core.errors import CallFailed, WorkerCrashed
from asyncluster.core.wire.payloads import Packed, encode_call, encode_function, encode_update


class DaskJob:
    """Made by `Cluster.dask_job`. All methods may be called by any thread.

    Leaving its `with` block waits for its calls and closes it; leaving it by an exception cancels it.

    Args:
        client: of Dask; the job's to close.
        name: what people see in Dask's own tables.
        niceness: 0 to 19; Dask runs what is less nice first.
        code: packed.
    """

    def __init__(self, client: Any, name: str, niceness: int, code: Packed) -> None:
        self.name = name
        self._client = client
        self._niceness = niceness
        self._key = secrets.randbits(62) + 1
        self._numbers = count(1)
        self._lock = threading.Lock()
        self._open: dict[str, concurrent.futures.Future[Any]] = {}
        self._log: list[Packed] = []
        self._entries: list[Any] = []  # the log as values in Dask
        self._lives = 0  # how often it was put there from the beginning
        self._enter(code)

    def update(self, function: Function, /, *args: Any, **kwargs: Any) -> None:
        """Calls a function in every process of the job, present and future, before its next call.

        Raises:
            CannotPickle: an argument cannot travel. If the function fails, later calls say so.
        """
        self._enter(encode_update(function, args, kwargs))

    def run(self, function: Function, /, *args: Any, **kwargs: Any) -> concurrent.futures.Future[Any]:
        """Calls a function once.

        Returns:
            A future. It fails with what the call raised, with `WorkerCrashed` if it killed its worker too often, or
            with `CallFailed` if the scheduler was lost. Its `cancel` works until there is a result, but a call that has
            begun runs to its end, for nothing.

        Raises:
            CannotPickle: an argument cannot travel.
        """
        packed = encode_call(args, kwargs or None)
        future: concurrent.futures.Future[Any] = concurrent.futures.Future()
        with self._lock:
            key = f"{self._label(name_of(function))}-{next(self._numbers)}"
            self._open[key] = future
            entries = self._living_entries()
        theirs = self._client.submit(
            trampoline.call,
            self._key,
            encode_function(function),
            packed.payload,
            _bytes(packed),
            *entries,
            key=key,
            pure=False,  # or two calls with the same arguments would be one
            priority=-self._niceness,
        )
        future.add_done_callback(lambda ours: theirs.cancel() if ours.cancelled() else None)
        theirs.add_done_callback(self._fetch)
        return future

    def map(self, function: Function, /, *iterables: Iterable[Any], buffersize: int | None = None) -> Iterator[Any]:
        """Calls a function for each item (of several iterables: for each tuple of items); results come in order.

        Args:
            buffersize: at most so many calls whose results have not been taken; None: all at once.
        """
        check_buffersize(buffersize)
        rows = zip(*iterables, strict=False)
        waiting: deque[concurrent.futures.Future[Any]] = deque()

        def feed() -> None:
            for row in rows:
                waiting.append(self.run(function, *row))
                if buffersize is not None and len(waiting) >= buffersize:
                    return

        def results() -> Iterator[Any]:
            try:
                while waiting:
                    yield waiting.popleft().result()
                    feed()
            finally:
                for future in waiting:
                    future.cancel()

        feed()
        return results()

    @property
    def pending(self) -> int:
        """Calls that wait for their end."""
        return len(self._open)

    def close(self) -> None:
        """Waits for all calls, then forgets the namespace."""
        concurrent.futures.wait(list(self._open.values()))
        self._end()

    def cancel(self) -> None:
        """Cancels what has not begun, and forgets the namespace."""
        for future in list(self._open.values()):
            future.cancel()
        self._end()

    def _end(self) -> None:
        self._log.clear()
        self._entries.clear()
        self._client.close()

    def _label(self, what: str) -> str:
        return f"{self.name}-{what}-{self._key:x}"

    def _enter(self, packed: Packed) -> None:
        with self._lock:
            self._log.append(packed)
            self._entries.append(self._value(len(self._entries), packed))

    def _value(self, number: int, packed: Packed) -> Any:
        """An entry of the log as a value in Dask, which can make it again, should its worker be lost."""
        key = f"{self._label('entry')}-{self._lives}-{number}"
        return self._client.submit(trampoline.entry, packed.payload, _bytes(packed), key=key, pure=False)

    def _living_entries(self) -> list[Any]:
        """The log in Dask, put there anew if it went with a scheduler: then all of it is lost, the code first."""
        if any(entry.cancelled() for entry in self._entries[:1]):
            self._lives += 1
            self._entries = [self._value(number, packed) for number, packed in enumerate(self._log)]
        return list(self._entries)

    def _fetch(self, theirs: Any) -> None:
        """A call has come to its end: takes its result here, and off its worker."""
        with self._lock:
            future = self._open.pop(theirs.key, None)
        if future is None or not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(theirs.result())
        except BaseException as error:
            future.set_exception(_translated(error))
        finally:
            theirs.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.cancel()


def _bytes(packed: Packed) -> list[bytes]:
    return [bytes(buffer) for buffer in packed.buffers]


def _translated(error: BaseException) -> BaseException:
    """Dask's own failures in our words; what the author's code raised stays what it is."""
    from distributed import KilledWorker
    from distributed.client import FutureCancelledError

    if isinstance(error, KilledWorker):
        return WorkerCrashed(f"The process that ran the call died, each time that it was tried. {error}")
    if isinstance(error, FutureCancelledError):
        return CallFailed("The Dask scheduler was lost, and this call with it. Call again.")
    return error

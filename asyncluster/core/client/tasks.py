"""What waits in an executor: single calls, and chunks of a map; and the errors that a pool's users expect of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol, TypeAlias

from asyncluster.core.client.calling import Caller
from asyncluster.core.client.calls import Broken, Returned
from asyncluster.core.client.futures import CallFuture, open_result
from asyncluster.core.client.mapping import Slot
from asyncluster.core.errors import JobBroken, JobCancelled, MasterUnreachable, WorkerCrashed
from asyncluster.core.wire.payloads import CannotPickle

#: Told how many seconds a task ran, and its error.
Ended: TypeAlias = Callable[[float, BaseException | None], None]


class WorkerDied(WorkerCrashed, BrokenProcessPool):
    """A worker process died of this call: what a ProcessPoolExecutor's user expects, with what is known of it."""


class Task(Protocol):
    """What waits in an executor, and what is handed over together."""

    future: CallFuture

    def start(self, ended: Ended) -> bool:
        """Hands it over; `ended` is called after its future has got its end.

        Returns:
            False if it has its end already; then `ended` is not called.
        """


class CallTask:
    """One call; the waiter of its own result."""

    def __init__(
        self, future: CallFuture, caller: Caller, fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.future = future
        self._caller = caller
        self._what: tuple[Any, ...] = (fn, args, kwargs)

    def start(self, ended: Ended) -> bool:
        self._ended = ended
        (fn, args, kwargs), self._what = self._what, ()  # the author's arguments live no longer than they must
        try:
            _check_callable(fn)
            self.future.attach(self._caller.call(fn, args, kwargs, self))
        except Exception as error:
            self.future.settle(None, as_pool_error(error))
            return False
        return True

    def returned(self, event: Returned) -> None:
        value, error = open_result(event)
        self.future.settle(value, error)
        del value
        self._ended(event.call.micros / 1e6, error)

    def failed(self, event: Broken) -> None:
        error = as_pool_error(event.error)
        self.future.settle(None, error)
        self._ended(0.0, error)


class ChunkTask:
    """Calls of a map that travel together; its future gets a list of their ends, the last one first."""

    def __init__(self, future: CallFuture, caller: Caller, fn: Callable[..., Any], rows: list[tuple[Any, ...]]) -> None:
        self.future = future
        self.caller = caller
        self.counting = threading.Lock()
        self._fn = fn
        self._rows = rows
        self._seconds = 0.0
        self._starting = True
        self._slot: Slot | None = None  # complete before it was started whole

    def start(self, ended: Ended) -> bool:
        self._ended = ended
        try:
            _check_callable(self._fn)
        except TypeError as error:
            self.future.settle(None, error)
            return False
        rows, self._rows = self._rows, []
        Slot(self, rows).start()
        with self.counting:
            self._starting = False
            slot, self._slot = self._slot, None
        if slot is not None:
            self._finish(slot)
        return slot is None

    def kind(self, *, chunked: bool) -> int:
        return self.caller.kind(self._fn, chunked=chunked)

    def ran(self, calls: int, seconds: float) -> None:
        with self.counting:
            self._seconds += seconds

    def completed(self, slot: Slot) -> None:
        with self.counting:
            if self._starting:
                self._slot = slot
                return
        self._ended(self._seconds, self._finish(slot))

    def _finish(self, slot: Slot) -> BaseException | None:
        """Settles the future; returns what broke the pool, if anything did."""
        ends = [(value, error and as_pool_error(error)) for value, error in reversed(slot.take())]
        broken = next((error for _, error in ends if isinstance(error, BrokenProcessPool)), None)
        slot.ends = []
        self.future.settle(ends, None)
        return broken


def as_pool_error(error: BaseException) -> BaseException:
    """What users of a ProcessPoolExecutor expect to catch."""
    if isinstance(error, WorkerCrashed):
        return WorkerDied(
            str(error),
            signal=error.signal,
            exit_status=error.exit_status,
            stderr=error.stderr,
            peak_memory=error.peak_memory,
        )
    if isinstance(error, CannotPickle) and error.__cause__ is not None:
        error.__cause__.add_note(str(error))
        return error.__cause__
    if isinstance(error, JobBroken | JobCancelled | MasterUnreachable):
        broken = BrokenProcessPool(str(error))
        broken.__cause__ = error
        return broken
    return error


def _check_callable(fn: object) -> None:
    if not callable(fn):
        raise TypeError(f"{type(fn).__name__!r} object is not callable")

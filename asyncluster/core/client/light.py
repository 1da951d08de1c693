"""A `concurrent.futures.Future` that costs little until somebody waits for it.

Of a hundred thousand futures nearly all are asked for their result when that is there already. A future of the standard
library makes a condition, its lock and two lists for each of them; this one makes these when somebody first needs them:
who waits, adds a callback, or hands it to `concurrent.futures.wait`. Everything else is inherited.

It relies on names that the standard library has kept since Python 3.2: `_state`, `_result`, `_exception`,
`_condition`, `_waiters` and `_done_callbacks`.
"""

from __future__ import annotations

import concurrent.futures
import threading
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING, RUNNING
from typing import Any

# Held while a future gets its end or its condition, so that nobody begins to wait in between. Shared by all futures;
# re-entrant, since the garbage collector may run anybody's code while it is held.
_settling = threading.RLock()


class LightFuture(concurrent.futures.Future[Any]):
    """A future; see the module."""

    _state = PENDING
    _result = None
    _exception = None
    _watched = False

    def __init__(self) -> None:
        pass  # what the base class would make here is made by `__getattr__`

    def __getattr__(self, name: str) -> Any:
        if name not in ("_condition", "_waiters", "_done_callbacks"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        with _settling:
            if not self._watched:
                self._waiters: list[Any] = []
                self._done_callbacks: list[Any] = []
                self._condition = threading.Condition()
                self._watched = True
        return self.__dict__[name]

    def done(self) -> bool:
        return self._state in (FINISHED, CANCELLED, CANCELLED_AND_NOTIFIED)

    def result(self, timeout: float | None = None) -> Any:
        if self._state == FINISHED and self._exception is None:
            return self._result
        try:
            return super().result(timeout)
        finally:
            del self  # the frame is part of the traceback of the exception that is kept here

    def exception(self, timeout: float | None = None) -> BaseException | None:
        return self._exception if self._state == FINISHED else super().exception(timeout)

    def set_result(self, result: Any) -> None:
        with _settling:
            if not self._watched and self._state in (PENDING, RUNNING):
                self._result = result
                self._state = FINISHED
                return
        super().set_result(result)

    def set_running_or_notify_cancel(self) -> bool:
        with _settling:
            if not self._watched and self._state == PENDING:
                self._state = RUNNING
                return True
        return super().set_running_or_notify_cancel()

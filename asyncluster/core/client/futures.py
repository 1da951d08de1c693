"""What `Job.run` hands out: a `concurrent.futures.Future` that knows where its call ran, and whose cancel is real."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, Any

from asyncluster.core.client.light import LightFuture
from asyncluster.core.client.notebook import call_html
from asyncluster.core.wire.messages import RETURNED
from asyncluster.core.wire.payloads import decode_error, decode_result

if TYPE_CHECKING:
    from asyncluster.core.client.calls import Broken, Call, Returned
    from asyncluster.core.client.threads import Connection


def open_result(event: Returned) -> tuple[Any, BaseException | None]:
    """(value, None) of a call that returned, (None, exception) of one that raised or whose result cannot be read."""
    try:
        if event.outcome == RETURNED:
            return decode_result(event.payload, event.buffers), None
        return None, decode_error(event.payload)
    except Exception as error:
        error.add_note("This was raised here, while the result of the call was being unpickled.")
        return None, error


class CallFacts:
    """What the handle of a call knows of it, in every flavour."""

    _call: Call | None = None

    @property
    def where(self) -> str | None:
        """Name of the node that the result came from; None before that."""
        return (self._call and self._call.node) or None

    @property
    def attempts(self) -> int:
        """How often the call was begun until it ended; 0 before that."""
        return self._call.attempt if self._call else 0

    @property
    def seconds(self) -> float | None:
        """How long it ran; None before that."""
        return self._call.micros / 1e6 if self._call and self._call.node else None

    @property
    def progress(self) -> tuple[float, str] | None:
        """What the call told last by `here.progress`: fraction from 0 to 1, and a note; None if nothing."""
        return self._call.progress if self._call else None

    def log(self) -> str:
        """What the call has printed so far."""
        return self._call.log if self._call else ""


class CallFuture(CallFacts, LightFuture):
    """The result of a call that runs somewhere, or will.

    Everything that `concurrent.futures` does with futures works. Two things are more than there: `cancel` also ends a
    call that is running, and an interrupt (Ctrl-C) while waiting for the result cancels it. `running` is always false,
    since a client is not told when its call begins.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def attach(self, call: Call) -> None:
        """The call that this is the result of."""
        self._call = call
        self._cancellable = call

    def cancel(self) -> bool:
        """Cancels the call wherever it is; if it is running, its process is ended.

        Returns:
            False if it has its end already, else True.
        """
        if not super().cancel():
            return False
        # Who takes the call out first does the work: cancel() may be called by several threads, and often.
        call = self.__dict__.pop("_cancellable", None)
        if call is not None:
            self.set_running_or_notify_cancel()
            self._connection.cancel([call])
        return True

    def result(self, timeout: float | None = None) -> Any:
        """The call's result; raises what the call raised. Waits `timeout` seconds at most.

        Raises:
            TimeoutError, concurrent.futures.CancelledError: as in the base class.
            CallTimeout, WorkerCrashed, NodeLost, JobCancelled, JobBroken, MasterUnreachable: why there is none.
        """
        if not self.done():
            self._connection.before_waiting()
        try:
            return super().result(timeout)
        except KeyboardInterrupt:
            self.cancel()
            raise
        finally:
            del self  # the frame is part of the traceback of the exception that is kept here

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """What the call raised, or None. As `result` otherwise."""
        if not self.done():
            self._connection.before_waiting()
        return super().exception(timeout)

    def _repr_html_(self) -> str:
        return call_html(self)

    def returned(self, event: Returned) -> None:
        """From the ledger."""
        self.settle(*open_result(event))

    def failed(self, event: Broken) -> None:
        """From the ledger."""
        self.settle(None, event.error)

    def settle(self, value: Any, error: BaseException | None) -> None:
        """Gives the future its end, unless it was cancelled meanwhile."""
        try:
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            pass

"""A call on its way: what a client keeps of it until it has its end.

The ledger creates a `Call` when its author submits it and holds it until the result, the failure or the cancellation.
After that nothing of AsynCluster refers to it, so arguments and results live only as long as their author wants.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from asyncluster.core.blobs import Blob
    from asyncluster.core.client.joblog import JobLog
    from asyncluster.core.wire.messages import CallRow

#: Characters of what a call printed that the client keeps: this many of its beginning and of its end.
LOG_KEPT = 32_768


class CallWaiter(Protocol):
    """Whoever wants the end of a call; told exactly once, unless the call is cancelled."""

    def returned(self, event: Returned) -> None:
        """The call ran to its end, and returned or raised; what it did is still packed."""

    def failed(self, event: Broken) -> None:
        """The call has no result."""


#: Told once, with a value or with an error.
Tell: TypeAlias = "Callable[[Any, BaseException | None], None]"


class Call(msgspec.Struct, eq=False):
    """One row that the master runs: a call of the author, or a chunk of them.

    Attributes:
        job: whose it is.
        row: what travels: number, kind, count, payload; after the call's end without the payload.
        blobs: large data that belong to the payload.
        waiter: who is told its end.
        link: serial number of the connection that it was sent on last; 0: no master can have seen it.
        attempt, node, micros: of the run that gave the result; 0 and "" until then.
        progress: fraction and note that the call told last, or None.
        output: what it has printed, or None.
    """

    job: JobLog
    row: CallRow
    blobs: tuple[Blob, ...]
    waiter: CallWaiter
    link: int = 0
    attempt: int = 0
    node: str = ""
    micros: int = 0
    progress: tuple[float, str] | None = None
    output: Log | None = None

    @property
    def number(self) -> int:
        return self.row[0]

    @property
    def log(self) -> str:
        """What it has printed so far; of much, the beginning and the end."""
        return self.output.text() if self.output else ""

    def printed(self, text: str) -> None:
        """Something more that it printed."""
        if self.output is None:
            self.output = Log()
        self.output.add(text)


class Log:
    """Text that is kept within bounds: its beginning, and its end."""

    __slots__ = ("_head", "_lost", "_tail")

    def __init__(self) -> None:
        self._head = ""
        self._tail = ""
        self._lost = 0

    def add(self, text: str) -> None:
        room = LOG_KEPT - len(self._head)
        self._head += text[:room]
        tail = self._tail + text[room:]
        self._lost += max(0, len(tail) - LOG_KEPT)
        self._tail = tail[-LOG_KEPT:]

    def text(self) -> str:
        gap = f"\n[{self._lost} characters left out]\n" if self._lost else ""
        return self._head + gap + self._tail


class Returned(msgspec.Struct, eq=False):
    """Event: a call came to its end on a node; its result is still packed."""

    call: Call
    outcome: int
    payload: bytes | memoryview
    buffers: Sequence[memoryview] = ()

    def tell(self) -> None:
        """Tells the waiter."""
        self.call.waiter.returned(self)


class Broken(msgspec.Struct, eq=False):
    """Event: a call has no result."""

    call: Call
    error: BaseException

    def tell(self) -> None:
        """Tells the waiter."""
        self.call.waiter.failed(self)


class Told(msgspec.Struct, eq=False):
    """Event: something else that was waited for is there, or never will be."""

    waiter: Tell
    value: Any
    error: BaseException | None

    def tell(self) -> None:
        """Tells the waiter."""
        self.waiter(self.value, self.error)


Event: TypeAlias = Returned | Broken | Told


def tell_all(events: Iterable[Event]) -> None:
    """Tells each; nothing refers to any of them when this returns, if the caller does not."""
    for event in events:
        event.tell()

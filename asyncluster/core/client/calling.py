"""From a function and its arguments to a call in the ledger: the same for every flavour."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from asyncluster.core.client.calls import Call, CallWaiter
from asyncluster.core.client.kinds import Function, lasts
from asyncluster.core.client.namespace import Variant, store_all
from asyncluster.core.client.options import CallOptions
from asyncluster.core.wire.payloads import Packed, encode_call, encode_chunk, encode_function


class Port(Protocol):
    """What a flavour offers to those who submit."""

    @property
    def lock(self) -> AbstractContextManager[Any]:
        """Guards the ledger; re-entrant."""

    def flush(self) -> None:
        """Sends what was submitted, soon; under the lock."""

    def cancel(self, calls: Iterable[Call]) -> None:
        """Ends these calls; takes the lock."""


class Caller:
    """Calls functions of a job with certain options.

    Its methods pickle before they take the lock: that may run the author's code.
    """

    def __init__(self, port: Port, variant: Variant, options: CallOptions) -> None:
        self.port = port
        self.options = options
        self._log = variant.log
        self._kinds = variant.kinds
        self._known: dict[Function, int] = {}  # kinds of lasting functions, by function alone: this is the fast way

    def call(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any], waiter: CallWaiter) -> Call:
        """Submits one call of any function.

        Raises:
            CannotPickle: an argument cannot travel.
            AsynClusterError: the job has ended.
        """
        try:
            kind = self._known.get(function)
        except TypeError:  # a callable that is not hashable
            kind = None
        if kind is None and not lasts(function):
            function, args = operator.call, (function, *args)
            kind = self._known.get(function)
        if kind is None:
            encoded = encode_function(function)
            with self.port.lock:
                kind = self._known[function] = self._kinds.add(function, encoded, self.options)
        return self.submit(kind, encode_call(args, kwargs or None), waiter)

    def kind(self, function: Function, *, chunked: bool = False) -> int:
        """A kind for many calls of a function, even one that comes and goes. Raises as `call`."""
        found = self._kinds.find(function, self.options, chunked)
        if found is not None:
            return found
        encoded = encode_function(function)
        with self.port.lock:
            return self._kinds.add(function, encoded, self.options, chunked)

    def call_kind(self, kind: int, args: tuple[Any, ...], waiter: CallWaiter) -> Call:
        """Submits one call of a kind. Raises as `call`."""
        return self.submit(kind, encode_call(args), waiter)

    def call_chunk(self, kind: int, rows: Sequence[tuple[Any, ...]], waiter: CallWaiter) -> Call:
        """Submits calls of a chunked kind in one row. Raises as `call`."""
        return self.submit(kind, encode_chunk(rows), waiter, len(rows))

    def submit(self, kind: int, packed: Packed, waiter: CallWaiter, count: int = 1) -> Call:
        """Submits packed arguments."""
        blobs = store_all(packed) if packed.buffers else ()
        with self.port.lock:
            call = self._log.submit(kind, packed.payload, blobs, waiter, count)
            self.port.flush()
        return call

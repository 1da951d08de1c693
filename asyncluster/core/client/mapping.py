"""A function over many arguments: fed to the job in chunks, collected in order. The same for every flavour.

Calls of a microsecond would spend their time on the way, so they travel in chunks that the master need not open. The
first `SINGLES` calls go alone and tell how long a call takes; from then on a chunk holds about `CHUNK_SECONDS` of work,
and slow calls keep going alone, so that none waits behind another. When a worker dies of a chunk, its calls are offered
again one by one, so that the right one gets the blame.

Who feeds: without `buffersize`, the arguments have been collected and every result that comes draws the next calls
along. With it, only the consumer feeds, and the arguments are taken from their iterators as results are taken.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, TypeAlias, cast

from asyncluster.core.client.calling import Caller
from asyncluster.core.client.calls import Broken, Call, Returned
from asyncluster.core.client.failures import ChunkSplit
from asyncluster.core.client.futures import open_result
from asyncluster.core.client.kinds import Function
from asyncluster.core.client.progress import Standing
from asyncluster.core.errors import AsynClusterError, ProtocolError
from asyncluster.core.wire.messages import RETURNED
from asyncluster.core.wire.payloads import CannotPickle, decode_chunk_results, decode_error

Args: TypeAlias = tuple[Any, ...]
End: TypeAlias = tuple[Any, BaseException | None]

#: Calls that go alone at first, and rows that are on their way at most.
SINGLES = 1000

#: Work in a chunk, in seconds; calls longer than a tenth of it go alone.
CHUNK_SECONDS = 0.010

#: Calls in a chunk at most.
LONGEST_CHUNK = 1000


class ChunkSize:
    """How many calls to put into the next chunk.

    Args:
        fixed: what the author wants; None: as measured.
    """

    def __init__(self, fixed: int | None) -> None:
        if fixed is not None and fixed < 1:
            raise ValueError("chunksize must be >= 1.")
        self._fixed = fixed
        self._singles = SINGLES
        self._mean = 0.0  # seconds a call
        self._ran = 0
        self._most = 1

    def next(self) -> int:
        """Length of the next chunk."""
        if self._fixed is not None:
            return self._fixed
        if self._singles > 0 or not self._mean:
            self._singles -= 1
            return 1
        if self._mean > CHUNK_SECONDS / 10:
            return 1
        return max(1, min(self._most, int(CHUNK_SECONDS / self._mean)))

    def ran(self, calls: int, seconds: float) -> None:
        """So many calls took so long together.

        Chunks grow step by step, since the first calls may mislead: to four times as many as ran together, or to a
        quarter of all that have run.
        """
        each = max(seconds / calls, 1e-6)
        self._mean = each if not self._mean else 0.8 * self._mean + 0.2 * each
        self._ran += calls
        self._most = min(LONGEST_CHUNK, max(self._most, 4 * calls, self._ran // 4))


class SlotOwner(Protocol):
    """Whoever makes slots.

    Attributes:
        caller: how calls are made.
        counting: guards counts that several threads change.
    """

    caller: Caller
    counting: threading.Lock

    def kind(self, *, chunked: bool) -> int:
        """The kind of the calls."""

    def ran(self, calls: int, seconds: float) -> None:
        """So many calls took so long together."""

    def completed(self, slot: Slot) -> None:
        """All ends of a slot are there."""


class Slot:
    """Calls that travel together, and their ends in order.

    Attributes:
        ends: one for each call; None where it is not there yet.
        count: how many calls these are.
        missing: how many have no end yet.
    """

    __slots__ = ("_calls", "_owner", "_rows", "count", "ends", "missing")

    def __init__(self, owner: SlotOwner, rows: list[Args]) -> None:
        self._owner = owner
        self._rows = rows  # kept until the end, in case that they must be offered one by one
        self._calls: list[Call] = []
        self.ends: list[End | None] = [None] * len(rows)
        self.count = self.missing = len(rows)

    def start(self) -> None:
        """Submits its calls, together if there are several."""
        if len(self._rows) == 1:
            self._offer_singly()
            return
        try:
            kind = self._owner.kind(chunked=True)
            self._calls.append(self._owner.caller.call_chunk(kind, self._rows, self))
        except CannotPickle:
            self._offer_singly()  # some may be fine
        except AsynClusterError as error:
            self._fill(error)

    def _offer_singly(self) -> None:
        for place, args in enumerate(self._rows):
            try:
                kind = self._owner.kind(chunked=False)
                self._calls.append(self._owner.caller.call_kind(kind, args, Single(self, place)))
            except AsynClusterError as error:
                self.put(place, (None, error))
                self.check()

    def take(self) -> list[End]:
        """The ends, when none is missing."""
        return cast("list[End]", self.ends)

    def cancel(self) -> None:
        """Ends what is under way."""
        self._owner.caller.port.cancel(self._calls)

    def returned(self, event: Returned) -> None:
        """From the ledger: the chunk came back."""
        if event.outcome != RETURNED:
            self._fill(decode_error(event.payload))
            return
        try:
            ends: list[End | None] = [*decode_chunk_results(event.payload, event.buffers)]
            if len(ends) != len(self._rows):
                raise ProtocolError("A worker sent more or fewer results than there were calls in a chunk.")
        except Exception as error:
            self._fill(error)
            return
        self._owner.ran(len(ends), event.call.micros / 1e6)
        self.ends = ends
        del ends  # the slot holds the only references to the results, so that they live no longer than they must
        self.missing = 0
        self._owner.completed(self)

    def failed(self, event: Broken) -> None:
        """From the ledger: the chunk has no results."""
        if isinstance(event.error, ChunkSplit):
            self._calls.clear()
            self._offer_singly()
        else:
            self._fill(event.error)

    def ran(self, seconds: float) -> None:
        """One call took so long."""
        self._owner.ran(1, seconds)

    def put(self, place: int, end: End) -> None:
        """One call has its end."""
        self.ends[place] = end

    def check(self) -> None:
        """To be called after each `put`, when no reference to the end is left."""
        with self._owner.counting:
            self.missing -= 1
            missing = self.missing
        if not missing:
            self._owner.completed(self)

    def _fill(self, error: BaseException) -> None:
        self.ends = [(None, error)] * self.count
        self.missing = 0
        self._owner.completed(self)


class Single:
    """Waits for a call that was offered alone."""

    __slots__ = ("_place", "_slot")

    def __init__(self, slot: Slot, place: int) -> None:
        self._slot = slot
        self._place = place

    def returned(self, event: Returned) -> None:
        self._slot.ran(event.call.micros / 1e6)
        self._slot.put(self._place, open_result(event))
        self._slot.check()

    def failed(self, event: Broken) -> None:
        self._slot.put(self._place, (None, event.error))
        self._slot.check()


class Mapping:
    """One map on its way.

    Args:
        caller: how its calls are made.
        function: what is called.
        iterables: where the arguments come from.
        chunksize: calls in a chunk; None: as measured.
        buffersize: calls whose results have not been taken, at most; None: no limit, the arguments are collected now.
        wake: called, maybe in another thread, when there may be something to take.

    Attributes:
        total: how many calls there are, if that is known.
        done: how many have their end.
        counting: guards counts that several threads change.
    """

    def __init__(
        self,
        caller: Caller,
        function: Function,
        iterables: tuple[Iterable[Any], ...],
        *,
        chunksize: int | None,
        buffersize: int | None,
        wake: Callable[[], None],
    ) -> None:
        check_buffersize(buffersize)
        # A chunk has one time limit and one crash: calls whose options are about these go alone.
        self._size = ChunkSize(chunksize if caller.options.in_chunks else 1)
        self.caller = caller
        self.done = 0
        self._function = function
        self._buffersize = buffersize
        rows: Iterable[Args] = zip(*iterables, strict=False)
        if buffersize is None:
            rows = list(rows)
        self.total = len(rows) if isinstance(rows, list) else None
        self._rows: Iterator[Args] | None = iter(rows)
        self._wake = wake
        self._slots: deque[Slot] = deque()  # not taken yet, in order
        self._under_way = 0  # slots
        self._fed = 0  # calls; only who feeds counts
        self._taken = 0  # calls; only the consumer counts
        self._feeding = threading.Lock()
        self.counting = threading.Lock()

    def kind(self, *, chunked: bool) -> int:
        """The kind of its calls."""
        return self.caller.kind(self._function, chunked=chunked)

    def ran(self, calls: int, seconds: float) -> None:
        """From a slot: so many calls took so long together."""
        self._size.ran(calls, seconds)

    def feed(self) -> None:
        """Submits as much as it may. Only one thread does so at a time; another has nothing to add."""
        while self._may_feed() and self._feeding.acquire(blocking=False):
            try:
                while self._may_feed():
                    self._feed_one()
            finally:
                self._feeding.release()

    def _may_feed(self) -> bool:
        if self._rows is None or self._under_way >= SINGLES:
            return False
        return self._buffersize is None or self._fed - self._taken < self._buffersize

    def _feed_one(self) -> None:
        source = self._rows
        assert source is not None
        size = self._size.next()
        if self._buffersize is not None:
            size = min(size, self._buffersize - (self._fed - self._taken))
        rows = list(islice(source, size))
        slot = Slot(self, rows)
        if rows:
            self._fed += len(rows)
            with self.counting:
                self._under_way += 1
            self._slots.append(slot)
        if len(rows) < size:
            self._rows = None  # after the last slot is there: see `take`
        if rows:
            slot.start()

    def completed(self, slot: Slot) -> None:
        """From a slot: all its ends are there."""
        with self.counting:
            self._under_way -= 1
            self.done += slot.count
        if self._buffersize is None:
            self.feed()
        self._wake()

    def take(self) -> list[End] | None:
        """The next ends in order; None if they are not there yet, an empty list if there are no more.

        The list holds the only references to the results.
        """
        exhausted = self._rows is None
        if not self._slots:
            return [] if exhausted else None
        if self._slots[0].missing:
            return None
        slot = self._slots.popleft()
        self._taken += slot.count
        return slot.take()

    def standing(self) -> Standing:
        """How far it is."""
        return Standing(self.done, self.total, self.done)

    def cancel(self) -> None:
        """Ends everything that is under way, and feeds no more."""
        self._rows = None
        with self._feeding:
            self._rows = None
            while self._slots:
                self._slots.popleft().cancel()


def check_buffersize(buffersize: int | None) -> None:
    """Refuses what is not None or a number above 0, with the errors that Python's own `Executor.map` raises."""
    if buffersize is None:
        return
    if not isinstance(buffersize, int):
        raise TypeError("buffersize must be an integer or None")
    if buffersize < 1:
        raise ValueError("buffersize must be None or > 0")


def open_end(end: End) -> Any:
    """The value; raises the error."""
    value, error = end
    if error is None:
        return value
    try:
        raise error
    finally:
        del end, error  # a traceback refers to this frame

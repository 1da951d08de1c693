"""One job as its client keeps it: the log of entries and the calls that wait for their end. Sans-IO.

The log is what makes a job the same everywhere: its code, the functions that are called, the updates, in the order in
which the author made them. It is kept whole, since a restarted master asks for it again. A call is kept until its end,
for the same reason.

    new         nothing of it has been sent; the first `take` opens it and sends everything behind that at once
    opening     sent, not confirmed
    reopening   the connection broke: nothing more is sent until the master says how much it remembers
    open        confirmed
    ended       cancelled, broken or closed; `error` says why, and every call has had its end
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from asyncluster.core.client.calls import Broken, Call, CallWaiter, Event, Log, Returned, Tell, Told
from asyncluster.core.client.parcels import Handover, Parcels
from asyncluster.core.errors import AsynClusterError, NodeLost, ProtocolError, UsageError
from asyncluster.core.wire import limits
from asyncluster.core.wire.messages import (
    CallKind,
    CallRow,
    Cancel,
    Code,
    DoneRow,
    Entry,
    JobOpened,
    Message,
    OpenJob,
    Submit,
    SubmitLarge,
    Update,
)

if TYPE_CHECKING:
    from asyncluster.core.blobs import Blob

Outgoing: TypeAlias = "Message | Handover"

#: Calls in one frame at most; they are the master's longest breath.
ROWS = 1024
_ROW_BYTES = 16  # what a row travels with beside its payload, about


class Stage(Enum):
    """Where a job is in its life; see the module."""

    NEW = "new"
    OPENING = "opening"
    REOPENING = "reopening"
    OPEN = "open"
    ENDED = "ended"


class JobLog:
    """A job's log and calls.

    Args:
        key: its identity, random, 63 bits.
        name: what people see.
        niceness: 0 to 19.
        environment: which one is asked for; None: the one that is current.
        wants_out: called whenever there may be something for `take`.

    Attributes:
        number: what people call the job; None until the master has said.
        environment: the one that it has, once the master has said; the same for as long as it lives.
        error: why it ended; None while it lives.
        calls: all that wait for their end, by number, in the order they were made.
        log: what its processes printed outside any call.
        made, done: calls of the author, chunks opened, that were submitted and that have their end.
        telling: fraction and note of the calls under way that tell how far they are, by number.
    """

    def __init__(
        self,
        key: int,
        name: str,
        niceness: int,
        environment: str | None,
        wants_out: Callable[[JobLog], None],
    ) -> None:
        self.key = key
        self.name = name
        self.niceness = niceness
        self.environment = environment
        self.number: int | None = None
        self.error: AsynClusterError | None = None
        self.calls: dict[int, Call] = {}
        self.log = Log()
        self.made = 0
        self.done = 0
        self.telling: dict[int, tuple[float, str]] = {}
        self._wants_out = wants_out
        self._stage = Stage.NEW
        self._open_sent = False  # on this link
        self._entries: list[Entry] = []
        self._entry_blobs: list[tuple[Blob, ...]] = []
        self._entries_sent = 0
        self._logged = 0
        self._marks: deque[tuple[int, Tell]] = deque()  # entries wanted, who waits for them
        self._openers: list[Tell] = []
        self._idlers: list[Tell] = []
        self._kinds = 0
        self._once: set[int] = set()  # kinds that may run at most once
        self._last_number = 0  # of a call
        self._unsent: deque[Call] = deque()
        self._outstanding = 0  # calls sent on this link and not ended
        self._link = 1
        self._cancelled: set[int] = set()  # not confirmed by the master
        self._cancels: list[int] = []  # not sent on this link
        self._parcels = Parcels(key)
        self._drops: list[Message] = []

    # --- from the author --------------------------------------------------------------------------------

    def add_code(self, payload: bytes, blobs: Iterable[Blob] = ()) -> None:
        """Appends the job's namespace, its first entry."""
        kept = self._parcels.need(blobs)
        self._append(Code(self.key, len(self._entries), payload, [(blob.name, blob.size) for blob in kept]), kept)

    def add_kind(
        self, name: str, function: bytes, *, chunked: bool = False, timeout: float | None = None, retries: int = 2
    ) -> int:
        """Appends a function with its options; returns the kind for `submit`.

        Raises:
            UsageError: the function drags too much data along.
        """
        if len(function) > limits.BATCH:
            raise UsageError(
                f"The function {name} is {len(function):,} bytes long when pickled, because of the data that it refers "
                "to. Hand large data to the job with update()."
            )
        kind = self._kinds
        self._kinds += 1
        if retries == 0:
            self._once.add(kind)
        entry = CallKind(self.key, len(self._entries), kind, name[:300], function, chunked, timeout, retries)
        self._append(entry, ())
        return kind

    def add_update(self, payload: bytes, blobs: Iterable[Blob] = ()) -> int:
        """Appends a call for every process of the job; returns the length of the log that includes it."""
        kept = self._parcels.need(blobs)
        self._append(Update(self.key, len(self._entries), payload, [(blob.name, blob.size) for blob in kept]), kept)
        return len(self._entries)

    def _append(self, entry: Entry, blobs: tuple[Blob, ...]) -> None:
        self.check()
        self._entries.append(entry)
        self._entry_blobs.append(blobs)
        self._wants_out(self)

    def copy_log(self, origin: JobLog) -> None:
        """Starts a new job with the code, the updates and the kinds of another one."""
        assert self._stage is Stage.NEW
        assert not self._entries
        for entry, blobs in zip(origin._entries, origin._entry_blobs, strict=True):
            self._append(msgspec.structs.replace(entry, job=self.key), self._parcels.need(blobs))
        self._kinds = origin._kinds
        self._once = set(origin._once)

    def when_logged(self, entries: int, tell: Tell) -> list[Event]:
        """Has `tell` told when the master has `entries` of the log."""
        if self.error is not None:
            return [Told(tell, None, self.error)]
        if self._logged >= entries:
            return [Told(tell, None, None)]
        self._marks.append((entries, tell))
        return []

    def when_open(self, tell: Tell) -> list[Event]:
        """Has `tell` told the job's number."""
        if self.error is not None or self.number is not None:
            return [Told(tell, self.number, self.error)]
        self._openers.append(tell)
        self._wants_out(self)
        return []

    def when_idle(self, tell: Tell) -> list[Event]:
        """Has `tell` told when no call is left that waits for its end; somebody may have made new ones by then."""
        self._idlers.append(tell)
        return self.idle()

    def idle(self) -> list[Event]:
        """Who waits for the last call, if that has its end."""
        if self.calls or not self._idlers:
            return []
        idlers, self._idlers = self._idlers, []
        return [Told(tell, None, None) for tell in idlers]

    def submit(self, kind: int, payload: bytes, blobs: Iterable[Blob], waiter: CallWaiter, count: int = 1) -> Call:
        """A new call; its waiter is told its end.

        Args:
            kind: from `add_kind`.
            payload: at most `limits.INLINE` long; empty if the first blob is the payload.
            blobs: what belongs to it.
            count: how many of the author's calls it holds.

        Raises:
            AsynClusterError: the job has ended.
        """
        if self.error is not None:
            self.check()
        number = self._last_number = self._last_number + 1
        kept = self._parcels.need(blobs) if blobs else ()
        call = Call(self, (number, kind, count, payload), kept, waiter)
        self.calls[number] = call
        self.made += count
        self._unsent.append(call)
        self._wants_out(self)
        return call

    def cancel(self, calls: Iterable[Call]) -> list[Event]:
        """Forgets these calls and has them ended wherever they are; their waiters are not told any more."""
        for call in calls:
            if self._take_out(call.row[0]) is None or not call.link:
                continue
            self._cancelled.add(call.row[0])
            self._cancels.append(call.row[0])
        self._wants_out(self)
        return self.idle()

    @property
    def at_master(self) -> bool:
        """Whether the master at the other end of this link has heard of the job."""
        return self._open_sent

    def check(self) -> None:
        """Raises why the job has ended, if it has."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    # --- to the master -----------------------------------------------------------------------------------

    def take(self, window: int) -> list[Outgoing]:
        """What to send now, at most about `limits.BATCH` bytes of it; asks for another turn if there is more.

        Args:
            window: how many calls may be at the master at once.
        """
        if self._stage is Stage.ENDED:
            return []
        out: list[Outgoing] = []
        if not self._open_sent:
            self._open_sent = True
            out.append(OpenJob(self.key, self.name, self.niceness, self.environment))
            if self._stage is Stage.NEW:
                self._stage = Stage.OPENING
        if self._stage is not Stage.REOPENING:
            out += self._drops
            self._drops.clear()
            if self._cancels:
                out.append(Cancel(self.key, self._cancels[:]))
                self._cancels.clear()
            if self._take_entries(out):
                self._take_calls(out, window)
        return out

    def _take_entries(self, out: list[Outgoing]) -> bool:
        """Adds entries that the master lacks; returns whether these were all."""
        size = 0
        while self._entries_sent < len(self._entries):
            if size >= limits.BATCH:
                self._wants_out(self)
                return False
            entry = self._entries[self._entries_sent]
            out += self._parcels.hand_over(self._entry_blobs[self._entries_sent])
            out.append(entry)
            size += len(entry.function if isinstance(entry, CallKind) else entry.payload)
            self._entries_sent += 1
        return True

    def _take_calls(self, out: list[Outgoing], window: int) -> None:
        rows: list[CallRow] = []
        size = 0
        unsent, calls, link = self._unsent, self.calls, self._link
        while unsent and self._outstanding < window:
            if size >= limits.BATCH or len(rows) >= ROWS:
                self._wants_out(self)
                break
            call = unsent.popleft()
            row = call.row
            if row[0] not in calls:
                continue  # cancelled
            call.link = link
            self._outstanding += 1
            if call.blobs:
                out += self._parcels.hand_over(call.blobs)
                out.append(SubmitLarge(self.key, row, [(blob.name, blob.size) for blob in call.blobs]))
            else:
                rows.append(row)
            size += len(row[3]) + _ROW_BYTES
        if rows:
            out.append(Submit(self.key, rows))

    # --- from the master ---------------------------------------------------------------------------------

    def opened(self, message: JobOpened, same_master: bool) -> list[Event]:
        """The master has the job, and `message.entries` of its log.

        Raises:
            ProtocolError: it claims to have more than there is.
        """
        if message.entries > len(self._entries):
            raise ProtocolError("The master claims to have more of a job than there is.")
        events: list[Event] = []
        self.number = message.number
        self.environment = message.environment
        if self._stage is Stage.REOPENING:
            # The code is the first entry that goes out: a master without it has forgotten the calls as well.
            if not (same_master and message.entries):
                events += self._lose_unrepeatable()
            self._entries_sent = message.entries
            self._unsent = deque(self.calls.values())
            self._cancels = list(self._cancelled)
        self._stage = Stage.OPEN
        self._wants_out(self)
        events += [Told(tell, self.number, None) for tell in self._openers]
        self._openers.clear()
        return events + self.logged(message.entries) + self.idle()

    def _lose_unrepeatable(self) -> list[Event]:
        """Ends the calls that may run only once and may have run already."""
        lost = [call for call in self.calls.values() if call.link and call.row[1] in self._once]
        error = "The master was restarted while the call was on its way; with retries=0 it is not run again."
        for call in lost:
            self._take_out(call.number)
        return [Broken(call, NodeLost(error)) for call in lost]

    def logged(self, entries: int) -> list[Event]:
        """The master has so much of the log."""
        self._logged = max(self._logged, entries)
        events: list[Event] = []
        while self._marks and self._marks[0][0] <= self._logged:
            events.append(Told(self._marks.popleft()[1], None, None))
        return events

    def finished(self, number: int) -> Call | None:
        """Takes out a call that has come to its end; None if nobody waits for it any more."""
        call = self._take_out(number)
        if call is None:
            self._cancelled.discard(number)
        elif self._unsent:
            self._wants_out(self)  # the window has room again
        return call

    def results(self, node: str, rows: list[DoneRow]) -> list[Event]:
        """Takes out calls that returned or raised on a node."""
        events: list[Event] = []
        take_out = self._take_out
        for number, attempt, outcome, micros, payload in rows:
            call = take_out(number)
            if call is None:
                self._cancelled.discard(number)
                continue
            call.attempt = attempt
            call.node = node
            call.micros = micros
            events.append(Returned(call, outcome, payload))
        if self._unsent:
            self._wants_out(self)  # the window has room again
        return events + self.idle()

    def _take_out(self, number: int) -> Call | None:
        call = self.calls.pop(number, None)
        if call is None:
            return None
        if call.link == self._link:
            self._outstanding -= 1
        if self.telling:
            self.telling.pop(number, None)
        number, kind, count, _payload = call.row
        self.done += count
        call.row = (number, kind, count, b"")  # the author's arguments live no longer than they must
        if call.blobs:
            self._drops += self._parcels.release(call.blobs)
            call.blobs = ()
            if self._drops:
                self._wants_out(self)
        return call

    def link_lost(self) -> None:
        """The connection broke."""
        self._parcels.link_lost()
        self._drops.clear()
        self._cancels.clear()
        self._link += 1
        self._outstanding = 0
        self._open_sent = False
        if self._stage is not Stage.NEW:
            self._stage = Stage.REOPENING

    def end(self, error: AsynClusterError) -> list[Event]:
        """The job is over: everybody who waits for something of it is told `error`."""
        if self._stage is Stage.ENDED:
            return []
        self._stage = Stage.ENDED
        self.error = error
        events: list[Event] = [Broken(call, error) for call in self.calls.values()]
        events += [Told(tell, None, error) for _, tell in self._marks]
        events += [Told(tell, None, error) for tell in self._openers]
        for container in (self.calls, self._marks, self._openers, self._unsent, self._cancelled, self._cancels):
            container.clear()
        self._entries.clear()
        self._entry_blobs.clear()
        self._drops.clear()
        self._parcels.close()
        return events + self.idle()

"""What the flavours with an event loop share: asyncio and Twisted differ in how they watch, wait and promise.

Everything happens in the loop's thread. Calls that are made in one turn of the loop leave together at its end, except
for the first, which leaves at once.
"""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any, Protocol, Self

import msgspec

from asyncluster.core.client.calling import Caller
from asyncluster.core.client.calls import Call, CallWaiter, Event, Tell, tell_all
from asyncluster.core.client.collector import collector
from asyncluster.core.client.defaults import default_options, environment_or_default, niceness_or_default
from asyncluster.core.client.kinds import Function
from asyncluster.core.client.mapping import Mapping, check_buffersize, open_end
from asyncluster.core.client.namespace import JobCode, Namespace, read_code, store_all
from asyncluster.core.client.notebook import job_html
from asyncluster.core.client.options import SAME, CallOptions, change
from asyncluster.core.client.session import LAST_WORDS, Session
from asyncluster.core.errors import JobCancelled
from asyncluster.core.wire.payloads import encode_update


class CallHandle(CallWaiter, Protocol):
    """What a flavour hands out for a call; awaitable."""

    def attach(self, call: Call) -> None:
        """The call that this is the result of."""

    def when_ended(self, ended: Callable[[Any], object]) -> None:
        """Has `ended` called with the handle when the call has its end."""

    def cancel(self) -> object:
        """Ends the call wherever it is."""


class LoopPort(ABC):
    """A session that an event loop drives."""

    lock = contextlib.nullcontext()

    def __init__(self, session: Session) -> None:
        self.session = session
        self.ledger = session.ledger
        session.before_close = self._unwatch
        self._watched = -1
        self._writing = False
        self._timer_at: float | None = None
        self._in_turn = False
        self._closing_until: float | None = None
        self._closed: list[Tell] = []

    # --- how a loop does it -------------------------------------------------------------------------------

    @abstractmethod
    def promise(self) -> tuple[Any, Tell]:
        """Something to await, and whom to tell."""

    @abstractmethod
    def new_call(self) -> CallHandle:
        """The handle of a call that is about to be made."""

    @abstractmethod
    def soon(self, do: Callable[[], None]) -> None:
        """Calls `do` at the end of this turn of the loop."""

    @abstractmethod
    def set_timer(self, seconds: float | None) -> None:
        """Has `turn` called then, and at no other time that was set before; None: not at all."""

    @abstractmethod
    def watch(self, descriptor: int, *, writing: bool) -> None:
        """Watches a descriptor for `readable`, and for `writable`; -1: none, and no more the one before."""

    # --- for those who submit -----------------------------------------------------------------------------

    def start(self) -> Any:
        """Opens the first link; to be awaited until the master has greeted. Raises MasterUnreachable."""
        awaitable, tell = self.promise()
        self.handle(self.session.start(tell))
        return awaitable

    def flush(self) -> None:
        """Sends what was submitted: the first of a turn at once, the rest at its end."""
        if self._in_turn:
            return
        self._in_turn = True
        self.soon(self._end_turn)
        self.writable()

    def _end_turn(self) -> None:
        self._in_turn = False
        if self.ledger.has_more:
            self.writable()

    def cancel(self, calls: Iterable[Call]) -> None:
        """Ends these calls."""
        for call in calls:
            tell_all(call.job.cancel([call]))
        self.flush()

    def request(self, *requests: Callable[[Tell], Iterable[Event] | None]) -> Any:
        """Makes requests; to be awaited until all have been answered, or one was refused."""
        awaitable, tell = self.promise()
        answer = _Answers(len(requests), tell)
        events = [event for request in requests for event in request(answer) or ()]
        self.flush()
        self.handle(events)
        return awaitable

    def close(self) -> Any:
        """Ends all jobs and says so to the master; to be awaited."""
        awaitable, tell = self.promise()
        self._closed.append(tell)
        if self._closing_until is None:
            self._closing_until = time.monotonic() + LAST_WORDS
            events: list[Event] = []
            for job in list(self.ledger.jobs.values()):
                events += self.ledger.close_job(job, JobCancelled("The cluster was closed."))
            self.handle(events + self.session.write())
        else:
            self.handle([])
        return awaitable

    # --- from the loop ------------------------------------------------------------------------------------

    def readable(self) -> None:
        """The descriptor has something."""
        self.handle(self.session.read())

    def writable(self) -> None:
        """The descriptor takes something."""
        self.handle(self.session.write())

    def turn(self) -> None:
        """The timer has run out."""
        self._timer_at = None
        retry_at = self.session.retry_at
        self.handle(self.session.retry() if retry_at is not None and time.monotonic() >= retry_at else [])

    def handle(self, events: list[Event]) -> None:
        """Tells events, and lets the loop watch what is to be watched now."""
        tell_all(events)
        events.clear()
        collector.note(self, self.ledger.pending)
        if self._closing_until is not None and self._nothing_left_to_say():
            tell_all(self.session.close())
            closed, self._closed = self._closed, []
            for tell in closed:
                tell(None, None)
        self._watch()
        self._set_timer()

    def _nothing_left_to_say(self) -> bool:
        assert self._closing_until is not None
        said = not self.session.blocked and not self.ledger.has_more
        return said or self.session.fileno < 0 or time.monotonic() >= self._closing_until

    def _watch(self) -> None:
        descriptor, writing = self.session.fileno, self.session.blocked
        if (descriptor, writing) != (self._watched, self._writing):
            self._watched, self._writing = descriptor, writing
            self.watch(descriptor, writing=writing)

    def _unwatch(self) -> None:
        self._watched, self._writing = -1, False
        self.watch(-1, writing=False)

    def _set_timer(self) -> None:
        times = [at for at in (self.session.retry_at, self._closing_until) if at is not None]
        at = min(times) if times and self.ledger.error is None else None
        if at != self._timer_at:
            self._timer_at = at
            self.set_timer(None if at is None else max(0.0, at - time.monotonic()))


class _Answers:
    """Waits for several answers; the first refusal counts for all."""

    def __init__(self, count: int, tell: Tell) -> None:
        self._missing = count
        self._tell: Tell | None = tell

    def __call__(self, value: Any, error: BaseException | None) -> None:
        self._missing -= 1
        if self._tell is not None and (error is not None or not self._missing):
            tell, self._tell = self._tell, None
            tell(value, error)


class Bell:
    """Wakes the consumer of results."""

    def __init__(self, port: LoopPort) -> None:
        self._port = port
        self._rung = False
        self._tell: Tell | None = None

    def ring(self) -> None:
        """There may be something to take."""
        self._rung = True
        if self._tell is not None:
            tell, self._tell = self._tell, None
            tell(None, None)

    async def rung(self) -> None:
        """Waits until it has been rung since the last time."""
        if not self._rung:
            awaitable, self._tell = self._port.promise()
            await awaitable
        self._rung = False


class LoopJob:
    """A job in a flavour with an event loop; see `asyncluster.core.client.job.Job` for what the verbs do."""

    def __init__(self, port: LoopPort, namespace: Namespace, options: CallOptions, niceness: int) -> None:
        self._port = port
        self._namespace = namespace
        self._options = options
        self._niceness = niceness
        self._caller = Caller(port, namespace.variant(niceness), options)

    def _update(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        packed = encode_update(function, args, kwargs)
        logs = self._namespace.update(packed.payload, store_all(packed))
        return self._port.request(*[partial(log.when_logged, entries) for log, entries in logs])

    def _run(self, function: Function, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        handle = self._port.new_call()
        handle.attach(self._caller.call(function, args, kwargs, handle))
        return handle

    def _map(
        self, function: Function, iterables: tuple[Iterable[Any], ...], buffersize: int | None, chunksize: int | None
    ) -> AsyncIterator[Any]:
        bell = Bell(self._port)
        mapping = Mapping(self._caller, function, iterables, chunksize=chunksize, buffersize=buffersize, wake=bell.ring)
        try:
            mapping.feed()
        except BaseException:
            mapping.cancel()
            raise
        return _results(mapping, bell)

    def _as_completed(
        self, function: Function, iterables: tuple[Iterable[Any], ...], buffersize: int | None
    ) -> AsyncIterator[Any]:
        check_buffersize(buffersize)
        rows: Iterable[tuple[Any, ...]] = zip(*iterables, strict=False)
        source = iter(rows if buffersize is not None else list(rows))
        bell = Bell(self._port)
        ended: deque[CallHandle] = deque()
        pending: set[CallHandle] = set()

        def start(count: int | None) -> None:
            for args in islice(source, count):
                handle = self._run(function, args, {})
                pending.add(handle)
                handle.when_ended(finish)

        def finish(handle: CallHandle) -> None:
            pending.discard(handle)
            ended.append(handle)
            bell.ring()

        async def handles() -> AsyncIterator[Any]:
            try:
                while pending or ended:
                    if not ended:
                        await bell.rung()
                        continue
                    yield ended.popleft()
                    if buffersize is not None:
                        start(1)
            finally:
                for handle in list(pending):
                    handle.cancel()

        start(buffersize)
        return handles()

    def with_(self, *, timeout: float | None = SAME, retries: int = SAME, niceness: int = SAME) -> Self:
        """The same job, with other options for the calls that are made through what this returns."""
        options, other = change(self._options, self._niceness, timeout=timeout, retries=retries, new_niceness=niceness)
        return type(self)(self._port, self._namespace, options, other)

    @property
    def name(self) -> str:
        """What people see."""
        return self._namespace.name

    @property
    def pending(self) -> int:
        """Calls that wait for their end."""
        return self._namespace.pending

    def log(self) -> str:
        """What processes of the job have printed outside of calls, as its code and updates do."""
        return self._namespace.log.log.text()

    def cancel(self) -> None:
        """Ends the job and all its calls, running ones too. Whoever waits for one gets `JobCancelled`."""
        self._end("The job was cancelled.")

    async def _close(self) -> None:
        while self.pending:
            await self._port.request(*[log.when_idle for log in self._namespace.logs])
        self._end("The job is closed.")

    def _end(self, words: str) -> None:
        events = self._namespace.cancel(words)
        self._port.flush()
        self._port.handle(events)

    def _number(self) -> Any:
        return self._port.request(self._namespace.log.when_open)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {self.pending} calls pending>"

    def _repr_html_(self) -> str:
        return job_html(self.name, self._namespace.standing())


async def _results(mapping: Mapping, bell: Bell) -> AsyncIterator[Any]:
    try:
        while True:
            ends = mapping.take()
            if ends is None:
                await bell.rung()
                continue
            if not ends:
                return
            mapping.feed()
            ends.reverse()
            while ends:
                yield open_end(ends.pop())
    finally:
        mapping.cancel()


class LoopCluster:
    """A cluster in a flavour with an event loop."""

    _port: LoopPort

    def _open_job(
        self, code: JobCode, name: str | None, niceness: int, environment: str | None
    ) -> tuple[Namespace, CallOptions, int]:
        niceness, options = niceness_or_default(niceness), default_options()
        packed, default = read_code(code)
        chosen = environment_or_default(environment)
        namespace = Namespace(self._port.ledger, name or default, niceness, packed, chosen)
        self._port.flush()
        return namespace, options, niceness

    def _ask(self, verb: str, arguments: dict[str, Any]) -> Any:
        encoded = msgspec.Raw(msgspec.msgpack.encode(arguments))
        return self._port.request(partial(self._port.ledger.ask, verb, encoded))

"""What a job client owes and is owed: the deciding half of every flavour of the Python API. Sans-IO.

Messages of the master go in, messages for the master come out, and events tell what came to its end. It knows no
socket, no thread, no clock and no pickle; the flavours (`threads`, `asyncio`, `twisted`) are thin shells around it.

    link is up          connected()      Hello
                        received(Welcome)
    calls are made      take()           OpenJob, Code, CallKind, Submit ...
    results come        received(...) -> [Returned(call, ...), ...]
    link breaks         lost() -> [Told(ask, MasterUnreachable), ...]
    link is up again    connected()      Hello, OpenJob ..., and what the master lacks

The client owns its calls: whatever happens to master and nodes, each call stays here until its end, and is offered
again to whichever master answers next. What came twice, or for a call that nobody waits for any more, is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from random import Random
from typing import Any

import msgspec

from asyncluster.core.blobs import Blob, Shelf
from asyncluster.core.client.calls import Broken, Event, Returned, Tell, Told
from asyncluster.core.client.failures import error_of, error_of_refusal
from asyncluster.core.client.joblog import JobLog, Outgoing
from asyncluster.core.errors import AsynClusterError, JobCancelled, MasterUnreachable, NotAllowed, ProtocolError
from asyncluster.core.wire.messages import (
    PROTOCOL_VERSION,
    Answer,
    Ask,
    BlobChunk,
    CloseJob,
    DropBlob,
    Failed,
    Hello,
    JobEnded,
    JobOpened,
    Logged,
    Message,
    Output,
    Progress,
    Refusal,
    ResultLarge,
    Results,
    Welcome,
)

_NO_ASK = 0  # a refusal of this number is about us, not about a question
_UNLIMITED = 2**62  # the master bounds what it sends; large results live as long as their author wants


class Phase(Enum):
    """How far the link to the master is."""

    AWAY = "away"
    GREETING = "greeting"
    UP = "up"


class Ledger:
    """All that one client has going on at its master.

    Args:
        program: who we are, for people who look at the master.
        random: makes the keys of jobs.

    Attributes:
        phase: how far the link is.
        welcome: the master's last greeting, or None before the first.
        jobs: those that live, by key.
        error: why nothing is taken any more; None while it is.
    """

    def __init__(self, program: str, random: Random) -> None:
        self.phase = Phase.AWAY
        self.welcome: Welcome | None = None
        self.jobs: dict[int, JobLog] = {}
        self.error: AsynClusterError | None = None
        self._program = program
        self._random = random
        self._same_master = True
        self._first: list[Message] = []  # goes out before everything else
        self._wanting: dict[JobLog, None] = {}  # jobs that have something to send, in turn
        self._asks: dict[int, tuple[Ask, Tell]] = {}
        self._asks_unsent: list[Ask] = []
        self._last_ask = 0
        self._shelf = Shelf(memory=_UNLIMITED, total=_UNLIMITED, directory="")

    # --- from the author ----------------------------------------------------------------------------------

    def open_job(self, name: str, niceness: int, environment: str | None = None) -> JobLog:
        """A new job; it goes out with its first entry.

        Raises:
            AsynClusterError: nothing is taken any more.
        """
        self.check()
        job = JobLog(self._random.randrange(1, 2**63), name, niceness, environment, self._wants_out)
        self.jobs[job.key] = job
        return job

    def close_job(self, job: JobLog, error: JobCancelled) -> list[Event]:
        """Ends a job: here at once, with `error` for whatever still waits; at the master as soon as it hears of it."""
        if self.jobs.pop(job.key, None) is None:
            return []
        self._forget(job)
        if job.at_master:
            self._first.append(CloseJob(job.key))
        return job.end(error)

    def ask(self, verb: str, arguments: msgspec.Raw, tell: Tell) -> None:
        """Asks the master for something; `tell` gets the decoded answer or the refusal. Raises as `open_job`."""
        self.check()
        self._last_ask += 1
        question = Ask(self._last_ask, verb, arguments)
        self._asks[question.id] = question, tell
        self._asks_unsent.append(question)

    def abandon(self, error: AsynClusterError) -> list[Event]:
        """Gives up everything, and takes nothing more: nobody will ever answer."""
        self.error = self.error or error
        events: list[Event] = [Told(tell, None, error) for _, tell in self._asks.values()]
        self._asks.clear()
        self._asks_unsent.clear()
        for job in list(self.jobs.values()):
            self._forget(job)
            events += job.end(error)
        self.jobs.clear()
        return events

    def check(self) -> None:
        """Raises why nothing is taken any more, if so."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    @property
    def has_more(self) -> bool:
        """Whether `take` would return something."""
        return bool(self._first) or (self.phase is Phase.UP and bool(self._asks_unsent or self._wanting))

    @property
    def pending(self) -> int:
        """Calls that wait for their end."""
        return sum([len(job.calls) for job in self.jobs.values()])

    # --- the link -----------------------------------------------------------------------------------------

    def connected(self) -> None:
        """A link to a master is there."""
        assert self.phase is Phase.AWAY
        self.phase = Phase.GREETING
        self._first = [Hello(PROTOCOL_VERSION, self._program)]

    def lost(self) -> list[Event]:
        """The link broke. What had been asked may or may not have been done, so the asker has to look."""
        self.phase = Phase.AWAY
        self._first = []
        for job in self.jobs.values():
            job.link_lost()
        unsent = {question.id for question in self._asks_unsent}
        unclear = [tell for number, (_, tell) in self._asks.items() if number not in unsent]
        self._asks = {number: ask for number, ask in self._asks.items() if number in unsent}
        error = "The connection to the master broke before it answered; whether it did what was asked is unknown."
        return [Told(tell, None, MasterUnreachable(error)) for tell in unclear]

    def take(self) -> list[Outgoing]:
        """What to send now; call it again when that is on its way, until it returns nothing."""
        out: list[Outgoing] = list(self._first)
        self._first.clear()
        if self.phase is not Phase.UP:
            return out
        out += self._asks_unsent
        self._asks_unsent.clear()
        assert self.welcome is not None
        turn, self._wanting = self._wanting, {}
        for job in turn:
            out += job.take(self.welcome.window)
        return out

    def _wants_out(self, job: JobLog) -> None:
        self._wanting[job] = None

    def _forget(self, job: JobLog) -> None:
        self._wanting.pop(job, None)
        self._shelf.drop_job(job.key)

    # --- from the master ----------------------------------------------------------------------------------

    def received(self, message: Message) -> list[Event]:
        """Takes a message and returns what came to its end by it.

        Raises:
            ProtocolError: the master sent what it may not; the link is useless.
            NotAllowed: it does not want to talk to us.
        """
        handler = _HANDLERS.get(type(message))
        if handler is None or (self.phase is Phase.GREETING and not isinstance(message, Welcome | Refusal)):
            raise ProtocolError(f"The master sent a {type(message).__name__} where none was expected.")
        return handler(self, message)

    def received_blob(self, key: int, blob: Blob) -> None:
        """A large result, or a part of one, has come whole."""
        if key in self.jobs:
            self._shelf.add(key, blob)

    def _welcomed(self, message: Welcome) -> list[Event]:
        if message.version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"The master speaks version {message.version} of the protocol and this client {PROTOCOL_VERSION}. "
                "Install the same release of asyncluster on both."
            )
        self._same_master = self.welcome is not None and self.welcome.epoch == message.epoch
        self.welcome = message
        self.phase = Phase.UP
        self._wanting = dict.fromkeys(self.jobs.values())
        return []

    def _opened(self, message: JobOpened) -> list[Event]:
        job = self.jobs.get(message.job)
        return job.opened(message, self._same_master) if job else []

    def _logged(self, message: Logged) -> list[Event]:
        job = self.jobs.get(message.job)
        return job.logged(message.entries) if job else []

    def _results(self, message: Results) -> list[Event]:
        job = self.jobs.get(message.job)
        return job.results(message.node, message.rows) if job else []

    def _result_large(self, message: ResultLarge) -> list[Event]:
        job = self.jobs.get(message.job)
        if job is None:
            return []
        names = [name for name, _ in message.blobs]
        self._shelf.require(job.key, names)
        number, attempt, outcome, micros, payload = message.row
        call = job.finished(number)
        if call is None:
            return []
        call.attempt, call.node, call.micros = attempt, message.node, micros
        views = [self._view(job.key, name) for name in names]
        event = Returned(call, outcome, payload, views) if payload else Returned(call, outcome, views[0], views[1:])
        return [event, *job.idle()]

    def _view(self, key: int, name: bytes) -> memoryview:
        blob = self._shelf.get(key, name)
        assert blob is not None
        return blob.view()

    def _failed(self, message: Failed) -> list[Event]:
        job = self.jobs.get(message.job)
        if job is None:
            return []
        events: list[Event] = []
        for number, attempt in message.calls:
            call = job.finished(number)
            if call is not None:
                call.attempt, call.node = attempt, message.failure.node
                if message.failure.kind == "split":  # not done: its calls are made again, one by one
                    job.made -= call.row[2]
                    job.done -= call.row[2]
                events.append(Broken(call, error_of(message.failure)))
        return events + job.idle()

    def _ended(self, message: JobEnded) -> list[Event]:
        job = self.jobs.pop(message.job, None)
        if job is None:
            return []
        self._forget(job)
        return job.end(error_of(message.failure))

    def _progressed(self, message: Progress) -> list[Event]:
        job = self.jobs.get(message.job)
        call = job.calls.get(message.call) if job else None
        if job is not None and call is not None:
            call.progress = job.telling[message.call] = message.fraction, message.note
        return []

    def _printed(self, message: Output) -> list[Event]:
        job = self.jobs.get(message.job)
        if job is not None and message.call == 0:
            job.log.add(message.text)
        elif job is not None and message.call in job.calls:
            job.calls[message.call].printed(message.text)
        return []

    def _answered(self, message: Answer) -> list[Event]:
        asked = self._asks.pop(message.id, None)
        return [Told(asked[1], msgspec.msgpack.decode(message.value), None)] if asked else []

    def _refused(self, message: Refusal) -> list[Event]:
        if self.phase is Phase.GREETING:
            raise NotAllowed(message.message)
        error = error_of_refusal(message)
        if message.id == _NO_ASK:
            return self.abandon(error)
        asked = self._asks.pop(message.id, None)
        return [Told(asked[1], None, error)] if asked else []

    def _blob_chunk(self, message: BlobChunk) -> list[Event]:
        if message.job in self.jobs:
            self._shelf.receive(message.job, message.blob, message.size, message.offset, message.data)
        return []

    def _blob_dropped(self, message: DropBlob) -> list[Event]:
        self._shelf.drop(message.job, message.blob)
        return []


_HANDLERS: dict[type[Message], Callable[[Ledger, Any], list[Event]]] = {
    Welcome: Ledger._welcomed,
    JobOpened: Ledger._opened,
    Logged: Ledger._logged,
    Results: Ledger._results,
    ResultLarge: Ledger._result_large,
    Failed: Ledger._failed,
    JobEnded: Ledger._ended,
    Progress: Ledger._progressed,
    Output: Ledger._printed,
    Answer: Ledger._answered,
    Refusal: Ledger._refused,
    BlobChunk: Ledger._blob_chunk,
    DropBlob: Ledger._blob_dropped,
}

"""What job clients say: jobs, their logs, calls, cancellations. Everything is checked before anything changes.

A job belongs to the connection that opened it last, and only the user who opened it first may do so. When the
connection breaks the job goes on; results are kept, and delivered *before* the `JobOpened` that answers the next
`OpenJob`, so that the client does not offer these calls again. What it does offer again is either known and ignored,
or runs (again); a call that may run only once and is no longer known fails as "node lost".
"""

from __future__ import annotations

from collections.abc import Callable

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.blobs import CLIENT
from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.instructions import JobStarted, ToClient
from asyncluster.core.jobs.job import Job, Kind
from asyncluster.core.jobs.node import Node
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.reports import Reports
from asyncluster.core.jobs.returning import Returning
from asyncluster.core.wire.messages import (
    CallKind,
    CallRef,
    CallRow,
    Cancel,
    CloseJob,
    Code,
    DropBlob,
    Entry,
    Failed,
    Failure,
    JobEnded,
    JobOpened,
    Logged,
    Message,
    OpenJob,
    Stop,
    Submit,
    SubmitLarge,
    Update,
)

_LARGEST_CHUNK = 1_000_000

_CANCELLED = Failure("cancelled", "The call was cancelled.")
_CLOSED = Failure("cancelled", "Its client closed the job.")
_AWAY = Failure("cancelled", "The job was cancelled because its client was away for too long.")
_FORGOTTEN = Failure(
    "node lost", "The result of this call was lost with the connection, and the call may not run again (retries=0)."
)


class Admission:
    """Takes the messages of job clients."""

    def __init__(self, board: Board, returning: Returning, reports: Reports) -> None:
        self._board = board
        self._returning = returning
        self._reports = reports
        self._verbs: dict[type[Message], Callable[..., None]] = {
            Submit: self._submit,
            SubmitLarge: self._submit_large,
            Code: self._entry,
            Update: self._entry,
            CallKind: self._call_kind,
            Cancel: self._cancel,
            CloseJob: self._close,
            DropBlob: self._drop_blob,
        }

    def receive(self, client: int, owner: Owner, message: Message) -> None:
        """Takes one message.

        Raises:
            ProtocolError: the message makes no sense; nothing has changed.
        """
        if isinstance(message, OpenJob):
            self._open(client, owner, message)
            return
        verb = self._verbs.get(type(message))
        if verb is None:
            raise ProtocolError(f"A job client may not send {type(message).__name__}.")
        key: int = message.job  # type: ignore[attr-defined]
        job = self._board.jobs.get(key)
        if job is None:
            if key not in self._board.closed:
                raise ProtocolError("The job was not opened.")
            return  # it has ended, and the client will know in a moment
        if job.client != client:
            raise ProtocolError("The job belongs to another connection.")
        verb(job, message)

    def lost(self, client: int) -> None:
        """The connection is gone: its jobs wait for the client to come back."""
        board = self._board
        for job in board.jobs.values():
            if job.client == client:
                job.client = None
                self._reads(job, True)
                board.release_blobs(job, job.blobs.sender_gone(CLIENT))
                board.deadlines.set(("client", job.key), board.now + board.settings.client_grace)

    def reads(self, client: int, on: bool) -> None:
        """The client has stopped to read what it is sent, or reads again."""
        for job in self._board.jobs.values():
            if job.client == client:
                self._reads(job, on)

    def _reads(self, job: Job, on: bool) -> None:
        job.unread = not on
        if on:
            self._board.wake(job)
        else:
            self._board.rest(job)

    def away_over(self, key: int) -> None:
        self._board.end_job(self._board.jobs[key], "abandoned", _AWAY)

    # --- the job ----------------------------------------------------------------------------------------------

    def _open(self, client: int, owner: Owner, message: OpenJob) -> None:
        board = self._board
        job = board.jobs.get(message.job)
        if job is not None and job.owner.uid != owner.uid:
            raise ProtocolError("The job belongs to another user.")
        if message.job in board.closed:
            board.out.append(ToClient(client, JobEnded(message.job, board.closed[message.job])))
        elif job is not None:
            job.client = client
            self._reads(job, True)
            board.deadlines.clear(("client", job.key))
            board.deliver_kept(job)
            self.opened(job)
        elif too_many := self._too_many_jobs(owner):
            board.out.append(ToClient(client, JobEnded(message.job, Failure("too large", too_many))))
        else:
            environment = message.environment or ""
            job = Job(message.job, message.name, owner, message.niceness, client, board.now, environment)
            board.jobs[job.key] = job
            self._returning.opened(job)
            board.out.append(JobStarted(job.key, job.name, owner, job.niceness))

    def refuse(self, client: int, key: int, failure: Failure) -> None:
        """A job is over before it was opened, if not for another reason since; what its client has sent behind the
        opening is ignored.
        """
        board = self._board
        if key not in board.closed:
            board.close(key, failure)
        board.out.append(ToClient(client, JobEnded(key, board.closed[key])))

    def opened(self, job: Job) -> None:
        """Tells the client, if it is there, that its job stands."""
        if job.number is not None and job.client is not None:
            self._board.tell_client(job, JobOpened(job.key, job.number, len(job.log), job.environment))

    def _too_many_jobs(self, owner: Owner) -> str:
        board = self._board
        if len(board.jobs) >= board.settings.open_jobs:
            return f"The master has {len(board.jobs)} open jobs already, which is its limit; try again later."
        own = sum(job.owner.uid == owner.uid for job in board.jobs.values())
        if own >= board.settings.owner_jobs:
            return f"You have {own} open jobs already, which is the limit; close some first."
        return ""

    def _close(self, job: Job, _message: CloseJob) -> None:
        finished = not job.queue and not job.running
        self._board.end_job(job, "done" if finished else "cancelled", _CLOSED, tell=False)

    # --- its log ----------------------------------------------------------------------------------------------

    def _call_kind(self, job: Job, message: CallKind) -> None:
        if message.index == len(job.log):
            if message.kind in job.kinds:
                raise ProtocolError("There is such a call kind already.")
            job.kinds[message.kind] = Kind(message, self._board.settings.jobs)
        self._entry(job, message)

    def _entry(self, job: Job, message: Entry) -> None:
        board = self._board
        if message.index > len(job.log):
            raise ProtocolError("The entries of a job's log may not leave gaps.")
        if message.index == len(job.log):
            size = len(message.function if isinstance(message, CallKind) else message.payload)
            if len(job.log) >= board.settings.log_entries or job.log_bytes + size > board.settings.log_bytes:
                text = f"The job has made {len(job.log)} updates of {job.log_bytes} bytes, which is the limit."
                board.end_job(job, "broken", Failure("too large", text))
                return
            job.log.append(message)
            job.log_bytes += size
            if not isinstance(message, CallKind):
                job.blobs.hold(CLIENT, message.blobs)
        board.tell_client(job, Logged(job.key, len(job.log)))

    # --- its calls --------------------------------------------------------------------------------------------

    def _submit(self, job: Job, message: Submit) -> None:
        self._check(job, message.calls)
        rows = self._new(job, {row[0]: row for row in message.calls})
        if rows and self._has_room(job, rows):
            self._admit(job, rows)

    def _submit_large(self, job: Job, message: SubmitLarge) -> None:
        self._check(job, [message.call])
        rows = self._new(job, {message.call[0]: message.call})
        if rows and self._has_room(job, rows):
            job.blobs.hold(CLIENT, message.blobs)
            job.large[message.call[0]] = message.blobs
            self._admit(job, rows)

    def _check(self, job: Job, calls: list[CallRow]) -> None:
        if not job.kinds.keys() >= {row[1] for row in calls}:
            raise ProtocolError("The call kind is not known.")
        if any(not 0 < row[2] <= _LARGEST_CHUNK for row in calls):
            raise ProtocolError(f"A chunk holds 1 to {_LARGEST_CHUNK} calls.")
        if len(job.queue) + job.running + len(calls) > 2 * self._board.settings.window:
            raise ProtocolError("There are more calls than the window allows.")

    def _new(self, job: Job, rows: dict[int, CallRow]) -> dict[int, CallRow]:
        """Leaves out what is known, and fails what ended before and may run only once."""
        if min(rows, default=0) > job.highest:
            return rows
        holders = self._board.holders(job, list(rows))
        forgotten: list[CallRef] = []
        new = {}
        for call, row in rows.items():
            kind = job.kinds[row[1]]
            if call in job.queue or call in holders:
                continue
            if not kind.definition.retries and call <= kind.highest:
                forgotten.append((call, 0))
            else:
                new[call] = row
        if forgotten:
            self._board.tell_client(job, Failed(job.key, forgotten, _FORGOTTEN))
        return new

    def _has_room(self, job: Job, rows: dict[int, CallRow]) -> bool:
        """Whether the master can keep so much; if not, these calls fail."""
        board = self._board
        size = sum([len(row[3]) for row in rows.values()])
        settings = board.settings
        own = self._calls_of(job.owner) if board.calls + len(rows) > settings.owner_calls else 0
        if own + len(rows) > settings.owner_calls:
            text = f"The master keeps {own} calls of yours already, which is the limit; submit fewer at once."
        elif board.calls + len(rows) > settings.calls or board.call_bytes + size > settings.call_bytes:
            text = f"The master keeps {board.calls} calls of {board.call_bytes} bytes already; submit fewer at once."
        else:
            board.calls += len(rows)
            board.call_bytes += size
            return True
        job.tally.fail("too large", sum(row[2] for row in rows.values()))
        board.tell_client(job, Failed(job.key, [(call, 0) for call in rows], Failure("too large", text)))
        return False

    def _calls_of(self, owner: Owner) -> int:
        """Calls of one user's jobs that have not ended."""
        return sum([len(job.queue) + job.running for job in self._board.jobs.values() if job.owner.uid == owner.uid])

    def _admit(self, job: Job, rows: dict[int, CallRow]) -> None:
        """Puts new calls into the queue, or where nodes say that they are."""
        highest = max(rows)
        job.highest = max(job.highest, highest)
        numbers = {row[1] for row in rows.values()}
        for number in numbers:
            kind = job.kinds[number]
            last = highest if len(numbers) == 1 else max(call for call, row in rows.items() if row[1] == number)
            kind.highest = max(kind.highest, last)
        for row, result in self._returning.claim(job, rows):
            self._reports.finish(result.node, job, row, result.row, result.blobs)
        if rows:
            job.queue.extend(rows)
            self._board.wake(job)

    def _cancel(self, job: Job, message: Cancel) -> None:
        """Calls that have ended are left out: their results are on their way."""
        board = self._board
        holders = board.holders(job, message.calls)
        waiting: list[CallRow] = []
        running: list[CallRow] = []
        stops: dict[str, tuple[Node, list[CallRef]]] = {}
        for call in message.calls:
            row = job.queue.discard(call)
            if row is not None:
                waiting.append(row)
            elif call in holders:
                node = holders.pop(call)
                stops.setdefault(node.name, (node, []))[1].append((call, job.attempts.get(call, 1)))
                running.append(board.lift(node, job, call))
        for node, calls in stops.values():
            if node.attached:
                board.tell_node(node, Stop(job.key, calls))
        board.fail(job, waiting, _CANCELLED, handed_out=0)
        board.fail(job, running, _CANCELLED)
        board.rest(job)

    def _drop_blob(self, job: Job, message: DropBlob) -> None:
        self._board.release_blobs(job, job.blobs.dropped(CLIENT, message.blob))

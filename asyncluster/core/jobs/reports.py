"""What nodes say about calls: results, crashes, calls handed back, a job that does not work there.

Two fences stand before every report. A numbered message counts once. And what is said of a call counts only if the
node holds that very attempt of it; all else is dropped, as somebody else has the call now or it has ended. There are
two exceptions: the result of a call that was taken from a lost node and still waits is welcome, and results of calls
that nobody has offered yet are kept for a while after the master was restarted (`found`).
"""

from __future__ import annotations

import msgspec

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.instructions import ReleaseBlob
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.node import Node, Share
from asyncluster.core.jobs.returning import Returning
from asyncluster.core.rhythm import SILENCE
from asyncluster.core.wire.messages import (
    RAISED,
    BlobRef,
    Broke,
    CallRow,
    Done,
    DoneLarge,
    DoneRow,
    DropBlob,
    Failure,
    Message,
    ResultLarge,
    Results,
    Returned,
    Telemetry,
    Unfit,
)

_LONGEST_PATIENCE = 5.0
_BREAKS = ("timeout", "crashed", "too large", "node lost")


class Reports:
    """Takes the messages of attached nodes about calls and about themselves. What calls print is the shell's."""

    def __init__(self, board: Board, returning: Returning) -> None:
        self._board = board
        self._returning = returning

    def receive(self, node: Node, message: Message) -> None:
        """Takes one message.

        Raises:
            ProtocolError: a node does not say such a thing; nothing has changed.
        """
        match message:
            case Done() | DoneLarge() | Broke() | Returned():
                if isinstance(message, Broke) and message.failure.kind not in _BREAKS:
                    raise ProtocolError(f"A node may not say that a call failed as {message.failure.kind!r}.")
                if message.serial > node.serial:
                    node.serial = message.serial
                    self._to_acknowledge(node)
                    self._numbered(node, message)
            case Telemetry():
                self._telemetry(node, message)
            case Unfit():
                self._unfit(node, message)
            case DropBlob():
                job = self._board.jobs.get(message.job)
                if job is not None:
                    self._board.release_blobs(job, job.blobs.dropped(node.name, message.blob))
            case _:
                raise ProtocolError(f"A node may not send {type(message).__name__}.")

    def _to_acknowledge(self, node: Node) -> None:
        """Nobody waits for it, so one message a little later says it of all that came meanwhile."""
        board = self._board
        if not board.reported:
            board.deadlines.set(("acknowledge", ""), board.now + board.settings.acknowledge)
        board.reported[node.name] = node

    def _numbered(self, node: Node, message: Done | DoneLarge | Broke | Returned) -> None:
        job = self._board.jobs.get(message.job)
        match message:
            case Done():
                self._done(node, job, message)
            case DoneLarge():
                self._done_large(node, job, message)
            case Broke():
                self._broke(node, job, message)
            case Returned():
                self._returned(node, job, message)

    # --- results ----------------------------------------------------------------------------------------------

    def _done(self, node: Node, job: Job | None, message: Done) -> None:
        """The hot path: everything is counted in local names and booked once."""
        share = node.shares.get(message.job)
        if job is None or share is None:
            for done in message.rows:
                self._unheld(node, job, message.job, done, [])
            return
        ended, odd = self._take_results(node, job, share, message.rows)
        share.since = self._board.now
        share.patience = SILENCE
        if ended:
            rows = ended if odd else message.rows
            size = sum([len(done[4]) for done in rows]) if job.client is None else 0
            self._board.tell_client(job, Results(job.key, node.name, rows), size)
        for done in odd:
            self._unheld(node, job, job.key, done, [])

    def _take_results(
        self, node: Node, job: Job, share: Share, rows: list[DoneRow]
    ) -> tuple[list[DoneRow], list[DoneRow]]:
        """Takes finished calls off the node. Returns the results that count, and the rest."""
        quick, slow, attempts = share.quick, share.slow, job.attempts
        durations = job.tally.durations
        forget = self._board.forget_history if job.has_history() else None
        slow_before = len(slow)
        ended: list[DoneRow] = []
        odd: list[DoneRow] = []
        units = raised = size = 0
        busy: dict[int, int] = {}
        counts: dict[int, int] = {}
        for done in rows:
            call, attempt, outcome, micros, _payload = done
            row = quick.get(call) or slow.get(call)
            if row is None or attempt != attempts.get(call, 1):
                odd.append(done)
                continue
            if quick.pop(call, None) is None:
                del slow[call]
            _call, kind, count, payload = row
            ended.append(done)
            units += count
            size += len(payload)
            if outcome == RAISED:
                raised += count
            durations[(micros // count).bit_length()] += count
            if kind in busy:
                busy[kind] += micros
                counts[kind] += 1
            else:
                busy[kind] = micros
                counts[kind] = 1
            if forget is not None:
                if job.large and call in job.large:
                    self._board.unpin(node, job, job.large[call])
                forget(job, call)
        if ended:
            self._book(job, units, raised, busy, counts)
            node.outstanding -= len(ended)
            node.slow -= slow_before - len(slow)
            job.running -= len(ended)
            self._board.calls -= len(ended)
            self._board.call_bytes -= size
            self._board.moved(node)
        return ended, odd

    def _book(self, job: Job, units: int, raised: int, busy: dict[int, int], counts: dict[int, int]) -> None:
        """Counts finished calls: units and micros by kind, and rows by kind."""
        micros = sum(busy.values())
        job.tally.done += units
        job.tally.raised += raised
        job.tally.busy_micros += micros
        job.learn(sum(counts.values()), micros / 1e6)
        for kind, rows in counts.items():
            job.kinds[kind].pace.learn(rows, busy[kind] / 1e6)

    def _done_large(self, node: Node, job: Job | None, message: DoneLarge) -> None:
        if job is not None:
            job.blobs.hold(node.name, message.blobs)
        call, attempt = message.row[:2]
        if job is None or not self._board.holds(node, job, call, attempt):
            self._unheld(node, job, message.job, message.row, message.blobs)
            return
        row = self._board.lift(node, job, call)
        self.finish(node.name, job, row, message.row, message.blobs)

    def finish(self, node: str, job: Job, row: CallRow, done: DoneRow, blobs: list[BlobRef]) -> None:
        """Ends a call that is nowhere with its result. Its blobs are held; the client gets and then forgets them."""
        _call, kind, count, _payload = row
        job.tally.durations[(done[3] // count).bit_length()] += count
        self._book(job, count, count if done[2] == RAISED else 0, {kind: done[3]}, {kind: 1})
        self._board.forget(job, row)
        if blobs:
            self._board.deliver_large(job, ResultLarge(job.key, node, done, blobs))
        else:
            self._board.tell_client(job, Results(job.key, node, [done]), len(done[4]))

    def _unheld(self, node: Node, job: Job | None, key: int, done: DoneRow, blobs: list[BlobRef]) -> None:
        """A result of a call that the node does not hold, as far as the board knows."""
        board = self._board
        call, attempt = done[:2]
        if job is not None and job.late.get(call) == node.name and job.attempts.get(call) == attempt:
            row = job.queue.discard(call)
            assert row is not None, "only waiting calls are late"
            board.rest(job)
            self.finish(node.name, job, row, done, blobs)
        elif self._returning.keeps_result(node, job, key, done, blobs):
            pass
        elif job is not None:
            job.tally.stale += 1
            board.release_blobs(job, job.blobs.release(blobs))
        else:
            board.out.extend(ReleaseBlob(key, name) for name, _size in blobs)

    # --- no result --------------------------------------------------------------------------------------------

    def _broke(self, node: Node, job: Job | None, message: Broke) -> None:
        call, attempt = message.call
        if job is None or not self._board.holds(node, job, call, attempt):
            self._returning.forget_held(node, job, message.job, call)
            if job is not None:
                job.tally.stale += 1
            return
        kind = message.failure.kind
        if kind == "node lost":
            self._board.lose(node, job, [call])
            return
        row = self._board.lift(node, job, call)
        failure = msgspec.structs.replace(message.failure, node=node.name)
        job.charge(job.kind_of(row).timeout or job.mean if kind == "timeout" else job.mean)
        if kind != "crashed" or not self._runs_again(job, row):
            self._board.fail(job, [row], failure)
        elif row[2] > 1:
            self._board.fail(job, [row], _split(failure))
        else:
            self._board.put_back(job, [row])

    def _runs_again(self, job: Job, row: CallRow) -> bool:
        """Whether a call may run again after a worker died of it. Of a chunk, its calls may, one by one."""
        retries = job.kind_of(row).retries
        if row[2] > 1:
            return retries > 0
        crashes = job.crashes.get(row[0], 0) + 1
        job.crashes[row[0]] = crashes
        return crashes <= retries

    def _returned(self, node: Node, job: Job | None, message: Returned) -> None:
        board = self._board
        share = node.shares.get(message.job)
        rows = []
        for call, attempt in message.calls:
            if job is not None and board.holds(node, job, call, attempt):
                rows.append(board.lift(node, job, call))
            else:
                self._returning.forget_held(node, job, message.job, call)
        if share is not None and share.recalls:
            share.recalls -= 1
            share.since = board.now
            share.patience = SILENCE if rows else min(2 * share.patience, _LONGEST_PATIENCE)
        elif rows and not node.draining:
            # Somebody sat down there, perhaps: wait for the node to say how it is, lest calls go to and fro.
            node.resting = True
            board.deadlines.set(("rest", node.name), board.now + board.settings.rest)
            board.moved(node)
        if job is not None and rows:
            board.put_back(job, rows)

    def _unfit(self, node: Node, message: Unfit) -> None:
        """The node cannot run the job. What it has not handed back by now has an unknown fate."""
        board = self._board
        job = board.jobs.get(message.job)
        if job is None or message.job not in node.shares:
            return
        job.unfit[node.name] = message.traceback.rstrip().rpartition("\n")[2]
        job.trouble = Failure("broken", message.traceback, node=node.name)
        board.lose(node, job, [row[0] for row in node.shares[job.key].rows()])
        self._returning.end_if_unfit(job)

    # --- the node itself --------------------------------------------------------------------------------------

    def _telemetry(self, node: Node, message: Telemetry) -> None:
        before = node.available
        node.telemetry = message
        node.state = message.state
        node.resting = False
        self._board.deadlines.clear(("rest", node.name))
        if node.available != before:
            self._board.moved(node)


def _split(failure: Failure) -> Failure:
    return msgspec.structs.replace(failure, kind="split")

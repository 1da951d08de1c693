"""What the parts of the dispatcher share: nodes, jobs, what is to be done, and the moves that keep the sums right.

A call is at exactly one place: in its job's queue, in the share of one node, or ended. Only the methods here move
it, so that the sums (`Job.running`, `Node.outstanding`, `Node.slow`, `calls`, `call_bytes`) always agree.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import msgspec

from asyncluster.core.jobs.deadlines import Deadlines
from asyncluster.core.jobs.found import Found
from asyncluster.core.jobs.instructions import Instruction, JobClosed, ReleaseBlob, ToClient, ToNode
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.ladder import Ladder
from asyncluster.core.jobs.node import Node, Share, unpin_blobs
from asyncluster.core.jobs.records import JobState
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    BlobRef,
    CallRef,
    CallRow,
    DropBlob,
    DropJob,
    Failed,
    Failure,
    JobEnded,
    Message,
    ResultLarge,
)

_REMEMBERED_JOBS = 10_000
_REMEMBERED_TEXT = 2000


class Board:
    """The state of the dispatcher.

    Attributes:
        now: when the latest event happened.
        runnable: jobs with waiting calls and a number, by key.
        woken: those among them whose queue was empty, so that any node may have room for them.
        changed: nodes that may take more calls than before.
        reported: nodes with numbered messages that were not acknowledged yet.
        closed: how jobs ended, the latest ones: for clients and nodes that come back and do not know.
        calls: calls that have not ended, of all jobs; `call_bytes` their payloads.
        found: what nodes hold of jobs that nobody has opened, by key; `found_calls` counts what was found of all jobs.
        deadlines: by (what, whom).
        out: instructions not taken yet.
    """

    def __init__(self, settings: DispatchSettings) -> None:
        self.settings = settings
        self.now = 0.0
        self.nodes: dict[str, Node] = {}
        self.jobs: dict[int, Job] = {}
        self.runnable: dict[int, Job] = {}
        self.woken: dict[int, Job] = {}
        self.changed: dict[str, Node] = {}
        self.reported: dict[str, Node] = {}
        self.ladder = Ladder()
        self.closed: OrderedDict[int, Failure] = OrderedDict()
        self.found: dict[int, Found] = {}
        self.found_calls = 0
        self.deadlines: Deadlines[tuple[str, str | int]] = Deadlines()
        self.calls = 0
        self.call_bytes = 0
        self.virtual = 0.0  # the turn of the job that was served last
        self.out: list[Instruction] = []

    # --- words out ----------------------------------------------------------------------------------------

    def tell_node(self, node: Node, message: Message) -> None:
        self.out.append(ToNode(node.name, message))

    def tell_client(self, job: Job, message: Message, size: int = 0) -> bool:
        """Sends to the job's client, or keeps for it; false if there is no room to keep it."""
        if job.client is not None:
            self.out.append(ToClient(job.client, message))
            return True
        if job.kept_bytes + size > self.settings.kept_bytes:
            return False
        job.kept.append(message)
        job.kept_bytes += size
        return True

    def deliver_large(self, job: Job, message: ResultLarge) -> None:
        """Sends or keeps a result with blobs, each of which is held for it."""
        if job.client is None:
            if self.tell_client(job, message, sum(size for _name, size in message.blobs)):
                return
        else:
            self.out.append(ToClient(job.client, message))
            self.out.extend(ToClient(job.client, DropBlob(job.key, name)) for name, _size in message.blobs)
        self.release_blobs(job, job.blobs.release(message.blobs))

    def deliver_kept(self, job: Job) -> None:
        """The client is back: it gets what was kept for it."""
        kept, job.kept, job.kept_bytes = job.kept, [], 0
        for message in kept:
            if isinstance(message, ResultLarge):
                self.deliver_large(job, message)
            else:
                self.tell_client(job, message)

    def release_blobs(self, job: Job, freed: Iterable[bytes]) -> None:
        """The master forgets these, and so do nodes on which no call needs them."""
        for name in freed:
            self.out.append(ReleaseBlob(job.key, name))
            for node in job.nodes.values():
                size = node.idle_blobs.pop((job.key, name), None)
                if size is not None:
                    node.idle_blob_bytes -= size
                    del node.shares[job.key].blobs[name]
                    self._drop_blob(node, job.key, name)

    def _drop_blob(self, node: Node, key: int, name: bytes) -> None:
        if node.attached:
            self.tell_node(node, DropBlob(key, name))

    # --- where calls are ----------------------------------------------------------------------------------

    def share_of(self, node: Node, job: Job) -> Share:
        """The node's share of the job, a new one if it has none."""
        share = node.shares.get(job.key)
        if share is None:
            share = node.shares[job.key] = Share(job.niceness, self.now)
            job.nodes[node.name] = node
        return share

    def wake(self, job: Job) -> None:
        """Rows have come into the job's queue, which may have been empty."""
        if job.key in self.runnable or job.number is None or not job.queue or job.unread:
            return
        if not job.running:
            job.virtual = max(job.virtual, self.virtual)  # time in which it wanted nothing earns nothing
        self.runnable[job.key] = self.woken[job.key] = job

    def rest(self, job: Job) -> None:
        """The job's queue may be empty now, or its client may have stopped to read."""
        if not job.queue or job.unread:
            self.runnable.pop(job.key, None)
            self.woken.pop(job.key, None)

    def moved(self, node: Node) -> None:
        """The node may take more, less, or none at all now."""
        if node.available:
            self.ladder.place(node)
            self.changed[node.name] = node
        else:
            self.ladder.remove(node)
            self.changed.pop(node.name, None)

    def hold(self, node: Node, job: Job, row: CallRow, attempt: int) -> None:
        """The node has this call already, as it says itself."""
        self.share_of(node, job).slow[row[0]] = row
        if attempt > 1:
            job.attempts[row[0]] = attempt
        else:
            job.attempts.pop(row[0], None)
        job.late.pop(row[0], None)
        job.running += 1
        node.outstanding += 1
        node.slow += 1
        self.moved(node)

    def holds(self, node: Node, job: Job, call: int, attempt: int) -> bool:
        """Whether the node has this call with this attempt. All else that is said of it is void."""
        share = node.shares.get(job.key)
        return share is not None and call in share and job.attempts.get(call, 1) == attempt

    def holders(self, job: Job, calls: list[int]) -> dict[int, Node]:
        """Which nodes have those of these calls that nodes have: by looking each up, or at all, what is less."""
        if len(calls) * len(job.nodes) > job.running:
            wanted = set(calls)
            return {
                row[0]: node for node in job.nodes.values() for row in node.shares[job.key].rows() if row[0] in wanted
            }
        return {call: node for call in calls for node in job.nodes.values() if call in node.shares[job.key]}

    def lift(self, node: Node, job: Job, call: int) -> CallRow:
        """Takes a call from the node that holds it; it is nowhere then, and the caller puts it somewhere."""
        share = node.shares[job.key]
        row = share.quick.pop(call, None)
        if row is None:
            row = share.slow.pop(call)
            node.slow -= 1
        node.outstanding -= 1
        job.running -= 1
        if job.large and call in job.large:
            self.unpin(node, job, job.large[call])
        self.moved(node)
        return row

    def unpin(self, node: Node, job: Job, blobs: list[BlobRef]) -> None:
        """A call on the node needs these blobs no more."""
        for key, name in unpin_blobs(node, job.key, blobs, self.settings.node_blob_bytes):
            self._drop_blob(node, key, name)

    def put_back(self, job: Job, rows: list[CallRow], late: str | None = None) -> None:
        """Rows that were lifted wait again, before all others. Node `late` may still answer them."""
        for row in rows:
            job.attempts.setdefault(row[0], 1)
            if late is not None:
                job.late[row[0]] = late
        job.queue.put_first(rows)
        self.wake(job)

    def forget(self, job: Job, row: CallRow) -> None:
        """The call has ended and is nowhere any more."""
        self.calls -= 1
        self.call_bytes -= len(row[3])
        if job.has_history():
            self.forget_history(job, row[0])

    def forget_history(self, job: Job, call: int) -> None:
        job.attempts.pop(call, None)
        job.crashes.pop(call, None)
        job.late.pop(call, None)
        blobs = job.large.pop(call, None)
        if blobs is not None:
            self.release_blobs(job, job.blobs.release(blobs))

    def fail(self, job: Job, rows: list[CallRow], failure: Failure, handed_out: int = 1) -> None:
        """Ends calls that are nowhere without a result.

        Args:
            handed_out: how often those were handed out of which `Job.attempts` says nothing.
        """
        calls: list[CallRef] = []
        for row in rows:
            calls.append((row[0], job.attempts.get(row[0], handed_out)))
            job.tally.fail(failure.kind, row[2])
            self.forget(job, row)
        if calls:
            self.tell_client(job, Failed(job.key, calls, failure))

    def lose(self, node: Node, job: Job, calls: Iterable[int]) -> None:
        """What became of these calls of the node is unknown: they run again, unless they may run only once."""
        again: list[CallRow] = []
        never: list[CallRow] = []
        for row in [self.lift(node, job, call) for call in calls]:
            (again if job.kind_of(row).retries else never).append(row)
        self.put_back(job, again, late=node.name)
        self.fail(job, never, node_lost(node.name))

    # --- ends ---------------------------------------------------------------------------------------------

    def end_job(self, job: Job, state: JobState, failure: Failure, tell: bool = True) -> None:
        """Ends a job with all its calls. Everybody who knows it is told, its client only with `tell`."""
        record = job.record(state)
        for node in list(job.nodes.values()):
            self.leave(node, job)
        if job.found is not None:
            self.drop_found(job.key, job.found)
        self.calls -= len(job.queue)
        self.call_bytes -= sum(len(row[3]) for row in job.queue)
        for members in (self.jobs, self.runnable, self.woken):
            members.pop(job.key, None)
        for what in ("client", "found"):
            self.deadlines.clear((what, job.key))
        self.close(job.key, failure)
        if tell and job.client is not None:
            self.out.append(ToClient(job.client, JobEnded(job.key, failure)))
        self.out.append(JobClosed(job.key, record))

    def close(self, key: int, failure: Failure) -> None:
        """Remembers for a while how a job ended."""
        self.closed[key] = msgspec.structs.replace(failure, message=failure.message[-_REMEMBERED_TEXT:])
        if len(self.closed) > _REMEMBERED_JOBS:
            self.closed.popitem(last=False)

    def leave(self, node: Node, job: Job) -> None:
        """The job leaves the node; the calls that it has there are void."""
        share = node.shares.pop(job.key)
        del job.nodes[node.name]
        for row in share.rows():
            self.calls -= 1
            self.call_bytes -= len(row[3])
        job.running -= len(share)
        node.outstanding -= len(share)
        node.slow -= len(share.slow)
        for name in share.blobs:
            node.idle_blob_bytes -= node.idle_blobs.pop((job.key, name), 0)
        self.drop_job(node, job.key)
        self.moved(node)

    def drop_job(self, node: Node, key: int) -> None:
        if node.attached:
            self.tell_node(node, DropJob(key))
        else:
            node.drops.add(key)

    def drop_found(self, key: int, found: Found) -> None:
        """Nobody wants what nodes hold of this job."""
        self.found_calls -= found.calls
        for name in found.nodes:
            if name in self.nodes and key not in self.nodes[name].shares:
                self.drop_job(self.nodes[name], key)


def node_lost(name: str) -> Failure:
    return Failure(
        "node lost",
        f"Node {name} was lost while it had this call, and the call may not run again (retries=0).",
        node=name,
    )

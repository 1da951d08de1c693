"""Who gets which calls next, and in what order a node hears of them.

Two moves keep every slot busy, and neither looks at all nodes for a call:

    fill    a node has room again: the jobs that wait give it calls, the one with the least virtual time first;
    place   a job that had nothing waiting has calls again: they go to the least loaded nodes.

After both, this holds: while a job has calls waiting, no node that could run them has a free slot.

Quick calls (`Pace`) queue on nodes, every job's on every node, and the node shares its slots among them; room is
refilled when half is used, and the end of a queue is divided evenly. Slow calls, and those of which nothing is known,
only go where a slot is open. When several jobs want that slot, it is given to the job with the least virtual time,
so the others wait at the master, where any slot that becomes free next can be theirs.

When a queue is empty and a node idle while calls wait on another node, these are recalled.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from itertools import islice
from math import ceil

from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.node import Node, Share, pin_blobs
from asyncluster.core.rhythm import SILENCE
from asyncluster.core.wire.limits import BATCH
from asyncluster.core.wire.messages import CallRow, JobAt, Recall, Run, RunLarge, RunRow

_LOOK = 32  # busy nodes that are looked at for a job; the others take from it when they report
_ROW_BYTES = 32  # bound of what a row takes on the wire besides its payload


class Feeding:
    """Hands out calls of the board. `settle` is the only entrance."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._look_again = 0.0  # when nodes may be asked for calls again
        self._settled: float | None = None

    def settle(self) -> None:
        """Hands out all that can be handed out now, and recalls what waits at the wrong place."""
        board = self._board
        if self._settled == board.now and not board.changed and not board.woken:
            return
        self._settled = board.now
        if len(board.runnable) == 1:
            self._place_woken()  # with nobody to be fair to, the least loaded nodes come before those that reported
        while board.changed:
            self._fill(board.changed.popitem()[1])
        self._place_woken()
        self._recall()

    # --- a node has room --------------------------------------------------------------------------------------

    def _fill(self, node: Node) -> None:
        board = self._board
        fit = [
            job
            for job in board.runnable.values()
            if node.name not in job.unfit and job.environment in node.environments
        ]
        if len(fit) == 1:
            self._fill_from(node, fit[0])
        elif fit:
            self._fill_from_several(node, fit)

    def _fill_from(self, node: Node, job: Job) -> None:
        """With one job there is nobody to be fair to."""
        while job.queue and (count := min(self._room(node, job), self._portion(node, job))):
            self._board.virtual = max(self._board.virtual, job.turn)
            self._give(node, job, count)
            if node.outstanding >= node.slots:
                return  # what is ahead of that is given once a report, lest one node gets the end of the queue

    def _fill_from_several(self, node: Node, jobs: list[Job]) -> None:
        turns = [(job.turn, job.key, job) for job in jobs]
        heapify(turns)
        contested = False  # somebody whose turn is earlier has all that he may have here
        while turns and node.slow < node.slots:
            turn, _key, job = heappop(turns)
            quick = self._is_quick(job)
            count = min(self._room(node, job), self._portion(node, job))
            if count and not quick:
                count = 1 if not contested or node.outstanding < node.slots else 0
            if not count:
                contested = True
                continue
            self._board.virtual = max(self._board.virtual, turn)
            self._give(node, job, count)
            if job.queue and (not quick or node.outstanding < node.slots):
                heappush(turns, (job.turn, job.key, job))
            elif job.queue:
                contested = True

    def _room(self, node: Node, job: Job) -> int:
        """How many of the calls at the head of the job's queue the node may be given now."""
        row = job.queue.head()
        open_slots = node.slots - node.slow
        if row is None or open_slots <= 0:
            return 0
        pace = job.kinds[row[1]].pace
        if not pace.quick:
            return open_slots
        share = node.shares.get(job.key)
        has = len(share.quick) if share is not None else 0
        target = open_slots * pace.depth
        if node.outstanding >= node.slots and 2 * has > target:
            return 0
        return max(0, target - has)

    def _portion(self, node: Node, job: Job) -> int:
        """How many calls are the node's part of the job's queue: it never leaves a slot of it empty."""
        even = ceil(len(job.queue) * node.slots / self._board.ladder.slots)
        return max(node.slots - node.outstanding, even, self._batch(node, job))

    def _is_quick(self, job: Job) -> bool:
        row = job.queue.head()
        return row is not None and job.kinds[row[1]].pace.quick

    # --- a job has calls again --------------------------------------------------------------------------------

    def _place_woken(self) -> None:
        woken = self._board.woken
        while woken:
            self._place(woken.pop(next(iter(woken))))

    def _place(self, job: Job) -> None:
        ladder = self._board.ladder
        if not ladder.slots:
            return
        self._board.virtual = max(self._board.virtual, job.turn)
        even = len(job.queue) / ladder.slots
        while job.queue:
            node = next((node for node in ladder.idle() if _fits(node, job)), None)
            if node is None:
                self._place_on_busy(job, even)
                return
            room = self._room(node, job)
            if not self._is_quick(job):
                room = min(room, node.slots - node.outstanding)
            self._give(node, job, min(room, max(ceil(even * node.slots), self._batch(node, job))))

    def _place_on_busy(self, job: Job, even: float) -> None:
        """Quick calls fill their place on nodes. Of the others only the first one of a job goes, to wait there."""
        for node in list(islice(self._board.ladder.busy(), _LOOK)):
            if not job.queue or (job.running and not self._is_quick(job)):
                return
            if not _fits(node, job):
                continue
            part = max(ceil(even * node.slots), self._batch(node, job)) if self._is_quick(job) else 1
            count = min(self._room(node, job), part)
            if count:
                self._give(node, job, count)

    def _batch(self, node: Node, job: Job) -> int:
        """How many calls are worth a message to the node: very short ones only if they keep all its slots busy."""
        row = job.queue.head()
        batch = job.kinds[row[1]].pace.batch if row is not None else 1
        return batch * node.slots if batch > 1 else 1

    # --- handing out ------------------------------------------------------------------------------------------

    def _give(self, node: Node, job: Job, count: int) -> None:
        """Sends the next `count` calls of the job to the node, fewer if the kind changes."""
        board = self._board
        rows = job.queue.take(count)
        share = board.share_of(node, job)
        share.since = board.now
        self._catch_up(node, share, job)
        quick = job.kinds[rows[0][1]].pace.quick
        (share.quick if quick else share.slow).update((row[0], row) for row in rows)
        self._send(node, job, rows)
        node.outstanding += len(rows)
        if not quick:
            node.slow += len(rows)
        job.running += len(rows)
        board.ladder.place(node)
        board.rest(job)

    def _catch_up(self, node: Node, share: Share, job: Job) -> None:
        """Sends the entries of the job's log that the node lacks."""
        board = self._board
        if not share.told:
            assert job.number is not None, "a job without a number is not runnable"
            told = JobAt(job.key, job.number, job.name, job.owner.name, job.niceness, job.environment)
            board.tell_node(node, told)
            share.told, share.niceness = True, job.niceness
        for entry in job.log[share.entries :]:
            board.tell_node(node, entry)
            blobs = getattr(entry, "blobs", None)
            if blobs:
                pin_blobs(node, job.key, blobs)
        share.entries = len(job.log)

    def _send(self, node: Node, job: Job, rows: list[CallRow]) -> None:
        if not job.has_history():
            self._send_run(node, job, [(call, 1, kind, payload) for call, kind, _, payload in rows])
            return
        plain: list[RunRow] = []
        for call, kind, _count, payload in rows:
            run = (call, job.next_attempt(call), kind, payload)
            blobs = job.large.get(call)
            if blobs is None:
                plain.append(run)
                continue
            self._send_run(node, job, plain)
            plain = []
            pin_blobs(node, job.key, blobs)
            self._board.tell_node(node, RunLarge(job.key, run, blobs))
        self._send_run(node, job, plain)

    def _send_run(self, node: Node, job: Job, rows: list[RunRow]) -> None:
        """In as many messages as the size of a frame asks for."""
        size = sum([len(row[3]) for row in rows]) + _ROW_BYTES * len(rows)
        if size <= BATCH:
            if rows:
                self._board.tell_node(node, Run(job.key, rows))
            return
        middle = len(rows) // 2
        if not middle:  # a single row always fits
            self._board.tell_node(node, Run(job.key, rows))
            return
        self._send_run(node, job, rows[:middle])
        self._send_run(node, job, rows[middle:])

    # --- taking back ------------------------------------------------------------------------------------------

    def _recall(self) -> None:
        """Asks loaded nodes for half of what waits there, if another one has a free slot."""
        board = self._board
        if board.now < self._look_again or next(board.ladder.idle(), None) is None:
            return
        for giver in islice(board.ladder.heaviest(), _LOOK):
            waiting = giver.outstanding - giver.slots
            if waiting <= 0:
                break
            self._look_again = board.now + SILENCE
            board.deadlines.set(("recall", ""), self._look_again)
            found = self._recallable(giver)
            if found is not None:
                job, share = found
                stuck = board.now >= share.since + share.patience
                if stuck or waiting * job.mean > share.patience * giver.slots:
                    share.recalls += 1
                    board.tell_node(giver, Recall(job.key, min(len(share), (waiting + 1) // 2)))

    def _recallable(self, giver: Node) -> tuple[Job, Share] | None:
        """The largest share of the giver that an idle node could run, and that is not being recalled already."""
        takers = list(islice(self._board.ladder.idle(), _LOOK))
        best = None
        for key, share in giver.shares.items():
            job = self._board.jobs[key]
            if job.queue or share.recalls or not any(_fits(taker, job) for taker in takers):
                continue
            if best is None or len(share) > len(best[1]):
                best = job, share
        return best


def _fits(node: Node, job: Job) -> bool:
    """Whether the node can run the job's calls at all."""
    return node.name not in job.unfit and job.environment in node.environments

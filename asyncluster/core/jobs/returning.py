"""Nodes that come and go, and what becomes of the calls that they had.

1. The connection breaks. A lease starts: the node's calls wait for it.
2. The same daemon is back (`instance`). What it lists it still has; what it does not list it may report within a few
   seconds, else it never got it. What it has and should not have is stopped there.
3. Another daemon is back under the name, or the lease ends. The calls run elsewhere, unless they may run only once.
   A result that arrives even later counts if the call still waits.
4. The node is back and the master does not know the job: it was restarted. See `found`.
"""

from __future__ import annotations

from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.found import Found, FoundResult
from asyncluster.core.jobs.instructions import ReleaseBlob
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.node import Node
from asyncluster.core.wire.messages import (
    Attach,
    BlobRef,
    CallRef,
    CallRow,
    DoneRow,
    Drain,
    DropJob,
    Holding,
    Renice,
    Stop,
)

_REMEMBERED_NODES = 4000


class Returning:
    """Connects nodes with the board, and lets go of them.

    Attributes:
        drained: names of nodes that operators want empty, whether they are here or not.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.drained: set[str] = set()

    # --- nodes ------------------------------------------------------------------------------------------------

    def attach(self, name: str, message: Attach) -> None:
        board = self._board
        node = board.nodes.get(name)
        if node is not None and node.attached:
            self.lost(name)  # the old connection is dead, only its end has not come yet
        if node is None or node.instance != message.instance:
            if node is not None:
                self._wipe(node)
            node = board.nodes[name] = Node(name, message, board.now)
            self._forget_oldest()
        board.ladder.remove(node)
        node.attach, node.slots = message, message.workers
        node.attached, node.leased, node.resting = True, False, False
        node.draining = name in self.drained
        node.state, node.since = "run", board.now
        board.deadlines.clear(("lease", name))
        dropped = node.drops - board.jobs.keys()  # one that was given up may have been opened again since
        for key in dropped:
            board.tell_node(node, DropJob(key))
        node.drops.clear()
        if node.draining:
            board.tell_node(node, Drain(True))
        self._reconcile(node, {holding.job: holding for holding in message.holding if holding.job not in dropped})
        board.moved(node)

    def lost(self, name: str) -> None:
        """The connection is gone."""
        board = self._board
        node = board.nodes.get(name)
        if node is None or not node.attached:
            return
        node.attached, node.leased, node.since = False, True, board.now
        for key, share in node.shares.items():
            share.recalls = 0
            job = board.jobs[key]
            board.release_blobs(job, job.blobs.sender_gone(name))
        board.deadlines.clear(("rest", name))
        board.deadlines.clear(("report", name))
        board.deadlines.set(("lease", name), board.now + board.settings.lease)
        board.moved(node)

    def lease_over(self, name: str) -> None:
        """The node is not back in time: it keeps its name and its cursors, but no calls."""
        node = self._board.nodes[name]
        node.leased = False
        self._lose_all(node)

    def report_over(self, name: str) -> None:
        """The node is back and had time to report: what it neither listed nor reported it does not have."""
        node = self._board.nodes[name]
        for key, share in list(node.shares.items()):
            job = self._board.jobs[key]
            missing = [call for call, n in share.missing.items() if self._board.holds(node, job, call, n)]
            share.missing = {}
            if missing:
                self._board.lose(node, job, missing)

    def rest_over(self, name: str) -> None:
        node = self._board.nodes[name]
        node.resting = False
        self._board.moved(node)

    def drain(self, name: str, on: bool) -> None:
        (self.drained.add if on else self.drained.discard)(name)
        node = self._board.nodes.get(name)
        if node is not None and node.draining != on:
            node.draining = on
            if node.attached:
                self._board.tell_node(node, Drain(on))
            self._board.moved(node)

    def end_if_unfit(self, job: Job) -> None:
        """Ends a job that works on none of the nodes that there are."""
        nodes = [n for n in self._board.nodes.values() if (n.attached or n.leased) and not n.draining and n.slots]
        if nodes and all(node.name in job.unfit for node in nodes):
            assert job.trouble is not None, "it is set with every unfit node"
            self._board.end_job(job, "broken", job.trouble)

    def _wipe(self, node: Node) -> None:
        """The daemon is another one: nothing of what the old one had is left."""
        board = self._board
        self._lose_all(node)
        for key in list(node.shares):
            job = board.jobs[key]
            job.unfit.pop(node.name, None)
            board.leave(node, job)
        board.ladder.remove(node)
        board.changed.pop(node.name, None)
        board.reported.pop(node.name, None)

    def _lose_all(self, node: Node) -> None:
        board = self._board
        for found in [*board.found.values(), *(job.found for job in board.jobs.values() if job.found)]:
            found.node_gone(node.name)
        for key, share in list(node.shares.items()):
            job = board.jobs[key]
            share.missing = {}
            if len(share):
                board.lose(node, job, [row[0] for row in share.rows()])
            if job.unfit:
                self.end_if_unfit(job)

    def _forget_oldest(self) -> None:
        """Nodes that are gone for good are not remembered for ever."""
        nodes = self._board.nodes
        if len(nodes) <= _REMEMBERED_NODES:
            return
        gone = [node for node in nodes.values() if not node.attached and not node.leased]
        if gone:
            oldest = min(gone, key=lambda node: node.since)
            self._wipe(oldest)
            del nodes[oldest.name]

    # --- a node that has something from before ------------------------------------------------------------------

    def _reconcile(self, node: Node, holdings: dict[int, Holding]) -> None:
        board = self._board
        for key, share in node.shares.items():
            holding = holdings.get(key)
            share.told = False
            share.entries = min(holding.entries, len(board.jobs[key].log)) if holding is not None else 0
            listed = dict(holding.calls) if holding is not None else {}
            attempts = board.jobs[key].attempts
            held = {row[0]: attempts.get(row[0], 1) for row in share.rows()}
            share.missing = {call: attempt for call, attempt in held.items() if listed.get(call) != attempt}
            if share.missing:
                board.deadlines.set(("report", node.name), board.now + board.settings.report)
            if share.niceness != board.jobs[key].niceness:
                share.niceness = board.jobs[key].niceness
                board.tell_node(node, Renice(key, share.niceness))
        for key, holding in holdings.items():
            job = board.jobs.get(key)
            if job is not None:
                self._reconcile_job(node, job, holding)
            else:
                self._find(node, holding)

    def _reconcile_job(self, node: Node, job: Job, holding: Holding) -> None:
        board = self._board
        share = board.share_of(node, job)
        share.entries = min(holding.entries, len(job.log))
        void: list[CallRef] = []
        for call, attempt in holding.calls:
            if board.holds(node, job, call, attempt):
                continue
            if job.late.get(call) == node.name and job.attempts.get(call) == attempt:
                row = job.queue.discard(call)
                assert row is not None, "only waiting calls are late"
                board.hold(node, job, row, attempt)
                board.rest(job)
            elif job.found is not None and call > job.highest and self._has_room(job.found, 1):
                job.found.held[call] = (node.name, attempt)
            else:
                void.append((call, attempt))
        if job.found is not None:
            job.found.nodes.add(node.name)
        if void:
            board.tell_node(node, Stop(job.key, void))

    # --- a job that the master does not know (any more) -----------------------------------------------------------

    def _find(self, node: Node, holding: Holding) -> None:
        found = self._found(holding.job)
        if found is None or not self._has_room(found, len(holding.calls)):
            self._board.tell_node(node, DropJob(holding.job))
            return
        found.nodes.add(node.name)
        found.held.update((call, (node.name, attempt)) for call, attempt in holding.calls)

    def _found(self, key: int) -> Found | None:
        """What was found of a job; None if it is over, or if there are more than clients could open."""
        board = self._board
        if key in board.closed or (key not in board.found and len(board.found) >= board.settings.open_jobs):
            return None
        if key not in board.found:
            board.found[key] = Found()
            board.deadlines.set(("found", key), board.now + board.settings.found_grace)
        return board.found[key]

    def _has_room(self, found: Found, calls: int) -> bool:
        """Counts calls that a node says it has; false if nodes have said so of more than there can be."""
        board = self._board
        if board.found_calls + calls > board.settings.calls:
            return False
        board.found_calls += calls
        found.calls += calls
        return True

    def keeps_result(self, node: Node, job: Job | None, key: int, done: DoneRow, blobs: list[BlobRef]) -> bool:
        """Keeps the result of a call that its client may yet offer; false if it cannot be wanted, or is too large."""
        board = self._board
        found = self._found(key) if job is None else job.found
        if found is None or (job is not None and done[0] <= job.highest) or not self._has_room(found, 1):
            return False
        found.nodes.add(node.name)
        found.held.pop(done[0], None)
        if found.result_bytes + len(done[4]) > board.settings.kept_bytes:
            return False
        found.result_bytes += len(done[4])
        found.results[done[0]] = FoundResult(node.name, done, blobs)
        return True

    def forget_held(self, node: Node, job: Job | None, key: int, call: int) -> None:
        """The node does not have this call any more, which nobody has claimed."""
        found = job.found if job is not None else self._board.found.get(key)
        if found is not None and found.held.get(call, ("", 0))[0] == node.name:
            del found.held[call]

    def opened(self, job: Job) -> None:
        """The client has opened a job of which nodes may have something: now it will offer its calls."""
        board = self._board
        found = board.found.pop(job.key, None)
        if found is not None:
            job.found = found
            for name in found.nodes:
                if name in board.nodes:
                    board.share_of(board.nodes[name], job)
            for result in found.results.values():
                job.blobs.hold(result.node, result.blobs)
            board.deadlines.set(("found", job.key), board.now + board.settings.found_grace)

    def claim(self, job: Job, rows: dict[int, CallRow]) -> list[tuple[CallRow, FoundResult]]:
        """Takes calls out of `rows` that nodes have or have finished; those that are finished are returned."""
        found = job.found
        finished: list[tuple[CallRow, FoundResult]] = []
        if found is None:
            return finished
        for call in [call for call in rows if call in found.results or call in found.held]:
            row = rows.pop(call)
            if call in found.results:
                result = found.results.pop(call)
                found.result_bytes -= len(result.row[4])
                finished.append((row, result))
            else:
                name, attempt = found.held.pop(call)
                self._board.hold(self._board.nodes[name], job, row, attempt)
        return finished

    def found_over(self, key: int) -> None:
        """Nobody has claimed what is left."""
        board = self._board
        job = board.jobs.get(key)
        if job is None:
            found = board.found.pop(key)
            board.drop_found(key, found)
            freed = [name for result in found.results.values() for name, _size in result.blobs]
            board.out.extend(ReleaseBlob(key, name) for name in freed)
        else:
            assert job.found is not None
            found, job.found = job.found, None
            board.found_calls -= found.calls
            void: dict[str, list[CallRef]] = {}
            for call, (name, attempt) in found.held.items():
                void.setdefault(name, []).append((call, attempt))
            for name, calls in void.items():
                if board.nodes[name].attached:
                    board.tell_node(board.nodes[name], Stop(key, calls))
            for result in found.results.values():
                board.release_blobs(job, job.blobs.release(result.blobs))

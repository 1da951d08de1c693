"""The master's deciding half for jobs: events in, instructions out. No clock, no sockets, no logging.

The shell calls a method for each event, with `now` in seconds of a clock that never goes back, and after a batch of
events `tick` and then `take`, and carries out what it took, in order:

    node_attached("pc1", Attach(...), now)               JobStarted(key, ...)            write it down ...
    from_client(7, owner, OpenJob(key, ...), now)        ToClient(7, JobOpened(...))     ... once it has its number
    numbered(key, 12)                                    ToNode("pc1", JobAt, Code, CallKind, Run)
    from_client(7, owner, Submit(key, [...]), now)       ToClient(7, Results(...))
    from_node("pc1", Done(...), now)                     ... and a little later, for all that came meanwhile:
                                                         ToNode("pc1", Acknowledge(...))

What each event means is decided in `admission` (clients), `reports` (nodes' calls), `returning` (nodes that come and
go) and `feeding` (who gets which calls next); `board` holds what they share. Nobody else may change any of it.
"""

from __future__ import annotations

from collections.abc import Iterable

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.admission import Admission
from asyncluster.core.jobs.board import Board
from asyncluster.core.jobs.feeding import Feeding
from asyncluster.core.jobs.instructions import Instruction
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.records import JobRecord, NodeRecord, Owner
from asyncluster.core.jobs.reports import Reports
from asyncluster.core.jobs.returning import Returning
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.jobs.why import why
from asyncluster.core.wire.messages import Acknowledge, Attach, Failure, Message, Renice


class Dispatcher:
    """Decides which call runs where. See the module."""

    def __init__(self, settings: DispatchSettings) -> None:
        self._board = board = Board(settings)
        self._returning = Returning(board)
        self._reports = Reports(board, self._returning)
        self._admission = Admission(board, self._returning, self._reports)
        self._feeding = Feeding(board)

    # --- from nodes -------------------------------------------------------------------------------------------

    def node_attached(self, node: str, message: Attach, now: float) -> None:
        """A node is here, new or again; `node` is its name, unique. `Attached` was sent by the shell."""
        self._board.now = now
        self._returning.attach(node, message)

    def node_lost(self, node: str, now: float) -> None:
        """The node's connection is gone."""
        self._board.now = now
        self._returning.lost(node)

    def from_node(self, node: str, message: Message, now: float) -> None:
        """A node says something about calls or itself; `Output` and `Progress` are not the dispatcher's business.

        Raises:
            ProtocolError: a node does not say that; nothing has changed, and the shell closes the connection.
        """
        self._board.now = now
        attached = self._board.nodes.get(node)
        if attached is None or not attached.attached:
            raise ProtocolError("The node is not attached.")
        self._reports.receive(attached, message)

    def works_on(self, node: str, key: int) -> bool:
        """Whether the node has been given this job, so that it may speak of it."""
        return key in self._board.jobs and node in self._board.jobs[key].nodes

    def node_has(self, node: str, environments: Iterable[str], now: float) -> None:
        """The node has these environments now, and no others; jobs that need one of the others do not go there."""
        board = self._board
        board.now = now
        attached = board.nodes.get(node)
        if attached is not None:
            attached.environments = frozenset({"", *environments})
            board.moved(attached)

    # --- from clients -----------------------------------------------------------------------------------------

    def from_client(self, client: int, owner: Owner, message: Message, now: float) -> None:
        """A job client says something. `client` is its connection: never used again for another one.

        Raises:
            ProtocolError: the message makes no sense; nothing has changed, and the shell closes the connection.
        """
        self._board.now = now
        self._admission.receive(client, owner, message)

    def refuse_job(self, client: int, key: int, failure: Failure, now: float) -> None:
        """A job that a client opens cannot be, for a reason of the shell's; there is none of that key yet."""
        self._board.now = now
        self._admission.refuse(client, key, failure)

    def client_lost(self, client: int, now: float) -> None:
        """The client's connection is gone."""
        self._board.now = now
        self._admission.lost(client)

    def client_reads(self, client: int, on: bool, now: float) -> None:
        """The client does not read what it is sent, so its jobs get no more workers; or it reads again."""
        self._board.now = now
        self._admission.reads(client, on)

    # --- from operators and the history -----------------------------------------------------------------------

    def drain(self, node: str, on: bool, now: float) -> None:
        """Lets a node become empty, or work again. It may be away: it is told when it comes."""
        self._board.now = now
        self._returning.drain(node, on)

    def cancel_job(self, key: int, by: str, now: float) -> bool:
        """Ends a job in the name of `by`; false if there is no such job."""
        return self.end_job(key, Failure("cancelled", f"The job was cancelled by {by}."), now)

    def end_job(self, key: int, failure: Failure, now: float) -> bool:
        """Ends a job, whose client is told why; false if there is no such job."""
        self._board.now = now
        job = self._board.jobs.get(key)
        if job is not None:
            self._board.end_job(job, "cancelled" if failure.kind == "cancelled" else "broken", failure)
        return job is not None

    def renice(self, key: int, niceness: int, now: float) -> bool:
        """Changes what share of the workers a job gets; false if there is no such job."""
        self._board.now = now
        job = self._board.jobs.get(key)
        if job is None:
            return False
        job.renice(niceness)
        for node in job.nodes.values():
            if node.attached:
                node.shares[key].niceness = niceness
                self._board.tell_node(node, Renice(key, niceness))
        return True

    def numbered(self, key: int, number: int) -> None:
        """The history has written the job down: now it may run."""
        job = self._board.jobs.get(key)
        if job is not None and job.number is None:
            job.number = number
            self._admission.opened(job)
            self._board.wake(job)

    # --- time and output --------------------------------------------------------------------------------------

    def tick(self, now: float) -> float | None:
        """Does what is due; returns when it wants to be called at the latest, None if never."""
        board = self._board
        board.now = now
        for what, whom in board.deadlines.due(now):
            match what, whom:
                case "lease", str(name):
                    self._returning.lease_over(name)
                case "report", str(name):
                    self._returning.report_over(name)
                case "rest", str(name):
                    self._returning.rest_over(name)
                case "client", int(key):
                    self._admission.away_over(key)
                case "found", int(key):
                    self._returning.found_over(key)
                case "acknowledge", _:
                    self._acknowledge()
        self._feeding.settle()
        return board.deadlines.next()

    def take(self) -> list[Instruction]:
        """What is to be done now, in order."""
        board = self._board
        self._feeding.settle()
        taken, board.out = board.out, []
        return taken

    def _acknowledge(self) -> None:
        board = self._board
        for node in board.reported.values():
            if node.attached and node.acknowledged < node.serial:
                node.acknowledged = node.serial
                board.tell_node(node, Acknowledge(node.serial))
        board.reported.clear()

    # --- for listings and feeds -------------------------------------------------------------------------------

    def jobs(self) -> list[JobRecord]:
        return [job.record() for job in self._board.jobs.values()]

    def nodes(self) -> list[NodeRecord]:
        return [node.record() for node in self._board.nodes.values()]

    def job(self, key: int) -> JobRecord | None:
        job = self._board.jobs.get(key)
        return job.record() if job is not None else None

    def node(self, name: str) -> NodeRecord | None:
        node = self._board.nodes.get(name)
        return node.record() if node is not None else None

    def environments(self) -> set[str]:
        """Keys of the environments that open jobs have."""
        return {job.environment for job in self._board.jobs.values()} - {""}

    def key_of(self, number: int) -> int | None:
        """The key of the open job that people call `number`."""
        return next((job.key for job in self._board.jobs.values() if job.number == number), None)

    def why(self, key: int, now: float) -> str:
        """In one sentence, why this job is not running, or that it is."""
        self._board.now = now
        job: Job | None = self._board.jobs.get(key)
        if job is None:
            ended = self._board.closed.get(key)
            return f"The job is over: {ended.message}" if ended is not None else "There is no such job."
        return why(job, list(self._board.nodes.values()), self._board.jobs.values())

"""A dispatcher whose nodes and clients are lists: what they are sent is recorded, what they say is up to the test.

`desk` is the fixture. Time is `desk.now`; nothing happens before `desk.turn()`, which is one turn of the shell.
"""

from __future__ import annotations

from collections import defaultdict

import pytest

from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.instructions import Instruction, JobStarted, ToClient, ToNode
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    Attach,
    Broke,
    CallKind,
    Code,
    Done,
    DoneLarge,
    Failed,
    Failure,
    Holding,
    Message,
    OpenJob,
    ResultLarge,
    Results,
    Returned,
    Run,
    RunLarge,
    Submit,
    Telemetry,
    Update,
)

JOB = 4711
PLAIN, ONCE, CHUNK, TIMED = 0, 1, 2, 3  # call kinds of every job
ENTRIES = 5  # code and kinds
OWNER = Owner(1000, "ann")


def attach(name: str, workers: int = 2, instance: int = 1, holding: list[Holding] | None = None) -> Attach:
    return Attach(1, name, instance, "1.0", "3.11", workers, workers, 0, [], "", 0, holding or [])


def telemetry(state: str = "run") -> Telemetry:
    return Telemetry([], 0.0, 0, state, {}, {})


def log(job: int = JOB) -> list[Message]:
    return [
        Code(job, 0, b"code"),
        CallKind(job, 1, PLAIN, "f", b"f"),
        CallKind(job, 2, ONCE, "f", b"f", retries=0),
        CallKind(job, 3, CHUNK, "f", b"f", chunked=True),
        CallKind(job, 4, TIMED, "f", b"f", timeout=5.0),
    ]


class Desk:
    """Says what nodes and clients say.

    Attributes:
        new: what the last turn brought.
        attempts: of each call the number of the latest attempt that was handed out, by (job, call).
    """

    def __init__(self, settings: DispatchSettings | None = None) -> None:
        self.dispatcher = Dispatcher(settings or DispatchSettings())
        self.now = 100.0
        self.new: list[Instruction] = []
        self.attempts: dict[tuple[int, int], int] = {}
        self.wake: float | None = None
        self._serials: dict[str, int] = defaultdict(int)
        self._numbers = 0

    # --- what happens -----------------------------------------------------------------------------------------

    def attach(self, name: str, workers: int = 2, instance: int = 1, holding: list[Holding] | None = None) -> None:
        self.dispatcher.node_attached(name, attach(name, workers, instance, holding), self.now)

    def lose(self, name: str) -> None:
        self.dispatcher.node_lost(name, self.now)

    def node(self, name: str, message: Message) -> None:
        self.dispatcher.from_node(name, message, self.now)

    def client(self, message: Message, client: int = 1, owner: Owner = OWNER) -> None:
        self.dispatcher.from_client(client, owner, message, self.now)

    def open(self, job: int = JOB, client: int = 1, niceness: int = 0, owner: Owner = OWNER) -> None:
        """Opens a job with its usual log; its number comes at once."""
        self.client(OpenJob(job, f"job{job}", niceness), client, owner)
        self.turn()
        for entry in log(job):
            self.client(entry, client, owner)

    def submit(self, *calls: int, job: int = JOB, kind: int = PLAIN, count: int = 1, client: int = 1) -> None:
        self.client(Submit(job, [(call, kind, count, b"args") for call in calls]), client)

    def update(self, index: int, job: int = JOB) -> None:
        self.client(Update(job, index, b"update"))

    def serial(self, name: str) -> int:
        self._serials[name] += 1
        return self._serials[name]

    def done(
        self, name: str, *calls: int, micros: int = 1000, job: int = JOB, attempt: int | None = None, outcome: int = 0
    ) -> None:
        rows = [(n, attempt or self.attempts[job, n], outcome, micros, b"result") for n in calls]
        self.node(name, Done(self.serial(name), job, rows))

    def done_large(self, name: str, call: int, blobs: list[tuple[bytes, int]], job: int = JOB) -> None:
        row = (call, self.attempts[job, call], 0, 1000, b"")
        self.node(name, DoneLarge(self.serial(name), job, row, blobs))

    def broke(self, name: str, call: int, kind: str = "crashed", job: int = JOB, attempt: int | None = None) -> None:
        failure = Failure(kind, "It died.")  # type: ignore[arg-type]
        self.node(name, Broke(self.serial(name), job, (call, attempt or self.attempts[job, call]), failure))

    def give_back(self, name: str, *calls: int, job: int = JOB) -> None:
        self.node(name, Returned(self.serial(name), job, [(n, self.attempts[job, n]) for n in calls]))

    def advance(self, seconds: float) -> None:
        self.now += seconds
        self.turn()

    # --- what comes of it -------------------------------------------------------------------------------------

    def turn(self) -> None:
        """One turn of the shell; jobs get their numbers at once."""
        self.wake = self.dispatcher.tick(self.now)
        self.new = self.dispatcher.take()
        started = [one for one in self.new if isinstance(one, JobStarted)]
        for one in started:
            self._numbers += 1
            self.dispatcher.numbered(one.key, self._numbers)
        if started:
            self.new += self.dispatcher.take()
        for one in self.new:
            if isinstance(one, ToNode) and isinstance(one.message, Run | RunLarge):
                for row in one.message.rows if isinstance(one.message, Run) else [one.message.row]:
                    self.attempts[one.message.job, row[0]] = row[1]

    def to_node(self, name: str, *kinds: type[Message]) -> list[Message]:
        """What the last turn sent to a node."""
        return [
            one.message
            for one in self.new
            if isinstance(one, ToNode) and one.node == name and (not kinds or isinstance(one.message, kinds))
        ]

    def to_client(self, client: int = 1, *kinds: type[Message]) -> list[Message]:
        """What the last turn sent to a client."""
        return [
            one.message
            for one in self.new
            if isinstance(one, ToClient) and one.client == client and (not kinds or isinstance(one.message, kinds))
        ]

    def runs(self, name: str, job: int = JOB) -> list[int]:
        """Calls that the last turn handed to a node, in order."""
        return [row[0] for m in self.to_node(name, Run) if m.job == job for row in m.rows]  # type: ignore[attr-defined]

    def results(self, client: int = 1) -> list[int]:
        """Calls whose results the last turn sent to a client."""
        small = [row[0] for m in self.to_client(client, Results) for row in m.rows]  # type: ignore[attr-defined]
        return small + [m.row[0] for m in self.to_client(client, ResultLarge)]  # type: ignore[attr-defined]

    def failures(self, client: int = 1) -> dict[int, str]:
        """Calls that the last turn failed, with the kind of their failure."""
        return {
            call: m.failure.kind  # type: ignore[attr-defined]
            for m in self.to_client(client, Failed)
            for call, _attempt in m.calls  # type: ignore[attr-defined]
        }


@pytest.fixture
def desk() -> Desk:
    """A desk with nothing on it."""
    return Desk()


@pytest.fixture
def office() -> Desk:
    """A desk with two nodes of two slots, `a` and `b`, and an open job."""
    desk = Desk()
    desk.attach("a")
    desk.attach("b", instance=2)
    desk.open()
    desk.turn()
    return desk


def check_sums(dispatcher: Dispatcher) -> None:
    """What the dispatcher counts is what there is, whatever it was told."""
    board = dispatcher._board
    for node in board.nodes.values():
        assert node.outstanding == sum(map(len, node.shares.values()))
        assert node.slow == sum(len(share.slow) for share in node.shares.values())
        assert node.idle_blob_bytes == sum(node.idle_blobs.values())
    for job in board.jobs.values():
        assert job.running == sum(len(node.shares[job.key]) for node in job.nodes.values())
        assert job.large.keys() <= {row[0] for row in job.queue} | {
            row[0] for node in job.nodes.values() for row in node.shares[job.key].rows()
        }
    held = [*board.found.values(), *(job.found for job in board.jobs.values() if job.found)]
    assert board.found_calls == sum(found.calls for found in held)
    assert not any(job.unread or not job.queue for job in board.runnable.values())
    assert board.calls == sum(len(job.queue) + job.running for job in board.jobs.values())

"""A brain between a master and workers that the test plays: lists of messages, pages, and time that it moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.bench import BrainSettings
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.worker.page import Glance

JOB = 77
QUICK, ONCE, TIMED = 1, 2, 3
IDLE = Glance(0, 0, None, None)


class Node:
    """Attributes:
    workers: what each living worker was sent, by number.
    master: what the master was sent.
    gone: workers that were killed.
    """

    def __init__(self, slots: int = 2, **settings: Any) -> None:
        self.now = 1000.0
        self.pages: dict[int, Glance] = {}
        self.workers: dict[int, list[m.Message]] = {}
        self.master: list[m.Message] = []
        self.killed: list[int] = []
        self.others: list[i.Instruction] = []
        self.brain = Brain(BrainSettings(slots, **settings), self.look, self.now)
        self.brain.connected("node1", self.now)
        self.carry_out()

    def look(self, worker: int) -> Glance:
        return self.pages.get(worker, IDLE)

    def carry_out(self) -> None:
        for instruction in self.brain.take():
            match instruction:
                case i.Spawn(worker):
                    self.workers[worker] = []
                case i.ToWorker(worker, message):
                    assert worker not in self.killed
                    self.workers[worker].append(message)
                case i.ToMaster(message):
                    self.master.append(message)
                case i.Kill(worker):
                    assert worker not in self.killed
                    self.killed.append(worker)
                case _:
                    self.others.append(instruction)

    # --- the master ---

    def send(self, *messages: m.Message) -> None:
        for message in messages:
            self.brain.from_master(message, self.now)
        self.carry_out()

    def open(self, job: int = JOB, niceness: int = 0) -> None:
        self.send(
            m.JobAt(job, 1, "cauchy", "alice", niceness),
            m.Code(job, 0, b"code"),
            m.CallKind(job, 1, QUICK, "f", b"f"),
            m.CallKind(job, 2, ONCE, "g", b"g", retries=0),
            m.CallKind(job, 3, TIMED, "h", b"h", timeout=5.0),
        )

    def run(self, *calls: int, kind: int = QUICK, job: int = JOB, attempt: int = 1) -> None:
        self.send(m.Run(job, [(call, attempt, kind, b"%d" % call) for call in calls]))

    def told(self, kind: type[m.Message]) -> list[Any]:
        """Takes what the master was told of this kind."""
        found = [message for message in self.master if isinstance(message, kind)]
        self.master = [message for message in self.master if not isinstance(message, kind)]
        return found

    # --- workers ---

    def ready(self, *workers: int) -> None:
        for worker in workers or list(self.workers):
            self.brain.worker_ready(worker, self.now)
        self.carry_out()

    def given(self, worker: int) -> list[int]:
        """Calls that a worker was given, in order."""
        return [
            row[0]
            for message in self.workers[worker]
            if isinstance(message, m.Run | m.RunLarge)
            for row in (message.rows if isinstance(message, m.Run) else [message.row])
        ]

    def has(self, call: int) -> int:
        """The worker that was given a call last."""
        return max(worker for worker in self.workers if call in self.given(worker))

    def begin(self, worker: int, call: int, attempt: int = 1) -> None:
        self.pages[worker] = Glance(call, attempt, self.now, None)

    def finish(self, worker: int, *calls: int, seconds: float = 0.001, job: int = JOB, attempt: int = 1) -> None:
        rows = [(call, attempt, m.RETURNED, int(seconds * 1e6), b"r%d" % call) for call in calls]
        self.pages[worker] = Glance(calls[-1], attempt, None, None)
        self.brain.from_worker(worker, m.Done(0, job, rows), self.now)
        self.carry_out()

    def exit(self, worker: int, **how: Any) -> None:
        self.brain.worker_exited(worker, i.Exit(**(how or {"signal": 9})), self.now)
        self.workers.pop(worker, None)
        if worker in self.killed:
            self.killed.remove(worker)
        self.carry_out()

    # --- the rest ---

    def pass_time(self, seconds: float) -> float | None:
        self.now += seconds
        wish = self.brain.tick(self.now)
        self.carry_out()
        return wish

    def people(self, count: int) -> None:
        self.brain.people(count, self.now)
        self.carry_out()

    def warm(self, *, job: int = JOB) -> None:
        """Lets the node learn that calls are quick: two workers, 1 ms a call."""
        self.run(9001, 9002, job=job)
        for call in (9001, 9002):
            worker = self.has(call)
            self.ready(worker)
            self.finish(worker, call, seconds=1 / 1024, job=job)
        self.told(m.Done)


@pytest.fixture
def make_node() -> Callable[..., Node]:
    return Node


@pytest.fixture
def node() -> Node:
    node = Node()
    node.ready()
    node.open()
    return node

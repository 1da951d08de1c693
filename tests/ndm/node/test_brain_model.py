"""Whatever happens in whatever order: no call is lost, none counts twice, none that may run once runs twice."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.bench import BrainSettings
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.worker.page import Glance

JOBS = (5, 6)
QUICK, ONCE, TIMED = 1, 2, 3
SLOTS = 2


class FakeWorker:
    """A worker process: takes messages when it looks, runs rows in order, may die."""

    def __init__(self) -> None:
        self.sent: list[m.Message] = []
        self.rows: list[m.RunRow] = []
        self.job = 0
        self.log = 0
        self.current: m.RunRow | None = None
        self.finished: list[m.DoneRow] = []
        self.page = Glance(0, 0, None, None)
        self.stopped = False
        self.killed = False

    def look(self) -> None:
        for message in self.sent:
            match message:
                case m.WorkerSetup():
                    assert self.job == 0
                    self.job = message.job
                case m.Code() | m.CallKind() | m.Update():
                    assert message.job == self.job
                    assert message.index == self.log
                    self.log += 1
                case m.Run():
                    assert message.job == self.job
                    self.rows += message.rows
                case m.Skip():
                    self.rows = [row for row in self.rows if row[:2] not in message.calls]
        self.sent.clear()

    def has(self) -> set[tuple[int, int]]:
        """Calls that it has been sent and not reported."""
        sent = [(message.job, row[0]) for message in self.sent if isinstance(message, m.Run) for row in message.rows]
        rows = [*self.rows, *self.finished, *([self.current] if self.current else [])]
        return {*sent, *((self.job, row[0]) for row in rows)}

    def begin(self, now: float) -> m.RunRow:
        self.current = self.rows.pop(0)
        self.page = Glance(self.current[0], self.current[1], now, None)
        return self.current

    def end(self, micros: int) -> None:
        assert self.current is not None
        call, attempt = self.current[:2]
        self.finished.append((call, attempt, m.RETURNED, micros, b""))
        self.page = Glance(call, attempt, None, None)
        self.current = None


class BrainMachine(RuleBasedStateMachine):
    @initialize(policy=st.sampled_from(["run", "nice", "suspend", "stop"]))
    def start(self, policy: str) -> None:
        self.now = 100.0
        self.workers: dict[int, FakeWorker] = {}
        self.graves: dict[int, FakeWorker] = {}
        self.connected = True
        self.serial = 0
        self.acknowledged = 0
        self.calls = 0
        #: what the master thinks that the node has: (job, call) -> (attempt, kind)
        self.held: dict[tuple[int, int], tuple[int, int]] = {}
        self.ended: dict[tuple[int, int], str] = {}
        self.begun: dict[tuple[int, int], int] = {}
        self.entries = dict.fromkeys(JOBS, 4)
        self.brain = Brain(BrainSettings(SLOTS, 10, policy), self.page, self.now)
        self.brain.connected("node1", self.now)
        for job in JOBS:
            self.brain.from_master(m.JobAt(job, job, "j", "o", job), self.now)
            self.brain.from_master(m.Code(job, 0, b""), self.now)
            self.brain.from_master(m.CallKind(job, 1, QUICK, "q", b""), self.now)
            self.brain.from_master(m.CallKind(job, 2, ONCE, "o", b"", retries=0), self.now)
            self.brain.from_master(m.CallKind(job, 3, TIMED, "t", b"", timeout=1.0), self.now)
        self.carry_out()

    def page(self, number: int) -> Glance:
        worker = self.workers.get(number) or self.graves.get(number)
        return worker.page if worker else Glance(0, 0, None, None)

    def carry_out(self) -> None:
        for instruction in self.brain.take():
            match instruction:
                case i.Spawn(number):
                    self.workers[number] = FakeWorker()
                case i.ToWorker(number, message):
                    assert not self.workers[number].killed
                    self.workers[number].sent.append(message)
                case i.Kill(number):
                    assert not self.workers[number].killed
                    self.workers[number].killed = True
                case i.Suspend(number):
                    self.workers[number].stopped = True
                case i.Continue(number):
                    self.workers[number].stopped = False
                case i.ToMaster(message):
                    assert self.connected
                    self.told(message)

    def told(self, message: m.Message) -> None:
        serial = getattr(message, "serial", None)
        if serial is None or serial <= self.serial:
            return  # sent again after a reconnect
        assert serial == self.serial + 1
        self.serial = serial
        match message:
            case m.Done():
                for row in message.rows:
                    self.report(message.job, row[:2], "done")
            case m.Broke():
                self.report(message.job, message.call, message.failure.kind)
            case m.Returned():
                for ref in message.calls:
                    self.report(message.job, ref, "returned")

    def report(self, job: int, ref: m.CallRef, how: str) -> None:
        attempt, kind = self.held.pop((job, ref[0]))
        assert attempt == ref[1]
        assert not (how == "returned" and kind == ONCE and self.begun.get((job, ref[0]))), "it must not run again"
        assert how != "timeout" or kind == TIMED
        if how != "returned":
            self.ended[job, ref[0]] = how

    # --- the master ---

    @rule(job=st.sampled_from(JOBS), kind=st.sampled_from([QUICK, ONCE, TIMED]), count=st.integers(1, 30))
    def run(self, job: int, kind: int, count: int) -> None:
        if not self.connected:
            return
        rows = []
        for _ in range(count):
            self.calls += 1
            rows.append((self.calls, 1, kind, b""))
            self.held[job, self.calls] = 1, kind
        self.brain.from_master(m.Run(job, rows), self.now)
        self.carry_out()

    @precondition(lambda self: self.connected)
    @rule(data=st.data())
    def stop(self, data: st.DataObject) -> None:
        if self.held:
            job, call = data.draw(st.sampled_from(sorted(self.held)))
            attempt, _ = self.held.pop((job, call))
            self.brain.from_master(m.Stop(job, [(call, attempt)]), self.now)
            self.carry_out()

    @precondition(lambda self: self.connected)
    @rule(job=st.sampled_from(JOBS), count=st.integers(0, 5))
    def recall(self, job: int, count: int) -> None:
        self.brain.from_master(m.Recall(job, count), self.now)
        self.carry_out()

    @precondition(lambda self: self.connected)
    @rule(on=st.booleans())
    def drain(self, on: bool) -> None:
        self.brain.from_master(m.Drain(on), self.now)
        self.carry_out()

    @precondition(lambda self: self.connected)
    @rule(job=st.sampled_from(JOBS))
    def update(self, job: int) -> None:
        self.brain.from_master(m.Update(job, self.entries[job], b""), self.now)
        self.entries[job] += 1
        self.carry_out()

    @precondition(lambda self: self.connected)
    @rule()
    def acknowledge(self) -> None:
        self.brain.from_master(m.Acknowledge(self.serial), self.now)
        self.carry_out()

    @rule()
    def reconnect(self) -> None:
        if self.connected:
            self.brain.disconnected(self.now)
        else:
            held = {(holding.job, *ref) for holding in self.brain.holding() for ref in holding.calls}
            self.connected = True
            self.brain.connected("node1", self.now)
            self.carry_out()
            assert held == {(job, call, attempt) for (job, call), (attempt, _) in self.held.items()}
            return
        self.connected = False
        self.carry_out()

    # --- workers ---

    def alive(self) -> list[int]:
        return [n for n, worker in self.workers.items() if not worker.stopped and not worker.killed]

    @rule(data=st.data(), micros=st.sampled_from([10, 1000, 100_000]), count=st.integers(1, 20))
    def work(self, data: st.DataObject, micros: int, count: int) -> None:
        """A worker looks at its messages, runs some rows and reports them."""
        if not self.alive():
            return
        number = data.draw(st.sampled_from(self.alive()))
        worker = self.workers[number]
        self.brain.worker_ready(number, self.now)
        worker.look()
        if worker.current is not None:
            worker.end(micros)
        for _ in range(count):
            if worker.rows:
                self.begin(worker)
                worker.end(micros)
        if worker.finished:
            rows, worker.finished = worker.finished, []
            self.brain.from_worker(number, m.Done(0, worker.job, rows), self.now)
        self.carry_out()

    @rule(data=st.data(), finish=st.booleans())
    def begin_only(self, data: st.DataObject, finish: bool) -> None:
        """A worker is in the middle of a row, or has a result that it has not sent yet."""
        if not self.alive():
            return
        worker = self.workers[data.draw(st.sampled_from(self.alive()))]
        worker.look()
        if worker.current is None and worker.rows:
            self.begin(worker)
        if finish and worker.current is not None:
            worker.end(1000)

    def begin(self, worker: FakeWorker) -> None:
        call, _, kind, _ = worker.begin(self.now)
        key = worker.job, call
        self.begun[key] = self.begun.get(key, 0) + 1
        assert kind != ONCE or self.begun[key] == 1, "it may run only once"

    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        if self.alive():
            self.bury(data.draw(st.sampled_from(self.alive())))

    @rule()
    def bury_the_killed(self) -> None:
        for number in [number for number, worker in self.workers.items() if worker.killed]:
            self.bury(number)

    def bury(self, number: int) -> None:
        self.graves[number] = self.workers.pop(number)
        self.brain.worker_exited(number, i.Exit(signal=9), self.now)
        self.carry_out()

    # --- people and time ---

    @rule(count=st.integers(0, 2))
    def people(self, count: int) -> None:
        self.brain.people(count, self.now)
        self.carry_out()

    @rule(seconds=st.sampled_from([0.01, 0.06, 1.5, 40.0, 700.0]))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.brain.tick(self.now)
        self.carry_out()

    # --- what must hold ---

    @invariant()
    def nothing_is_lost(self) -> None:
        held = {(holding.job, call) for holding in self.brain.holding() for call, _ in holding.calls}
        assert held <= self.held.keys()
        if self.connected:
            assert held == self.held.keys()

    @invariant()
    def no_more_work_than_slots(self) -> None:
        assert sum(self.brain.running().values()) <= SLOTS

    @invariant()
    def no_call_waits_while_a_slot_is_free(self) -> None:
        dying = sum(1 for worker in self.workers.values() if worker.killed and (worker.job or worker.sent))
        if self.brain.state in ("run", "nice") and sum(self.brain.running().values()) + dying < SLOTS:
            held = {(holding.job, call) for holding in self.brain.holding() for call, _ in holding.calls}
            assert self.brain.trouble or held <= {key for worker in self.workers.values() for key in worker.has()}

    def teardown(self) -> None:
        """Left in peace, the node ends every call."""
        if not hasattr(self, "brain"):
            return
        if not self.connected:
            self.reconnect()
        self.brain.people(0, self.now)
        self.brain.from_master(m.Drain(False), self.now)
        self.carry_out()
        for _ in range(len(self.held) + 50):
            self.bury_the_killed()
            for number in self.alive():
                worker = self.workers[number]
                self.brain.worker_ready(number, self.now)
                worker.look()
                if worker.current is not None:
                    worker.end(1000)
                while worker.rows:
                    self.begin(worker)
                    worker.end(1000)
                if worker.finished:
                    rows, worker.finished = worker.finished, []
                    self.brain.from_worker(number, m.Done(0, worker.job, rows), self.now)
                self.carry_out()
            self.pass_time(1.0)
        assert not self.held


BrainMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, suppress_health_check=[HealthCheck.too_slow]
)
TestBrain = BrainMachine.TestCase

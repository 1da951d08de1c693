"""Random histories against a model of nodes and clients, after each step the guarantees, at the end that all is done.

The nodes of the model are honest but unlucky: connections break with messages under way in both directions, daemons
restart, workers die, people sit down. The client's connection breaks, too. What must hold is in the `invariant`s and
in the `assert`s of what nodes and client receive; nothing of the dispatcher's own bookkeeping is trusted for it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from msgspec.structs import replace
from support.dispatch_desk import CHUNK, JOB, ONCE, OWNER, PLAIN, Desk, attach, log, telemetry

from asyncluster.core.jobs.instructions import JobClosed, ToClient, ToNode
from asyncluster.core.jobs.job import Job
from asyncluster.core.jobs.ladder import rung_of
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    Acknowledge,
    Broke,
    CallKind,
    Cancel,
    Code,
    Done,
    Drain,
    DropJob,
    Failed,
    Failure,
    Holding,
    JobAt,
    JobOpened,
    Message,
    OpenJob,
    Recall,
    Results,
    Returned,
    Run,
    Stop,
    Submit,
    Update,
)

NAMES = ("a", "b", "c")
LEASE = 15.0


@dataclass
class Reports:
    """What a node has sent or would send: numbered, kept until acknowledged."""

    serial: int = 0
    kept: dict[int, Message] = field(default_factory=dict)


@dataclass
class ModelNode:
    """A node daemon: `calls` it has, in order, with attempt and kind; `wire` is under way to it."""

    name: str
    instance: int
    slots: int
    attached: bool = True
    calls: dict[int, tuple[int, int]] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    entries: int = 0
    knows: bool = False
    wire: list[Message] = field(default_factory=list)
    up: list[Message] = field(default_factory=list)
    reports: Reports = field(default_factory=Reports)

    def report(self, kind: type[Message], *fields: Any) -> None:
        """Sends a numbered message, or keeps it for the next connection."""
        self.reports.serial += 1
        message = kind(self.reports.serial, JOB, *fields)
        self.reports.kept[self.reports.serial] = message
        if self.attached:
            self.up.append(message)


class Cluster(RuleBasedStateMachine):
    """One job, three nodes, one client."""

    def __init__(self) -> None:
        super().__init__()
        self.desk_settings = DispatchSettings(lease=LEASE)
        self.desk = Desk(self.desk_settings)
        self.nodes: dict[str, ModelNode] = {}
        self.instances = 0
        self.log: list[Message] = log()
        self.sent_log = 0
        self.next_call = 0
        self.pending: dict[int, tuple[int, int]] = {}  # kind and count
        self.ended: Counter[int] = Counter()
        self.begun_once: Counter[int] = Counter()
        self.crashes: Counter[int] = Counter()
        self.connection = 1
        self.connected = True
        self.away = 0.0
        self._say(OpenJob(JOB, "model", 0))
        self.turn()

    # --- the client -------------------------------------------------------------------------------------------

    def _say(self, message: Message) -> None:
        self.desk.client(message, self.connection, OWNER)

    def _offer(self, calls: list[int]) -> None:
        if calls:
            self._say(Submit(JOB, [(n, *self.pending[n], b"args") for n in calls]))

    @rule(count=st.integers(1, 12), kind=st.sampled_from([PLAIN, PLAIN, ONCE, CHUNK]))
    def submit(self, count: int, kind: int) -> None:
        calls = list(range(self.next_call, self.next_call + count))
        self.next_call += count
        self.pending.update((n, (kind, 10 if kind == CHUNK else 1)) for n in calls)
        if self.connected:
            self._offer(calls)
            self.turn()

    @precondition(lambda self: self.connected)
    @rule()
    def update(self) -> None:
        self.log.append(Update(JOB, len(self.log), b"update"))
        self._say(self.log[-1])
        self.turn()

    @precondition(lambda self: self.connected and self.pending)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        calls = data.draw(st.lists(st.sampled_from(sorted(self.pending)), unique=True, max_size=4))
        self._say(Cancel(JOB, [*calls, 10**6]))
        self.turn()
        assert not self.pending.keys() & set(calls), "a cancelled call ends at once"

    @precondition(lambda self: self.connected)
    @rule()
    def client_breaks(self) -> None:
        self.connected = False
        self.desk.dispatcher.client_lost(self.connection, self.desk.now)
        self.turn()

    @precondition(lambda self: not self.connected)
    @rule()
    def client_is_back(self) -> None:
        self.connected, self.away = True, 0.0
        self.connection += 1
        self._say(OpenJob(JOB, "model", 0))
        self.turn()
        self._offer(list(self.pending))
        self.turn()

    @rule(seconds=st.sampled_from([0.0, 5.0, 40.0]))
    def master_restarts(self, seconds: float) -> None:
        """All connections break, and the new master knows nothing. The client gives up what may run only once."""
        now = self.desk.now + seconds
        self.desk = Desk(self.desk_settings)
        self.desk.now = now
        self.connected = False
        for node in self.nodes.values():
            node.attached = False
            node.wire.clear()
            node.up.clear()
        for call in [call for call, (kind, _count) in self.pending.items() if kind == ONCE]:
            self._end(call)
        self.client_is_back()

    def _receive(self, message: Message) -> None:
        match message:
            case JobOpened():
                for entry in self.log[message.entries :]:
                    self._say(entry)
            case Results():
                for row in message.rows:
                    attempt = self.desk.attempts.get((JOB, row[0]), row[1])  # a call claimed was not handed out
                    assert row[4] == b"%d %d" % (row[0], attempt), "a void attempt"
                    self._end(row[0])
            case Failed():
                for call, _attempt in message.calls:
                    self._end_failed(call, message.failure.kind)

    def _end(self, call: int) -> None:
        assert call in self.pending, "a call ended twice"
        del self.pending[call]
        self.ended[call] += 1

    def _end_failed(self, call: int, kind: str) -> None:
        assert call in self.pending, "a call ended twice"
        call_kind = self.pending[call][0]
        if kind == "crashed":
            assert self.crashes[call] >= (1 if call_kind == ONCE else 3), "blamed for what it did not do"
        if kind == "node lost":
            assert call_kind == ONCE, "the call could have run again"
        assert (kind == "split") <= (call_kind == CHUNK)
        self._end(call)

    # --- nodes come and go ------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(NAMES), slots=st.integers(1, 3))
    def attach(self, name: str, slots: int) -> None:
        """A new node, the same daemon after a broken connection, or a new connection before the old one broke."""
        node = self.nodes.get(name)
        if node is None:
            self.instances += 1
            node = self.nodes[name] = ModelNode(name, self.instances, slots)
        self._connect(node)

    @rule(name=st.sampled_from(NAMES), slots=st.integers(1, 3))
    def restart(self, name: str, slots: int) -> None:
        self.instances += 1
        self.nodes[name] = ModelNode(name, self.instances, slots)
        self._connect(self.nodes[name])

    def _connect(self, node: ModelNode) -> None:
        node.attached = True
        node.wire.clear()
        node.up = list(node.reports.kept.values())
        calls = [(call, attempt) for call, (attempt, _kind) in node.calls.items()]
        holding = [Holding(JOB, calls, node.entries)] if node.knows else []
        node_attach = attach(node.name, node.slots, node.instance, holding)
        self.desk.dispatcher.node_attached(node.name, node_attach, self.desk.now)
        self.turn()

    @precondition(lambda self: any(node.attached for node in self.nodes.values()))
    @rule(data=st.data())
    def connection_breaks(self, data: st.DataObject) -> None:
        self._break(data.draw(st.sampled_from([node for node in self.nodes.values() if node.attached])))

    def _break(self, node: ModelNode) -> None:
        node.attached = False
        node.wire.clear()
        node.up.clear()
        self.desk.lose(node.name)
        self.turn()

    @rule(seconds=st.sampled_from([0.06, 1.0, 6.0, 16.0]))
    def time_passes(self, seconds: float) -> None:
        if not self.connected:
            seconds = min(seconds, 29.0 - self.away)  # or the job would be given up; not the subject here
            self.away += seconds
        self.desk.now += seconds
        self.turn()

    @rule(name=st.sampled_from(NAMES), on=st.booleans())
    def drain(self, name: str, on: bool) -> None:
        self.desk.dispatcher.drain(name, on, self.desk.now)
        self.turn()

    @precondition(lambda self: any(node.attached for node in self.nodes.values()))
    @rule(data=st.data(), state=st.sampled_from(["run", "nice", "suspend", "stop"]))
    def people(self, data: st.DataObject, state: str) -> None:
        node = data.draw(st.sampled_from([node for node in self.nodes.values() if node.attached]))
        self.desk.node(node.name, telemetry(state))
        self.turn()

    # --- messages arrive --------------------------------------------------------------------------------------

    @precondition(lambda self: any(node.wire for node in self.nodes.values()))
    @rule(data=st.data(), count=st.integers(1, 20))
    def master_to_node(self, data: st.DataObject, count: int) -> None:
        node = data.draw(st.sampled_from([node for node in self.nodes.values() if node.wire]))
        for _ in range(min(count, len(node.wire))):
            self._arrive(node, node.wire.pop(0))

    @precondition(lambda self: any(node.up for node in self.nodes.values()))
    @rule(data=st.data(), count=st.integers(1, 20))
    def node_to_master(self, data: st.DataObject, count: int) -> None:
        node = data.draw(st.sampled_from([node for node in self.nodes.values() if node.up]))
        for _ in range(min(count, len(node.up))):
            self._hear(node, node.up.pop(0))
        self.turn()

    def _hear(self, node: ModelNode, message: Message) -> None:
        self.desk.node(node.name, message)

    def _arrive(self, node: ModelNode, message: Message) -> None:
        match message:
            case JobAt():
                node.knows = True
            case Code() | CallKind() | Update():
                assert node.knows
                assert message.index <= node.entries, "a gap in the log"
                node.entries = max(node.entries, message.index + 1)
            case Run():
                assert node.entries >= len(log()), "calls before their log"
                for call, attempt, kind, _payload in message.rows:
                    node.calls[call] = (attempt, kind)
                    node.begun.discard(call)
            case Recall():
                back = [n for n in node.calls if n not in node.begun][-message.count :]
                self._give_back(node, back)
            case Stop():
                for call, attempt in message.calls:
                    if node.calls.get(call, (0, 0))[0] == attempt:
                        del node.calls[call]
                        node.begun.discard(call)
            case DropJob():
                node.calls.clear()
                node.begun.clear()
                node.knows, node.entries = False, 0
            case Drain():
                if message.on:
                    self._give_back(node, [n for n in node.calls if n not in node.begun])
            case Acknowledge():
                for serial in [n for n in node.reports.kept if n <= message.serial]:
                    del node.reports.kept[serial]

    def _give_back(self, node: ModelNode, calls: list[int]) -> None:
        node.report(Returned, [(n, node.calls.pop(n)[0]) for n in calls])

    # --- what nodes do ----------------------------------------------------------------------------------------

    def _busy_nodes(self) -> list[ModelNode]:
        return [node for node in self.nodes.values() if node.calls]

    def _draw_begun(self, data: st.DataObject) -> tuple[ModelNode, int]:
        """One of the first calls of a node, which begins if it has not."""
        node = data.draw(st.sampled_from(self._busy_nodes()))
        call = data.draw(st.sampled_from(list(node.calls)[: node.slots]))
        self._begin(node, call)
        return node, call

    def _begin(self, node: ModelNode, call: int) -> None:
        if call not in node.begun:
            node.begun.add(call)
            if node.calls[call][1] == ONCE:
                self.begun_once[call] += 1
                assert self.begun_once[call] == 1, "a call that may run once was begun twice"

    @precondition(lambda self: self._busy_nodes())
    @rule(data=st.data())
    def call_begins(self, data: st.DataObject) -> None:
        self._draw_begun(data)

    @precondition(lambda self: self._busy_nodes())
    @rule(data=st.data(), micros=st.sampled_from([10, 3000, 10**6]), outcome=st.sampled_from([0, 1]))
    def call_ends(self, data: st.DataObject, micros: int, outcome: int) -> None:
        node, call = self._draw_begun(data)
        self._finish(node, call, micros, outcome)

    def _finish(self, node: ModelNode, call: int, micros: int = 1000, outcome: int = 0) -> None:
        attempt, _kind = node.calls.pop(call)
        node.begun.discard(call)
        node.report(Done, [(call, attempt, outcome, micros, b"%d %d" % (call, attempt))])

    @precondition(lambda self: self._busy_nodes())
    @rule(data=st.data(), kind=st.sampled_from(["crashed", "crashed", "timeout"]))
    def worker_dies(self, data: st.DataObject, kind: str) -> None:
        self._die(*self._draw_begun(data), kind)

    def _die(self, node: ModelNode, call: int, kind: str) -> None:
        attempt, _kind = node.calls.pop(call)
        node.begun.discard(call)
        self.crashes[call] += kind == "crashed"
        node.report(Broke, (call, attempt), Failure(kind, "It died."))  # type: ignore[arg-type]

    @precondition(lambda self: self._busy_nodes())
    @rule(data=st.data())
    def hands_back(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from(self._busy_nodes()))
        self._give_back(node, [n for n in node.calls if n not in node.begun])

    @precondition(lambda self: any(node.wire or node.calls for node in self.nodes.values()))
    @rule(data=st.data(), dies=st.lists(st.booleans(), min_size=3, max_size=3), tells=st.booleans())
    def node_works(self, data: st.DataObject, dies: list[bool], tells: bool) -> None:
        """What a node does most of the time, in one step, lest histories consist of accidents."""
        node = data.draw(st.sampled_from([node for node in self.nodes.values() if node.wire or node.calls]))
        while node.wire:
            self._arrive(node, node.wire.pop(0))
        for call, dead in zip(list(node.calls)[: node.slots], dies, strict=False):
            self._begin(node, call)
            if dead:
                self._die(node, call, "crashed")
            else:
                self._finish(node, call)
        while tells and node.up:
            self._hear(node, node.up.pop(0))
        self.turn()

    @precondition(lambda self: any(node.attached and node.calls for node in self.nodes.values()))
    @rule(data=st.data(), seconds=st.sampled_from([1.0, LEASE]))
    def node_returns_late(self, data: st.DataObject, seconds: float) -> None:
        """A node finishes a call while it is away; its calls may run elsewhere by then."""
        node = data.draw(st.sampled_from([node for node in self.nodes.values() if node.attached and node.calls]))
        self._break(node)
        call = next(iter(node.calls))
        self._begin(node, call)
        self._finish(node, call)
        self.time_passes(seconds)
        self._connect(node)

    # --- one turn of the shell --------------------------------------------------------------------------------

    def turn(self) -> None:
        """Until nothing is left to say: a client answers at once."""
        while True:
            self.desk.turn()
            if not self.desk.new:
                return
            for one in self.desk.new:
                if isinstance(one, ToNode):
                    assert self.nodes[one.node].attached, "sent to a node that is away"
                    self.nodes[one.node].wire.append(one.message)
                elif isinstance(one, ToClient):
                    assert one.client == self.connection
                    assert self.connected, "sent to a client that is away"
                    self._receive(one.message)
                else:
                    assert not isinstance(one, JobClosed), "the job ended"

    # --- what always holds ------------------------------------------------------------------------------------

    @property
    def job(self) -> Job:
        return self.desk.dispatcher._board.jobs[JOB]

    @invariant()
    def every_call_is_at_one_place(self) -> None:
        job = self.job
        places = [row[0] for row in job.queue]
        for node in job.nodes.values():
            places += [row[0] for row in node.shares[JOB].rows()]
        assert len(places) == len(set(places))
        if self.connected:
            assert set(places) == self.pending.keys(), "accepted calls wait, run, or have ended"

    @invariant()
    def the_sums_agree(self) -> None:
        board = self.desk.dispatcher._board
        for node in board.nodes.values():
            assert node.outstanding == sum(map(len, node.shares.values()))
            assert node.slow == sum(len(share.slow) for share in node.shares.values())
            assert node.rung == (rung_of(node.outstanding, node.slots) if node.available else None)
        assert self.job.running == sum(len(node.shares[JOB]) for node in self.job.nodes.values())
        assert board.calls == self.job.running + len(self.job.queue)
        assert board.call_bytes == 4 * board.calls
        assert board.ladder.slots == sum(node.slots for node in board.nodes.values() if node.available)

    @invariant()
    def no_call_waits_while_a_slot_is_free(self) -> None:
        if self.job.queue:
            for node in self.desk.dispatcher._board.nodes.values():
                assert not node.available or node.outstanding >= node.slots

    @invariant()
    def nothing_is_remembered_of_calls_that_have_ended(self) -> None:
        if self.connected:
            for memory in (self.job.attempts, self.job.crashes, self.job.late):
                assert memory.keys() <= self.pending.keys()
            assert all(call in self.job.queue for call in self.job.late)

    def teardown(self) -> None:
        """When all faults heal, everything gets done."""
        if not self.connected:
            self.client_is_back()
        self.restart("d", 2)
        for node in self.nodes.values():
            self.desk.dispatcher.drain(node.name, False, self.desk.now)
            if not node.attached:
                self._connect(node)
            self.desk.node(node.name, telemetry())
        for _ in range(300):
            self.turn()
            for node in self.nodes.values():
                while node.wire:
                    self._arrive(node, node.wire.pop(0))
                for call in list(node.calls):
                    self._begin(node, call)
                    self._finish(node, call)
                for message in node.up:
                    self._hear(node, message)
                node.up.clear()
            self.desk.now += 0.1
            if not self.pending:
                break
        assert not self.pending, "calls never ended"
        assert set(self.ended) == set(range(self.next_call))
        assert set(self.ended.values()) <= {1}


_SETTINGS = settings(max_examples=60, stateful_step_count=60, suppress_health_check=list(HealthCheck))

TestCluster = Cluster.TestCase
TestCluster.settings = _SETTINGS


class _Planted(Cluster):
    """The planted bug: the dispatcher takes every attempt for the current one."""

    def _hear(self, node: ModelNode, message: Message) -> None:
        now = defaultdict(lambda: 1, self.desk.attempts)
        match message:
            case Done():
                message = replace(message, rows=[(row[0], now[JOB, row[0]], *row[2:]) for row in message.rows])
            case Broke():
                message = replace(message, call=(message.call[0], now[JOB, message.call[0]]))
            case Returned():
                message = replace(message, calls=[(call, now[JOB, call]) for call, _attempt in message.calls])
        super()._hear(node, message)


def test_the_model_finds_a_missing_fence() -> None:
    with pytest.raises(AssertionError, match=r"a void attempt|calls never ended|ended twice"):
        run_state_machine_as_test(
            _Planted,
            settings=settings(_SETTINGS, max_examples=2000, derandomize=True, database=None, phases=[Phase.generate]),
        )

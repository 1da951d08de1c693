"""State machines that hear whatever bytes make of a conversation: they refuse or ignore it, and their sums agree.

The bytes are a list of steps, each who speaks (a byte), how much (two bytes) and what.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from random import Random
from typing import Any

from fuzz.decoders import NO_MESSAGE
from support.dispatch_desk import JOB, Desk, check_sums
from support.dispatch_desk import attach as introduction

from asyncluster.core.client.calls import tell_all
from asyncluster.core.client.ledger import Ledger, Phase
from asyncluster.core.errors import AsynClusterError, NotAllowed, ProtocolError
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.login import LoginDone
from asyncluster.core.wire.masterlogin import MasterLogin
from asyncluster.core.wire.nodelogin import NodeLogin
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.core.wire.tickets import TicketSeal
from asyncluster.ndm.node.bench import BrainSettings
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.node.instructions import Exit, Spawn
from asyncluster.ndm.worker.page import Glance

_FROM_CLIENT, _FROM_NODE = m.decoder(m.FromClient).decode, m.decoder(m.FromNode).decode
_TO_NODE, _FROM_WORKER = m.decoder(m.ToNode).decode, m.decoder(m.FromWorker).decode
_TO_CLIENT = m.decoder(m.ToClient).decode
_NOT_THE_MACHINES = m.Attach | m.Output | m.Progress | m.BlobChunk | m.BlobAt | m.BlobSeen | m.PassBlob
_KEYS = LoginKeys("test", "client password", "server password", scrypt_n=2)
_SEAL = TicketSeal(b"k" * 32, _KEYS, lambda: 0.0)
_EXPORTER = b"e" * 32


def steps(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Who, and what."""
    start = 0
    while start + 3 <= len(data):
        size = int.from_bytes(data[start + 1 : start + 3], "big")
        yield data[start], data[start + 3 : start + 3 + size]
        start += 3 + size


def step(who: int, body: bytes) -> bytes:
    return bytes([who]) + len(body).to_bytes(2, "big") + body


# --- the master -----------------------------------------------------------------------------------------------


def dispatcher(data: bytes) -> None:
    """Two clients and two nodes say anything, go and come back."""
    desk = Desk(DispatchSettings(node_blob_bytes=15, kept_bytes=2, calls=100))
    desk.attach("a")
    desk.open()
    desk.submit(0, 1, 2)
    desk.turn()
    for who, body in steps(data):
        with suppress(ProtocolError, *NO_MESSAGE):
            _to_dispatcher(desk, who, body)
        check_sums(desk.dispatcher)
    desk.advance(100.0)
    check_sums(desk.dispatcher)


def _to_dispatcher(desk: Desk, who: int, body: bytes) -> None:
    name, client = "ab"[who % 2], 1 + who % 2
    match who % 16 // 2:
        case 0 | 1:
            message = _FROM_CLIENT(body)
            if not isinstance(message, m.Hello | m.Ask | m.PassBlob | m.BlobChunk):
                desk.client(message, client, Owner(1000 + who % 4 // 2, "ann"))
        case 2 | 3:
            message = _FROM_NODE(body)
            if isinstance(message, m.Attach):
                desk.dispatcher.node_attached(name, message, desk.now)
            elif not isinstance(message, _NOT_THE_MACHINES):
                desk.node(name, message)
        case 4:
            desk.dispatcher.node_attached(name, introduction(name), desk.now)
        case 5:
            desk.lose(name)
        case 6:
            desk.dispatcher.client_lost(client, desk.now)
        case 7:
            desk.advance(float(len(body)))


# --- a node -----------------------------------------------------------------------------------------------------


def brain(data: bytes) -> None:
    """A master and workers say anything; workers die, people come and go."""
    machine = Brain(BrainSettings(2, when_in_use="suspend"), lambda worker: Glance(0, 0, None, None), 0.0)
    machine.connected("pc1", 0.0)
    workers = [0]
    for now, (who, body) in enumerate(steps(data), 1):
        workers += [each.worker for each in machine.take() if isinstance(each, Spawn)]
        with suppress(ProtocolError, *NO_MESSAGE):
            _to_brain(machine, who, body, workers, float(now))
        holding = {each.job: each for each in machine.holding()}
        assert machine.running().keys() | machine.queued().keys() <= holding.keys()


def _to_brain(machine: Brain, who: int, body: bytes, workers: list[int], now: float) -> None:
    worker = workers[-1 - who // 8 % len(workers)]
    match who % 8:
        case 0 | 1 | 2:
            message = _TO_NODE(body)
            if not isinstance(message, m.Attached | m.BlobChunk | m.BlobAt | m.BlobSeen | m.PassBlob | m.DropBlob):
                machine.from_master(message, now)
        case 3 | 4:
            machine.worker_ready(worker, now)
            machine.from_worker(worker, _FROM_WORKER(body), now)
        case 5:
            machine.worker_exited(worker, Exit(signal=11), now)
            workers[:] = [0, *(each for each in workers if each not in (0, worker))]
        case 6:
            machine.people(len(body) % 2, now)
        case 7:
            machine.tick(now)


# --- a client -----------------------------------------------------------------------------------------------------


class _Ends:
    """Counts the ends of each call."""

    def __init__(self) -> None:
        self.ended: set[int] = set()

    def returned(self, event: Any) -> None:
        self._end(event.call.number)

    def failed(self, event: Any) -> None:
        self._end(event.call.number)

    def _end(self, number: int) -> None:
        assert number not in self.ended, "a call ends twice"
        self.ended.add(number)


def ledger(data: bytes) -> None:
    """A master says anything to its client: each call ends once at most."""
    machine = Ledger("fuzz", Random(1))
    machine._random = _Always(JOB)  # type: ignore[assignment]
    job, ends = machine.open_job("job", 0), _Ends()
    job.add_code(b"code")
    kind = job.add_kind("f", b"f")
    for _ in range(4):
        job.submit(kind, b"args", (), ends)
    machine.connected()
    for who, body in steps(data):
        with suppress(ProtocolError, *NO_MESSAGE):
            try:
                _to_ledger(machine, who, body)
            except NotAllowed as error:  # the master turns it away, for good
                tell_all(machine.abandon(error))
                return
        while machine.take():
            pass


def _to_ledger(machine: Ledger, who: int, body: bytes) -> None:
    if who % 8:
        message = _TO_CLIENT(body)
        if not isinstance(message, m.PassBlob | m.BlobChunk | m.DropBlob):
            tell_all(machine.received(message))
    elif machine.phase is Phase.AWAY:
        machine.connected()
    else:
        tell_all(machine.lost())


class _Always:
    """Randomness whose numbers a fuzzer can know."""

    def __init__(self, number: int) -> None:
        self._number = number

    def randrange(self, _start: int, _stop: int) -> int:
        return self._number


# --- logins --------------------------------------------------------------------------------------------------------


def login(data: bytes) -> None:
    """Neither end of a login is ever content with what is not of the other's making."""
    for machine in (MasterLogin(_KEYS, _EXPORTER, _SEAL), NodeLogin(_KEYS, _EXPORTER)):
        if isinstance(machine, NodeLogin):
            machine.start()
        for _who, body in steps(data):
            with suppress(AsynClusterError):
                assert not any(isinstance(event, LoginDone) for event in machine.receive(body))


TARGETS: dict[str, Callable[[bytes], None]] = {target.__name__: target for target in (dispatcher, brain, ledger, login)}


def samples() -> dict[str, list[bytes]]:
    """Conversations of people with manners."""
    ref, row, run = (1, 1), (5, 0, 1, b"a"), (1, 1, 0, b"a")
    blob = [(b"n" * 16, 9)]
    clients = [
        m.OpenJob(JOB, "x", 3), m.OpenJob(8, "x", 3), m.Code(8, 0, b"c", blob), m.CallKind(8, 1, 0, "f", b"f"),
        m.Submit(JOB, [row]), m.SubmitLarge(JOB, (6, 0, 1, b""), blob), m.Update(JOB, 5, b"u"), m.Cancel(JOB, [1]),
        m.DropBlob(JOB, b"n" * 16), m.CloseJob(JOB),
    ]  # fmt: skip
    nodes = [
        m.Done(1, JOB, [(0, 1, 0, 5, b"r")]), m.Broke(2, JOB, ref, m.Failure("crashed", "!")),
        m.Returned(3, JOB, [ref]),
        m.DoneLarge(4, JOB, (2, 1, 0, 5, b""), blob), m.Unfit(JOB, 0, "boom"),
        m.Telemetry([], 0.0, 0, "suspend", {}, {}), introduction("b", 2, 2, [m.Holding(JOB, [(5, 1)], 3)]),
    ]  # fmt: skip
    master = [
        m.JobAt(JOB, 1, "x", "ann", 0), m.Code(JOB, 0, b"c"), m.CallKind(JOB, 1, 0, "f", b"f"), m.Run(JOB, [run]),
        m.RunLarge(JOB, (2, 1, 0, b""), blob), m.Recall(JOB, 1), m.Stop(JOB, [ref]), m.Renice(JOB, 3), m.Drain(True),
        m.Drain(False), m.Acknowledge(1), m.DropJob(JOB),
    ]  # fmt: skip
    workers = [m.Done(0, JOB, [(1, 1, 0, 5, b"r")]), m.DoneLarge(0, JOB, (2, 1, 0, 5, b""), blob), m.Unfit(JOB, 0, "!")]
    answers = [
        m.Welcome(m.PROTOCOL_VERSION, "main", 5, "operator", 100), m.JobOpened(JOB, 1, 0), m.Logged(JOB, 2),
        m.Results(JOB, "pc1", [(1, 1, 0, 5, b"r")]), m.Failed(JOB, [(2, 1)], m.Failure("crashed", "!")),
        m.ResultLarge(JOB, "pc1", (3, 1, 0, 5, b""), blob), m.JobEnded(JOB, m.Failure("cancelled", "!")),
    ]  # fmt: skip
    return {
        "dispatcher": [
            b"".join([*(step(0, m.encode(each)) for each in clients), *(step(4, m.encode(each)) for each in nodes)]),
            b"".join([*(step(4, m.encode(each)) for each in nodes), *(step(who, b"xx") for who in range(8, 16))]),
        ],
        "brain": [
            b"".join(
                [*(step(0, m.encode(each)) for each in master[:5]), *(step(3, m.encode(each)) for each in workers)]
            ),
            b"".join([*(step(0, m.encode(each)) for each in master), *(step(who, b"x") for who in range(8))]),
        ],
        "ledger": [b"".join(step(1, m.encode(each)) for each in answers) + step(0, b"")],
        "login": [step(0, NodeLogin(_KEYS, _EXPORTER).start().body)],
    }

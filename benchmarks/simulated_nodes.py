"""Nodes without computers: one process that logs in as many nodes and answers their calls, for loads and for looks.

    python -m benchmarks.simulated_nodes --config FILE --nodes 200 --slots 8 --call-seconds 0.5 --telemetry

Each node has a TLS connection, a real login and a real protocol of its own; only its workers are missing: every call
returns None, at once or after the time that is asked for. Results are numbered, kept and sent again as nodes do it.
A simulated node never is on the master's machine, so it gets large data over the wire, and counts them.

The process says a line of JSON per second, `{"up": 200, "calls": 5120, "blob_bytes": 0}`, and takes orders on standard
input: `hold` (finish nothing), `go`, `forget` (the tickets, so that the next login takes the passwords), `quit`. In a
program of one's own, `SimulatedNodes` does the same.
"""

from __future__ import annotations

import argparse
import contextlib
import ipaddress
import json
import os
import random
import resource
import secrets
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from twisted.internet.endpoints import TCP4ClientEndpoint

from asyncluster.core.config import Role, load
from asyncluster.core.net.connector import MasterConnector, Standing
from asyncluster.core.net.link import Body, Link
from asyncluster.core.net.pin import MasterPin
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.passwords import LoginKeys
from asyncluster.core.wire.payloads import PLAIN, decode, encode_chunk_results, encode_result

_TELEMETRY_SECONDS = 2.0
_REPORT = 250  # results in one message: what a worker of quick calls sends after 1 ms
_INSTANT_MICROS = 4  # what a call of nothing takes a worker

_decoder = m.decoder(m.ToNode)
_NONE = encode_result(None).payload


@dataclass
class Tally:
    """What all nodes together have done.

    Attributes:
        up: nodes that are logged in.
        calls: rows they have answered.
        blob_bytes: large data that came over the wire.
        holding: whether they finish nothing for now.
    """

    up: int = 0
    calls: int = 0
    blob_bytes: int = 0
    holding: bool = False


class SimulatedNode:
    """One node through all of its connections; a `FrameHandler`.

    Args:
        clock: the reactor.
        name: what it calls itself.
        slots: calls that run at once.
        seconds: how long each takes.
        tally: shared with the other nodes.
        telemetry: whether it says every two seconds how it is.
    """

    def __init__(self, clock: Any, name: str, slots: int, seconds: float, tally: Tally, telemetry: bool) -> None:
        self._clock = clock
        self._name = name
        self._slots = slots
        self._seconds = seconds
        self._tally = tally
        self._telemetry = telemetry
        self._instance = secrets.randbits(62) + 1
        self._link: Link | None = None
        self._serial = 0
        self._unacknowledged: deque[m.Done] = deque()
        self._waiting: deque[tuple[int, m.RunRow]] = deque()  # job, row
        self._running: dict[tuple[int, int, int], bytes] = {}  # (job, call, attempt) -> answer
        self._chunked: set[tuple[int, int]] = set()  # (job, kind)

    # --- From the link -----------------------------------------------------------------------------------------

    def connected(self, link: Link) -> None:
        self._link = link
        self._tally.up += 1
        memory = 16 * 1024**3
        attach = m.Attach(
            m.PROTOCOL_VERSION, self._name, self._instance, "simulated", "3.11", self._slots, self._slots, memory, [],
            "nowhere", 0, self._holding(),
        )  # fmt: skip
        self._send(attach, *self._unacknowledged)

    def frames(self, bodies: list[Body]) -> None:
        for body in bodies:
            with contextlib.suppress(msgspec.ValidationError):  # it is for people, or for an engine, which are not here
                self._received(_decoder.decode(body))
        self.work()

    def paused(self) -> None:
        """Results are small."""

    resumed = paused

    def lost(self, reason: str) -> None:
        self._link = None
        self._tally.up -= 1

    # --- Work --------------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Begins what may begin, and reports what is done."""
        if self._tally.holding:
            return
        if self._seconds == 0:
            done, self._waiting = self._waiting, deque()
            self._report((job, row, self._answer(job, row)) for job, row in done)
            return
        while self._waiting and len(self._running) < self._slots:
            job, row = self._waiting.popleft()
            self._running[job, row[0], row[1]] = self._answer(job, row)
            self._clock.callLater(random.uniform(0.5, 1.5) * self._seconds, self._finish, job, row)

    def _finish(self, job: int, row: m.RunRow) -> None:
        answer = self._running.pop((job, row[0], row[1]), None)
        if answer is not None:
            self._report([(job, row, answer)])
            self.work()

    def _answer(self, job: int, row: m.RunRow) -> bytes:
        _call, _attempt, kind, payload = row
        if (job, kind) not in self._chunked:
            return _NONE
        return encode_chunk_results([(PLAIN, None)] * len(decode(payload))).payload

    def _report(self, ended: Iterable[tuple[int, m.RunRow, bytes]]) -> None:
        micros = int(self._seconds * 1e6) or _INSTANT_MICROS
        by_job: dict[int, list[m.DoneRow]] = {}
        for job, (call, attempt, _kind, _payload), answer in ended:
            by_job.setdefault(job, []).append((call, attempt, m.RETURNED, micros, answer))
        for job, rows in by_job.items():
            self._tally.calls += len(rows)
            for start in range(0, len(rows), _REPORT):
                self._serial += 1
                message = m.Done(self._serial, job, rows[start : start + _REPORT])
                self._unacknowledged.append(message)
                self._send(message)

    # --- From the master -----------------------------------------------------------------------------------------

    def _received(self, message: m.Message) -> None:
        match message:
            case m.Run(job, rows):
                self._waiting.extend((job, row) for row in rows)
            case m.RunLarge(job, row):
                self._waiting.append((job, row))
            case m.CallKind(job=job, kind=kind, chunked=True):
                self._chunked.add((job, kind))
            case m.BlobChunk(data=data):
                self._tally.blob_bytes += len(data)
            case m.Acknowledge(serial):
                while self._unacknowledged and self._unacknowledged[0].serial <= serial:
                    self._unacknowledged.popleft()
            case m.Recall(job, count):
                self._return(job, count)
            case m.Stop(job, calls):
                self._forget({(job, *call) for call in calls})
            case m.DropJob(job):
                self._forget({key for key in self._keys() if key[0] == job})
                self._chunked = {key for key in self._chunked if key[0] != job}
            case m.Attached() if self._telemetry:
                self._tell(self._link)

    def _return(self, job: int, count: int) -> None:
        given = [row[:2] for each, row in reversed(self._waiting) if each == job][:count]
        self._forget({(job, *call) for call in given})
        self._serial += 1
        self._send(m.Returned(self._serial, job, given))  # type: ignore[arg-type]

    def _forget(self, keys: set[tuple[int, int, int]]) -> None:
        self._waiting = deque(each for each in self._waiting if (each[0], *each[1][:2]) not in keys)
        for key in keys:
            self._running.pop(key, None)

    def _keys(self) -> list[tuple[int, int, int]]:
        return [*self._running, *((job, row[0], row[1]) for job, row in self._waiting)]

    def _holding(self) -> list[m.Holding]:
        by_job: dict[int, list[m.CallRef]] = {}
        for job, call, attempt in self._keys():
            by_job.setdefault(job, []).append((call, attempt))
        return [m.Holding(job, calls) for job, calls in by_job.items()]

    # --- Telemetry ------------------------------------------------------------------------------------------------

    def _tell(self, link: Link | None) -> None:
        """Says how the node is, for as long as this very connection lasts."""
        if link is None or link is not self._link:
            return
        busy = min(self._slots, len(self._running) + len(self._waiting))
        cores = [m.CoreUse(float(core < busy), random.random() * 0.2) for core in range(self._slots)]
        running: dict[int, int] = {}
        for job, _call, _attempt in self._running:
            running[job] = running.get(job, 0) + 1
        self._send(m.Telemetry(cores, busy + random.random(), random.randrange(2**33), "run", running, {}))
        self._clock.callLater(_TELEMETRY_SECONDS, self._tell, link)

    def _send(self, *messages: m.Message) -> None:
        if self._link is not None:
            self._link.send([m.encode(message) for message in messages])


class SimulatedNodes:
    """A room full of them; everything in the reactor's thread.

    Args:
        reactor: Twisted's.
        keys: user and passwords.
        host, port: the master; host is an IPv4 address.
        count: how many.
        folder: for what nodes remember of their master.
        slots, seconds, telemetry: see `SimulatedNode`.
        own_addresses: each connects from an address of its own in 127.1/16, as real nodes have their own; the master's
            `subnets` must allow it.

    Attributes:
        tally: what they do.
    """

    def __init__(
        self,
        reactor: Any,
        keys: LoginKeys,
        host: str,
        port: int,
        count: int,
        folder: Path,
        *,
        slots: int = 8,
        seconds: float = 0.0,
        telemetry: bool = False,
        own_addresses: bool = False,
    ) -> None:
        self.tally = Tally()
        self._nodes: list[SimulatedNode] = []
        self._connectors: list[MasterConnector] = []
        pin = MasterPin(folder / "master.pin", strict=False)
        for number in range(count):
            node = SimulatedNode(reactor, f"pc{number + 1:04}", slots, seconds, self.tally, telemetry)
            source = str(ipaddress.ip_address("127.1.0.1") + number)
            endpoint = TCP4ClientEndpoint(reactor, host, port, bindAddress=(source, 0) if own_addresses else None)
            self._nodes.append(node)
            self._connectors.append(MasterConnector(reactor, endpoint, keys, _always(node), pin, _unheard))

    def start(self) -> None:
        """All look for the master at once."""
        for connector in self._connectors:
            connector.start()

    def stop(self) -> None:
        """All leave."""
        for connector in self._connectors:
            connector.stop()

    def hold(self) -> None:
        """From now on no call ends."""
        self.tally.holding = True

    def forget(self) -> None:
        """The tickets of all: whoever looks for the master next logs in as if for the first time."""
        for connector in self._connectors:
            connector.ticket = None

    def go(self) -> None:
        """Calls end again."""
        self.tally.holding = False
        for node in self._nodes:
            node.work()


def _always(node: SimulatedNode) -> Callable[[object], SimulatedNode]:
    return lambda _peer: node


def _unheard(_standing: Standing) -> None:
    """The tally says how many are up."""


# --- The program ---------------------------------------------------------------------------------------------------


def _listen(reactor: Any, nodes: SimulatedNodes) -> None:
    """Takes orders until standard input ends."""
    orders = {"hold": nodes.hold, "go": nodes.go, "forget": nodes.forget}
    for line in sys.stdin:
        if line.strip() in orders:
            reactor.callFromThread(orders[line.strip()])
        elif line.strip() == "quit":
            break
    reactor.callFromThread(reactor.stop)


def _say(reactor: Any, tally: Tally, every: float) -> None:
    print(json.dumps({"up": tally.up, "calls": tally.calls, "blob_bytes": tally.blob_bytes}), flush=True)
    reactor.callLater(every, _say, reactor, tally, every)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--config", type=Path, help="the nodes' configuration; default: the one that nodes find")
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--call-seconds", type=float, default=0.0, help="how long a call takes (0.5 to 1.5 times this)")
    parser.add_argument("--telemetry", action="store_true", help="say how the nodes are, every two seconds")
    parser.add_argument("--own-addresses", action="store_true", help="connect from 127.1.0.1, 127.1.0.2, ...")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two lines of output")
    options = parser.parse_args()

    from twisted.internet import reactor

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    settings, _warnings = load(options.config, Role.NODE)
    client, common = settings.client, settings.common
    keys = LoginKeys(client.user, client.password, common.server_password)
    with tempfile.TemporaryDirectory(prefix="simulated-") as folder:
        nodes = SimulatedNodes(
            reactor, keys, client.host, common.tcp_port, options.nodes, Path(folder), slots=options.slots,
            seconds=options.call_seconds, telemetry=options.telemetry, own_addresses=options.own_addresses,
        )  # fmt: skip
        nodes.start()
        threading.Thread(target=_listen, args=(reactor, nodes), daemon=True).start()
        _say(reactor, nodes.tally, options.every)
        reactor.run()  # type: ignore[attr-defined]
    os._exit(0)  # the thread still waits for orders


if __name__ == "__main__":
    main()

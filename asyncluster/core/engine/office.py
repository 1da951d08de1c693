"""The master's half of the engine: keeps a scheduler running, certifies who takes part, and knows what it does.

    starter --- scheduler <--- lines of JSON ---> EngineOffice <---> nodes, verbs, feed

A scheduler that ends, for whatever reason and with whatever exit status, is started again, each time a little later.
Nodes are told of each start; the earlier scheduler's futures are lost, and Dask tells their clients so.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, cast

import msgspec
from twisted.internet.protocol import Factory, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure

from asyncluster.core.engine.authority import LEAF_DAYS, Authority
from asyncluster.core.engine.facts import Facts, Said, Standing
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.net.clock import Timer
from asyncluster.core.wire import engine as e
from asyncluster.core.wire.feed import DaskRow
from asyncluster.core.wire.messages import Message

_FIRST, _LONGEST, _GOOD = 0.5, 30.0, 60.0
_LONGEST_LINE = 1 << 20
#: Seconds that a node may be away before its tasks are done elsewhere; a connection may break for less than that.
_ABSENT = 5.0
_RENEW = LEAF_DAYS * 86_400 // 2
_decode = msgspec.json.Decoder(Said).decode
_log = Logger()


class StartsSchedulers(Protocol):
    """See `starter.Starter`."""

    def start(self, line: socket.socket) -> None: ...

    def close(self) -> None: ...


class Nodes(Protocol):
    """The nodes that are connected, and those who hear what happens: the switchboard."""

    nodes: dict[str, Any]

    def tell_node(self, name: str, message: Message) -> None: ...

    def announce(self, severity: Any, actor: str, subject: str, text: str) -> None: ...


@dataclass(frozen=True)
class Terms:
    """On what terms Dask works here.

    Attributes:
        port: of the scheduler.
        hosts: addresses to listen on; () = all.
        subnets: who may connect besides this machine itself.
        worker_ports: first and last port for workers; None: any.
        depot: bytes of results that may be kept on this machine for nodes that have to make way.
    """

    port: int
    hosts: tuple[str, ...]
    subnets: tuple[str, ...]
    worker_ports: tuple[int, int] | None
    depot: int


class EngineOffice:
    """See the module.

    Args:
        reactor: Twisted's.
        terms: see there.
        authority: signs.
        starter: starts schedulers.
        nodes: to be told.
        show: shows a row of the feed.
    """

    def __init__(
        self,
        reactor: Any,
        terms: Terms,
        authority: Authority,
        starter: StartsSchedulers,
        nodes: Nodes,
        show: Callable[[DaskRow], None],
    ) -> None:
        self._reactor = reactor
        self._terms = terms
        self._authority = authority
        self._starter = starter
        self._nodes = nodes
        self._show = show
        self._line: _Line | None = None
        self._run = 0
        self._ready = False
        self._words = "The Dask scheduler is being started."
        self._starts = 0
        self._facts = Facts()
        self._wait = _FIRST
        self._started = 0.0
        self._again: Timer | None = None
        self._closed = False
        self._shown: DaskRow | None = None
        self._missing: dict[str, Timer] = {}  # nodes whose connection is gone

    # --- from the master ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Has the scheduler started."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self._started = self._reactor.seconds()
        self._starts += 1
        with ours, theirs:
            self._starter.start(theirs)
            line = self._line = _Line(self)
            self._reactor.adoptStreamConnection(ours.fileno(), socket.AF_UNIX, _Greeter(line))

    def close(self) -> None:
        """Ends the scheduler; returns when it is gone."""
        self._closed = True
        for name in list(self._missing):
            self._stop_missing(name)
        if self._again is not None and self._again.active():
            self._again.cancel()
        self._starter.close()

    @property
    def standing(self) -> Standing:
        """How the engine is."""
        return Standing(self._ready, "" if self._ready else self._words, self._starts, self._facts)

    # --- from clients ---------------------------------------------------------------------------------------

    def admit(self, csr: bytes, name: str) -> dict[str, Any]:
        """What a client needs to use Dask.

        Raises:
            UsageError: its request is none.
            AsynClusterError: there is no scheduler at the moment.
        """
        if not self._ready:
            raise AsynClusterError(f"{self._words} Try again in a moment.")
        host = self._terms.hosts[0] if self._terms.hosts else "127.0.0.1"
        return {
            "address": f"tls://{f'[{host}]' if ':' in host else host}:{self._terms.port}",
            "authority": self._authority.certificate,
            "certificate": self._authority.sign(csr, f"client {name}"),
        }

    # --- from nodes -----------------------------------------------------------------------------------------

    def node_attached(self, name: str) -> None:
        """A node is there, and is told where the scheduler is."""
        self._stop_missing(name)
        if self._ready:
            self._nodes.tell_node(name, e.EngineAt(self._run))

    def node_lost(self, name: str) -> None:
        """The connection of a node is gone; if it does not come back soon, neither do its workers."""
        self._stop_missing(name)
        if not self._closed:
            self._missing[name] = self._reactor.callLater(_ABSENT, self._give_up, name)

    def _give_up(self, name: str) -> None:
        del self._missing[name]
        self._tell(lost={"node": name})

    def _stop_missing(self, name: str) -> None:
        timer = self._missing.pop(name, None)
        if timer is not None:
            timer.cancel()

    def from_node(self, name: str, message: e.FromNode) -> None:
        """A node's message about the engine."""
        match message:
            case e.EngineRequest(csr):
                self._certify(name, csr)
            case e.EngineDied(worker, task, words):
                # What a process wrote last is its author's text: it is shown to operators, but not written to the log.
                how = words.partition("\n")[0]
                _log.warn("Dask worker {worker}: {how}", worker=worker, how=how)
                self._nodes.announce("warning", name, f"node:{name}", f"Dask worker {worker}: {words}"[:300])
                self._tell(died={"worker": worker, "mark": task})
            case e.EngineStopped(worker, task):
                self._tell(stopped={"worker": worker, "mark": task})

    def _certify(self, name: str, csr: bytes) -> None:
        try:
            certificate = self._authority.sign(csr, f"node {name}")
        except UsageError as error:
            _log.error("{name} gets no certificate: {error}", name=name, error=error)
            return
        terms = self._terms
        self._nodes.tell_node(
            name,
            e.EnginePass(terms.port, terms.worker_ports, self._authority.certificate, certificate, _RENEW),
        )

    # --- from the scheduler ---------------------------------------------------------------------------------

    def heard(self, said: Said) -> None:
        """A line of the scheduler's.

        Raises:
            UsageError: it makes no sense.
        """
        if said.request is not None:
            self._set_up(said.request.encode())
        if said.ready:
            self._is_ready()
        if said.failed:
            self._words = f"The Dask scheduler does not start: {said.failed}."
        if said.facts is not None:
            self._facts = said.facts
        self._publish()

    def _publish(self) -> None:
        row = self.standing.row()
        if row != self._shown:
            self._shown = row
            self._show(row)

    def _is_ready(self) -> None:
        self._ready = True
        self._run = secrets.randbits(62) + 1
        _log.info("Dask scheduler ready at port {port}", port=self._terms.port)
        for name in list(self._nodes.nodes):
            self._nodes.tell_node(name, e.EngineAt(self._run))

    def lost(self) -> None:
        """The scheduler is gone."""
        self._line = None
        self._facts = Facts()
        if self._closed:
            return
        if self._ready:
            self._words = "The Dask scheduler has ended and is being started again."
        self._ready = False
        _log.warn("{words}", words=self._words)
        self._nodes.announce("error", "master", "", self._words)
        self._publish()
        self._wait = _FIRST if self._reactor.seconds() - self._started > _GOOD else min(2 * self._wait, _LONGEST)
        self._again = self._reactor.callLater(self._wait, self.start)

    def _set_up(self, csr: bytes) -> None:
        terms = self._terms
        self._tell(
            setup={
                "host": terms.hosts,
                "port": terms.port,
                "subnets": terms.subnets,
                "authority": self._authority.certificate.decode(),
                "certificate": self._authority.sign(csr, "scheduler").decode(),
                "worker_ports": terms.worker_ports,
                "depot": terms.depot,
            }
        )

    def _tell(self, **fields: Any) -> None:
        if self._line is not None:
            self._line.say(**fields)


class _Line(LineOnlyReceiver):
    """The line to one scheduler process; it closes when that ends."""

    delimiter = b"\n"
    MAX_LENGTH = _LONGEST_LINE

    def __init__(self, office: EngineOffice) -> None:
        self._office = office

    def say(self, **fields: Any) -> None:
        """Sends a line."""
        self.sendLine(json.dumps(fields).encode())

    def lineReceived(self, line: bytes) -> None:
        try:
            self._office.heard(_decode(line))
        except (msgspec.MsgspecError, ValueError, RecursionError, UsageError) as error:
            # Whoever uses Dask can make its scheduler say anything.
            _log.error("The Dask scheduler talks nonsense and is ended: {error}", error=error)
            transport = cast(Any, self.transport)
            transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._office.lost()


class _Greeter(Factory):
    """Has one protocol only."""

    noisy = False

    def __init__(self, line: _Line) -> None:
        self._line = line

    def buildProtocol(self, addr: object) -> _Line:
        return self._line

"""Everything that is connected to the master, with the dispatcher in the middle.

Handlers bring what their peers say, the dispatcher decides, `settle` carries out what it decided. Nothing is decided
here. A handler settles once for each read from its socket, however many messages were in it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

import msgspec
from twisted.logger import Logger

from asyncluster.core.blobs import Shelf
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.instructions import Instruction, JobClosed, JobStarted, ReleaseBlob, ToClient, ToNode
from asyncluster.core.jobs.records import JobRecord
from asyncluster.core.master.clients import ClientHandler
from asyncluster.core.master.history import JobHistory
from asyncluster.core.master.joblogs import JobLogs, Line
from asyncluster.core.master.nodes import NodeHandler
from asyncluster.core.master.tally import Tally
from asyncluster.core.net.clock import Timer
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.feed import Severity
from asyncluster.core.wire.roles import Role

_log = Logger()


class Audience(Protocol):
    """Somebody who wants to hear what happens."""

    def event(self, severity: Severity, actor: str, subject: str, text: str) -> None:
        """Something that an operator may want to know."""

    def job_closed(self, record: JobRecord) -> None:
        """A job is over."""


class Environments(Protocol):
    """Who knows which environment a job gets."""

    def chosen(self, text: str | None) -> str:
        """The key of the environment that a job gets which asks for this; "": none.

        Raises:
            UsageError: there is no such one.
        """

    def jobs_changed(self) -> None:
        """A job is over."""


class Switchboard:
    """Connects nodes and clients through a dispatcher.

    Args:
        clock: the reactor.
        dispatcher: decides.
        shelf: large data that are on their way.
        history: writes jobs down.
        name: what the master calls itself.
        epoch: names this run of it.
        window: calls of a job that a client may have here at once.

    Attributes:
        name: what the master calls itself.
        nodes: those connected, by name.
        logs: what jobs printed.
        tally: what became of calls.
    """

    def __init__(
        self,
        clock: Any,
        dispatcher: Dispatcher,
        shelf: Shelf,
        history: JobHistory,
        *,
        name: str,
        epoch: int,
        window: int,
    ) -> None:
        self.dispatcher = dispatcher
        self.shelf = shelf
        self.logs = JobLogs()
        self.tally = Tally()
        self.nodes: dict[str, NodeHandler] = {}
        self._clock = clock
        self._history = history
        self.name = name
        self._started = self.now()
        self._epoch = epoch
        self._window = window
        self._clients: dict[int, ClientHandler] = {}
        self._job_clients: dict[int, ClientHandler] = {}  # by job, who opened it last
        self._touched: set[NodeHandler | ClientHandler] = set()
        self._audience: Audience | None = None
        self._environments: Environments | None = None
        self._wake: Timer | None = None
        self._wake_at: float | None = None

    def hear(self, audience: Audience) -> None:
        """Lets somebody hear what happens."""
        self._audience = audience

    def choose_by(self, environments: Environments) -> None:
        """Lets jobs have environments."""
        self._environments = environments

    def announce(self, severity: Severity, actor: str, subject: str, text: str) -> None:
        """Lets those who hear know of something that an operator may want to know."""
        if self._audience is not None:
            self._audience.event(severity, actor, subject, text)

    def now(self) -> float:
        """Monotonic seconds, the dispatcher's clock."""
        return float(self._clock.seconds())

    def uptime(self) -> float:
        """Seconds since this master started."""
        return self.now() - self._started

    def iso(self, instant: float) -> str:
        """An instant of the dispatcher's clock as ISO 8601."""
        return datetime.fromtimestamp(time.time() - (self.now() - instant), UTC).isoformat(timespec="seconds")

    def numbers_of(self, keys: Iterable[int]) -> list[int]:
        """The numbers of jobs, as far as they have some."""
        jobs = (self.dispatcher.job(key) for key in keys)
        return [job.number for job in jobs if job is not None and job.number is not None]

    # --- from nodes -----------------------------------------------------------------------------------------

    def node_attached(self, node: NodeHandler, message: m.Attach) -> None:
        """A node has introduced itself; it gets its name."""
        node.name = self._free_name(node, message)
        self.nodes[node.name] = node
        self._send(node, m.Attached(node.name, self._epoch))
        _log.info("{name} attached from {address}", name=node.name, address=node.peer.address)
        self.announce("info", node.name, f"node:{node.name}", "Connected.")
        self.dispatcher.node_attached(node.name, message, self.now())

    def node_lost(self, node: NodeHandler, reason: str) -> None:
        """The connection of a node is gone."""
        if self.nodes.get(node.name) is not node:
            return
        del self.nodes[node.name]
        _log.info("{name} lost: {reason}", name=node.name, reason=reason)
        self.announce("warning", node.name, f"node:{node.name}", f"Not connected any more: {reason}.")
        self.dispatcher.node_lost(node.name, self.now())
        self.settle()

    def tell_node(self, name: str, message: m.Message) -> None:
        """Sends a message to a node, if it is connected."""
        node = self.nodes.get(name)
        if node is not None:
            node.send(message)
            node.flush()

    def from_node(self, node: NodeHandler, message: m.Message) -> None:
        """A message of a node."""
        if isinstance(message, m.Output | m.Progress) and not self.dispatcher.works_on(node.name, message.job):
            return
        if isinstance(message, m.Output):
            self.logs.add(message.job, Line(message.call, message.stream, node.name, message.text))
            self._to_job(message)
        elif isinstance(message, m.Progress):
            self._to_job(message)
        else:
            self.tally.from_node(node.name, message)
            self.dispatcher.from_node(node.name, message, self.now())

    def _free_name(self, node: NodeHandler, message: m.Attach) -> str:
        """Its own name, or that with a number behind it if another daemon has it at the moment."""
        name, number = message.name, 1
        while (other := self.nodes.get(name)) is not None:
            if other.is_same(node):
                other.replaced()
                break
            number += 1
            name = f"{message.name}-{number}"
        return name

    # --- from clients ---------------------------------------------------------------------------------------

    def welcome(self, role: Role) -> m.Welcome:
        """The greeting for a client."""
        return m.Welcome(m.PROTOCOL_VERSION, self.name, self._epoch, role.name.lower(), self._window)

    def client_connected(self, client: ClientHandler) -> None:
        """A control client is there."""
        self._clients[client.number] = client

    def client_lost(self, client: ClientHandler) -> None:
        """A control client has gone."""
        del self._clients[client.number]
        self._job_clients = {job: other for job, other in self._job_clients.items() if other is not client}
        self._touched.discard(client)
        self.dispatcher.client_lost(client.number, self.now())
        self.settle()

    def from_client(self, client: ClientHandler, message: m.Message) -> None:
        """A message about jobs.

        Raises:
            ProtocolError: it makes no sense; the client is dropped.
        """
        if isinstance(message, m.OpenJob):
            self._open_job(client, message)
        else:
            self.dispatcher.from_client(client.number, client.owner, message, self.now())

    def _open_job(self, client: ClientHandler, message: m.OpenJob) -> None:
        if self._environments is not None and self.dispatcher.job(message.job) is None:
            try:
                chosen = self._environments.chosen(message.environment)
            except UsageError as error:
                self.dispatcher.refuse_job(client.number, message.job, m.Failure("broken", str(error)), self.now())
                return
            message = msgspec.structs.replace(message, environment=chosen)
        self.dispatcher.from_client(client.number, client.owner, message, self.now())
        self._job_clients[message.job] = client

    def client_reads(self, client: ClientHandler, on: bool) -> None:
        """A client does not read what it is sent, or does again. What that changes is carried out a turn later."""
        self.dispatcher.client_reads(client.number, on, self.now())
        if on:
            self._set_wake(self.now())

    def end_job(self, job: int, failure: m.Failure) -> None:
        """Ends a job for a reason of the master's own."""
        self.dispatcher.end_job(job, failure, self.now())

    # --- instructions ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Carries out what the dispatcher has decided, and lets everything go that is to be sent."""
        wake = self.dispatcher.tick(self.now())
        self._carry_out(self.dispatcher.take())
        touched, self._touched = self._touched, set()
        for peer in touched:
            peer.flush()
        self._set_wake(wake)

    def _carry_out(self, instructions: Iterable[Instruction]) -> None:
        for instruction in instructions:
            if isinstance(instruction, ToNode):
                node = self.nodes.get(instruction.node)
                if node is not None:
                    self._send(node, instruction.message)
            elif isinstance(instruction, ToClient):
                client = self._clients.get(instruction.client)
                self.tally.to_client(instruction.message)
                if client is not None:
                    self._send(client, instruction.message)
            elif isinstance(instruction, JobStarted):
                self._job_started(instruction)
            elif isinstance(instruction, ReleaseBlob):
                self._release(instruction)
            else:
                self._job_closed(instruction)

    def _send(self, peer: NodeHandler | ClientHandler, message: m.Message) -> None:
        peer.send(message)
        self._touched.add(peer)

    def _to_job(self, message: m.Output | m.Progress) -> None:
        client = self._job_clients.get(message.job)
        if client is not None and not client.link.paused:  # what cannot be shown in time is not worth keeping
            self._send(client, message)

    def _job_started(self, instruction: JobStarted) -> None:
        done = self._history.opened(instruction)
        done.addCallbacks(
            lambda number: self.dispatcher.numbered(instruction.key, number),
            lambda failure: self._refused(instruction.key, failure.value),
        )
        done.addCallback(lambda _none: self.settle())
        done.addErrback(lambda failure: _log.failure("The history failed", failure))

    def _refused(self, job: int, error: BaseException) -> None:
        """The history could not write the job down, so it is not accepted."""
        words = str(error) if isinstance(error, AsynClusterError) else "The master met an error of its own."
        self.dispatcher.end_job(job, m.Failure("broken", words), self.now())

    def _job_closed(self, instruction: JobClosed) -> None:
        self._job_clients.pop(instruction.key, None)
        self.shelf.drop_job(instruction.key)
        record = instruction.record
        self._history.closed(record)
        if self._audience is not None:
            self._audience.job_closed(record)
        severity: Severity = "info" if record.state == "done" else "warning"
        text = f"{record.name}: {record.state}, {record.counters.done} calls done."
        self.announce(severity, record.owner.name, f"job:{record.number}", text)
        self.tally.job_closed(instruction.key)
        if self._environments is not None:
            self._environments.jobs_changed()

    def _release(self, instruction: ReleaseBlob) -> None:
        self.shelf.drop(instruction.job, instruction.blob)
        client = self._job_clients.get(instruction.job)
        if client is not None:
            client.drop_blob(instruction.job, instruction.blob)
            self._touched.add(client)

    def _set_wake(self, at: float | None) -> None:
        if at == self._wake_at and self._wake is not None and self._wake.active():
            return
        if self._wake is not None and self._wake.active():
            self._wake.cancel()
        self._wake_at = at
        self._wake = None if at is None else self._clock.callLater(max(0.0, at - self.now()), self.settle)

    def close(self) -> None:
        """Stops waking up. Connections are the listeners' business."""
        self._set_wake(None)

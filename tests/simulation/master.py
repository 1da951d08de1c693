"""A master: the real `Dispatcher` between simulated connections. What `Switchboard` does around it, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulation import history as h
from simulation.clock import Process, Timer
from simulation.wires import Wire

from asyncluster.core.errors import AsynClusterError
from asyncluster.core.jobs.dispatcher import Dispatcher
from asyncluster.core.jobs.instructions import JobStarted, ToClient, ToNode
from asyncluster.core.jobs.records import Owner
from asyncluster.core.wire import messages as m
from asyncluster.core.wire.environments import EnvironmentsHeld

if TYPE_CHECKING:
    from simulation.world import World

_OWNER = Owner(1000, "ann")


class Master(Process):
    """One run of the master's process.

    Attributes:
        epoch: names this run.
        nodes: connections of nodes that have introduced themselves, by name.
        slow_history: seconds that writing a job down takes now.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world.clock)
        self.world = world
        self.dispatcher = Dispatcher(world.profile.dispatch)
        self.epoch = world.random.getrandbits(62) + 1
        self.nodes: dict[str, MasterEnd] = {}
        self.slow_history = 0.0
        self._clients: dict[int, MasterEnd] = {}
        self._ends: dict[MasterEnd, None] = {}  # in order, as a run must be the same every time
        self._owners: dict[int, MasterEnd] = {}  # by job, who opened it last
        self._wake: Timer | None = None
        world.record(h.MasterStarted(self.clock.now, self.epoch))

    def answers(self, wire: Wire) -> MasterEnd:
        """Somebody has dialled."""
        end = MasterEnd(self, wire)
        self._ends[end] = None
        return end

    def die(self, *, heard: bool) -> None:
        """SIGKILL; or, unheard by nodes, its computer loses its power."""
        self.kill()
        for end in self._ends:
            end.wire.far_closes(heard=heard or not end.name)

    @property
    def wires(self) -> list[Wire]:
        """Its connections."""
        return [end.wire for end in self._ends]

    # --- from its ends ------------------------------------------------------------------------------------

    def received(self, end: MasterEnd, messages: Sequence[m.Message]) -> None:
        try:
            for message in messages:
                if end not in self._ends:
                    return
                self._handle(end, message)
        except AsynClusterError as error:
            self.world.failed("master", error)
            end.close()
            self.gone(end)
        self.settle()

    def gone(self, end: MasterEnd) -> None:
        """A connection is no more."""
        self._ends.pop(end, None)
        if end.name and self.nodes.get(end.name) is end:
            del self.nodes[end.name]
            self.dispatcher.node_lost(end.name, self.clock.now)
        elif self._clients.pop(end.client, None) is not None:
            for job in [job for job, owner in self._owners.items() if owner is end]:
                self.world.record(h.ClientLink(self.clock.now, job, up=False))
            self.dispatcher.client_lost(end.client, self.clock.now)
        self.settle()

    def _handle(self, end: MasterEnd, message: m.Message) -> None:
        now = self.clock.now
        if end.name:
            if isinstance(message, EnvironmentsHeld):
                self.dispatcher.node_has(end.name, message.keys, now)
            elif not isinstance(message, m.Output | m.Progress):
                self.dispatcher.from_node(end.name, message, now)
        elif end.client:
            if isinstance(message, m.OpenJob):
                self._owners[message.job] = end
                self.world.record(h.ClientLink(now, message.job, up=True))
            self.dispatcher.from_client(end.client, _OWNER, message, now)
        elif isinstance(message, m.Attach):
            end.name, end.instance = self._free_name(message), message.instance
            self.nodes[end.name] = end
            end.send(m.Attached(end.name, self.epoch))
            self.dispatcher.node_attached(end.name, message, now)
        else:
            assert isinstance(message, m.Hello)
            end.client = self.world.number("connection")
            self._clients[end.client] = end
            end.send(m.Welcome(m.PROTOCOL_VERSION, "master", self.epoch, "submitter", self.world.profile.window))

    def _free_name(self, message: m.Attach) -> str:
        name, number = message.name, 1
        while (other := self.nodes.get(name)) is not None:
            if other.instance == message.instance:
                self._ends.pop(other, None)
                other.close()
                break
            number += 1
            name = f"{message.name}-{number}"
        return name

    # --- from operators ---------------------------------------------------------------------------------------

    def drain(self, node: str, on: bool) -> None:
        self.world.record(h.Drained(self.clock.now, node, on))
        self.dispatcher.drain(node, on, self.clock.now)
        self.settle()

    def renice(self, job: int, niceness: int) -> None:
        self.dispatcher.renice(job, niceness, self.clock.now)
        self.settle()

    def cancel_job(self, job: int) -> None:
        if self.dispatcher.cancel_job(job, "the operator", self.clock.now):
            self.world.record(h.JobOver(self.clock.now, job))
        self.settle()

    # --- instructions -----------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Carries out what the dispatcher has decided."""
        touched: dict[MasterEnd, None] = {}
        wake = self.dispatcher.tick(self.clock.now)
        for instruction in self.dispatcher.take():
            if isinstance(instruction, ToNode):
                self._to(self.nodes.get(instruction.node), instruction.message, touched)
            elif isinstance(instruction, ToClient):
                self._to(self._clients.get(instruction.client), instruction.message, touched)
            elif isinstance(instruction, JobStarted):
                seconds = self.world.random.uniform(0.001, 0.02) + self.slow_history
                self.later(seconds, self._written_down, instruction.key)
        for end in touched:
            end.flush()
        if self._wake is not None:
            self._wake.cancel()
        self._wake = None if wake is None else self.later(max(0.0, wake - self.clock.now), self.settle)

    def _written_down(self, key: int) -> None:
        self.dispatcher.numbered(key, self.world.number("job"))
        self.settle()

    def _to(self, end: MasterEnd | None, message: m.Message, touched: dict[MasterEnd, None]) -> None:
        if end is not None:
            end.send(message)
            touched[end] = None
        self._note(end.name if end is not None else "", message)

    def _note(self, node: str, message: m.Message) -> None:
        now, epoch, record = self.clock.now, self.epoch, self.world.record
        match message:
            case m.Run():
                for row in message.rows:
                    record(h.Handed(now, epoch, node, message.job, row[0], row[1]))
            case m.Results():
                for done in message.rows:
                    record(h.Settled(now, epoch, message.job, done[0], done[1]))
            case m.Failed():
                for call, attempt in message.calls:
                    record(h.Settled(now, epoch, message.job, call, attempt))


class MasterEnd:
    """The master's end of one connection.

    Attributes:
        name, instance: of a node that has introduced itself; "" before.
        client: number of a client that has greeted; 0 before.
    """

    def __init__(self, master: Master, wire: Wire) -> None:
        self.process: Process = master
        self.wire = wire
        self.name = ""
        self.instance = 0
        self.client = 0
        self._master = master
        self._outbox: list[Any] = []

    def send(self, message: m.Message) -> None:
        self._outbox.append(message)

    def flush(self) -> None:
        outbox, self._outbox = self._outbox, []
        self.wire.send_back(outbox)

    def close(self) -> None:
        self.wire.far_closes()

    def arrived(self, messages: Sequence[m.Message]) -> None:
        self._master.received(self, messages)
        self.flush()

    def lost(self) -> None:
        self.close()
        self._master.gone(self)

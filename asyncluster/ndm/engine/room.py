"""The shell around the crew: what happens goes in, what it says is carried out. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from asyncluster.core.blobs import Shelf
from asyncluster.core.engine.request import make_request
from asyncluster.core.net.clock import Timer
from asyncluster.core.wire import engine as e
from asyncluster.core.wire.messages import Message
from asyncluster.ndm.engine.crew import Crew, CrewSettings
from asyncluster.ndm.engine.staff import EngineStaff
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.processes import Spawner


class Master(Protocol):
    """The way to the master: a `Shell`."""

    def tell_master(self, message: Message) -> bool:
        """Sends a message; False if there is no connection."""


class EngineRoom:
    """The second engine of a node.

    Args:
        reactor: Twisted's.
        settings: of the crew.
        spawner: starts workers.
        master: the way to the master.
        now: seconds of the monotonic clock.
    """

    def __init__(
        self, reactor: Any, settings: CrewSettings, spawner: Spawner, master: Master, now: Callable[[], float]
    ) -> None:
        self._reactor = reactor
        self._master = master
        self._now = now
        nothing = Shelf(memory=0, total=0, directory="/nonexistent")  # Dask has ways of its own for large data
        self._staff = EngineStaff(reactor, spawner, nothing, nothing, self)
        self._crew = Crew(settings, self._staff.look, make_request)
        self._timer: Timer | None = None
        self._closed = False

    @property
    def trouble(self) -> str:
        """A sentence if workers do not start, else ""."""
        return self._crew.trouble

    # --- From the node's shell ------------------------------------------------------------------------------

    def connected(self, node: str) -> None:
        """The master knows this node by this name."""
        self._crew.connected(node, self._now())
        self._settle()

    def lost(self) -> None:
        """The master is away."""
        self._crew.disconnected()
        self._settle()

    def received(self, message: e.ToNode) -> None:
        """What the master says about the engine."""
        if isinstance(message, e.EngineAt):
            self._crew.engine_at(message, self._now())
        else:
            self._crew.passed(message, self._now())
        self._settle()

    def drain(self, on: bool) -> None:
        """The master wants this node empty, or not any more."""
        self._crew.drain(on, self._now())
        self._settle()

    def presence(self, state: str, niceness: int) -> None:
        """What workers may do now, and how nice they have to be."""
        self._crew.presence(state, niceness, self._now())
        self._settle()

    def close(self) -> None:
        """Ends all workers."""
        self._closed = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._staff.close()

    # --- From workers ---------------------------------------------------------------------------------------

    def ready(self, worker: int) -> None:
        """The process has come up; `said` tells when Dask has it."""

    def said(self, worker: int, message: Any) -> None:
        if message.state == "ready":
            self._crew.ready(worker, self._now())
        else:
            self._crew.quiet(worker)
        self._settle()

    def exited(self, worker: int, how: i.Exit) -> None:
        self._crew.exited(worker, how, self._now())
        self._settle()

    def stays_nice(self, worker: int) -> None:
        self._crew.stays_nice(worker, self._now())
        self._settle()

    # --- The crew -------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Does what the crew wants done, and sees to it that it is asked again when it wants to be."""
        if self._closed:
            return
        now = self._now()
        wish = self._crew.tick(now)
        for instruction in self._crew.take():
            self._carry_out(instruction)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if wish is None else self._reactor.callLater(max(wish - now, 0.01), self._settle)

    def _carry_out(self, instruction: i.Instruction) -> None:
        match instruction:
            case i.ToMaster(message):
                self._master.tell_master(message)
            case i.Spawn(worker):
                self._staff.start(worker, self._crew.niceness)
            case i.ToWorker(worker, message):
                self._staff.send(worker, message)
            case i.Kill(worker):
                self._staff.kill(worker)
            case i.Suspend(worker):
                self._staff.suspend(worker)
            case i.Continue(worker):
                self._staff.resume(worker)
            case i.SetNiceness(worker, niceness):
                self._staff.renice(worker, niceness)

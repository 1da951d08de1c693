"""The shell around the brain: messages of the master and of workers go in, what the brain says is carried out.

    master  <-->  MasterLink, Uplink  <-->  Shell + Brain  <-->  Staff  <-->  workers

The shell lives as long as the daemon; a `MasterLink` only as long as one connection.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psutil
from twisted.logger import Logger

from asyncluster import __version__
from asyncluster.core.blobs import Shelf
from asyncluster.core.errors import ProtocolError
from asyncluster.core.master.inbox import Inbox
from asyncluster.core.net.clock import Timer
from asyncluster.core.net.link import Body, Link
from asyncluster.core.wire import engine, environments, people
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node import telemetry
from asyncluster.ndm.node.bench import BrainSettings
from asyncluster.ndm.node.brain import Brain
from asyncluster.ndm.node.processes import Spawner
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.node.staff import Staff
from asyncluster.ndm.node.uplink import Uplink
from asyncluster.ndm.worker.page import Glance

#: The brain looks at what workers do at least so long after something happened, in seconds.
_LOOK_SECONDS = 0.025
_SOONEST_SECONDS = 0.005
_GIVEN_SHARE = 2  # half of the memory may hold data that calls are given, ...
_RESULTS_SHARE = 4  # ... a quarter results that are on their way

_People = (
    people.SessionGranted | people.SessionRefused | people.SessionOrders | people.SessionNotice | people.OpeningHours
)
_decoder = m.decoder(m.ToNode | _People | engine.ToNode | environments.ToNode)
_log = Logger()


class Sessions(Protocol):
    """Who handles what the master says about people."""

    def start(self) -> None:
        """The node has been started."""

    def close(self) -> None:
        """The node ends."""

    def connected(self) -> None:
        """The master is there (again)."""

    def lost(self) -> None:
        """The master is away."""

    def received(self, message: m.Message) -> None:
        """One of `core.wire.people`'s messages to a node."""


class Engine(Protocol):
    """A second engine, whose workers live by the same rules."""

    @property
    def trouble(self) -> str:
        """A sentence if its workers do not start, else ""."""

    def connected(self, node: str) -> None:
        """The master is there (again), and knows this node by this name."""

    def lost(self) -> None:
        """The master is away."""

    def received(self, message: engine.ToNode) -> None:
        """One of `core.wire.engine`'s messages to a node."""

    def drain(self, on: bool) -> None:
        """The master wants this node empty, or not any more."""

    def presence(self, state: str, niceness: int) -> None:
        """What workers may do now, and how nice they have to be."""

    def close(self) -> None:
        """Ends all its workers."""


class Environments(Protocol):
    """Who has the environments that jobs ask for."""

    def lost(self) -> None:
        """The master is away."""

    def received(self, message: environments.ToNode) -> None:
        """One of `core.wire.environments`' messages to a node."""

    def close(self) -> None:
        """Ends what is under way."""


class Shell:
    """A node, apart from its way to the master.

    Args:
        reactor: Twisted's.
        settings: see there.
        name: the node's own name; the master may change it.
        spawner: starts workers.
        now: seconds of the monotonic clock, which workers use as well; Twisted's follows when somebody sets the time.
        place: see `Attach`.
        installed: directory of environments; None: there are none.

    Attributes:
        sessions: hears what concerns people; None on a node without displays.
        engine: hears what concerns Dask; None: nobody does.
        environments: hears what concerns environments; None: nobody does.
    """

    def __init__(
        self,
        reactor: Any,
        settings: NodeSettings,
        name: str,
        spawner: Spawner,
        now: Callable[[], float] = time.monotonic,
        *,
        place: int = 0,
        installed: Path | None = None,
    ) -> None:
        self.sessions: Sessions | None = None
        self.engine: Engine | None = None
        self.environments: Environments | None = None
        self._reactor = reactor
        self._now = now
        self._settings = settings
        self._name = name
        self._instance = secrets.randbits(62) + 1
        self._place = place
        self._spawner = spawner
        memory = psutil.virtual_memory().total
        self._given = _shelf(memory // _GIVEN_SHARE)
        self._results = _shelf(memory // _RESULTS_SHARE)
        self._arriving = Inbox(self._given)
        self._staff = Staff(reactor, spawner, self._given, self._results, self, installed)
        self._uplink: Uplink | None = None
        self._meter = telemetry.Meter()
        self._next_look: Timer | None = None
        self._look_at = 0.0
        self._next_telemetry: Timer | None = None
        self._closed = False
        self._brain = Brain(BrainSettings(settings.slots, settings.niceness, settings.when_in_use), self._look, now())

    def start(self) -> None:
        """Starts the first worker, so that it is there when it is needed."""
        if self.sessions is not None:
            self.sessions.start()
        self._settle()

    def close(self) -> None:
        """Ends all workers; returns when they are gone."""
        self._closed = True
        if self.sessions is not None:
            self.sessions.close()
        for timer in (self._next_look, self._next_telemetry):
            if timer is not None and timer.active():
                timer.cancel()
        if self.engine is not None:
            self.engine.close()
        if self.environments is not None:
            self.environments.close()
        self._staff.close()

    def people(self, count: int) -> None:
        """So many people use this computer now; the workers adapt at once."""
        self._brain.people(count, self._now())
        if self.engine is not None:
            self.engine.presence(self._brain.state, self._brain.niceness)
        self._settle()
        self.send_telemetry()

    def tell_master(self, message: m.Message) -> bool:
        """Sends a message about people or the engine; False if there is no connection."""
        if self._uplink is None:
            return False
        self._uplink.send_now(message)
        return True

    def ask_master(self, message: m.Message) -> None:
        """Sends a message when its turn has come, if there is a connection."""
        if self._uplink is not None:
            self._uplink.send(message)

    # --- From the link to the master ----------------------------------------------------------------------

    def link_up(self, link: Link) -> None:
        """There is a connection: introduces this node."""
        self._uplink = Uplink(link, self._results)
        self._uplink.send(
            m.Attach(
                version=m.PROTOCOL_VERSION,
                name=self._name,
                instance=self._instance,
                release=__version__,
                python=".".join(map(str, sys.version_info[:3])),
                cores=os.cpu_count() or 1,
                workers=self._settings.slots,
                memory=psutil.virtual_memory().total,
                displays=list(self._settings.displays),
                boot=_boot_id(),
                uid=os.geteuid(),
                holding=self._brain.holding(),
                place=self._place,
            )
        )

    def link_down(self) -> None:
        """The connection is gone."""
        if self._uplink is not None:
            self._uplink.close()
            self._uplink = None
        self._arriving.close()
        self._arriving = Inbox(self._given)
        self._brain.disconnected(self._now())
        if self.sessions is not None:
            self.sessions.lost()
        if self.engine is not None:
            self.engine.lost()
        if self.environments is not None:
            self.environments.lost()
        self._settle()

    def link_free(self) -> None:
        """The connection takes more."""
        if self._uplink is not None:
            self._uplink.proceed()

    def from_master(self, bodies: list[Body]) -> None:
        """Frames of the master's.

        Raises:
            ProtocolError: one of them makes no sense.
        """
        for body in bodies:
            try:
                message = _decoder.decode(body)
            except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                raise ProtocolError("The master sent a message that is none.") from error
            self._handle(message)
        self._settle()

    def _handle(self, message: m.Message) -> None:
        now = self._now()
        match message:
            case m.Run() | m.Acknowledge():  # the usual ones
                self._brain.from_master(message, now)
            case m.Attached():
                self._attached(message, now)
            case m.BlobChunk():
                self._arriving.chunk(message)
            case m.BlobAt():
                self._open_blob(message)
            case m.BlobSeen():
                if self._uplink is not None:
                    self._uplink.seen(message)
            case m.DropBlob():
                self._given.drop(message.job, message.blob)
                self._staff.forget_blob(message.job, message.blob)
            case m.RunLarge() | m.Code() | m.Update() if not self._arriving.complete(message):
                self._brain.too_large(message, now)
            case m.Drain():
                self._brain.from_master(message, now)
                if self.engine is not None:
                    self.engine.drain(message.on)
                self.send_telemetry()
            case _ if isinstance(message, engine.ToNode):
                if self.engine is not None:
                    self.engine.received(message)
            case _ if isinstance(message, environments.ToNode):
                if self.environments is not None:
                    self.environments.received(message)
            case _ if isinstance(message, _People):
                if self.sessions is not None:
                    self.sessions.received(message)
            case _:
                self._brain.from_master(message, now)

    def _attached(self, message: m.Attached, now: float) -> None:
        _log.info("The master knows this node as {name}.", name=message.name)
        self._brain.connected(message.name, now)
        self.send_telemetry()
        if self.sessions is not None:
            self.sessions.connected()
        if self.engine is not None:
            self.engine.connected(message.name)

    def _open_blob(self, message: m.BlobAt) -> None:
        try:
            seen = self._arriving.at(message)
        except ProtocolError:  # it is a file on the master's disk, which could change under us
            seen = False
        if self._uplink is not None:
            self._uplink.send_now(m.BlobSeen(message.job, message.blob, seen))

    # --- From workers -------------------------------------------------------------------------------------

    def ready(self, worker: int) -> None:
        self._brain.worker_ready(worker, self._now())
        self._settle()

    def said(self, worker: int, message: m.Message) -> None:
        self._brain.from_worker(worker, message, self._now())
        self._settle()

    def exited(self, worker: int, how: i.Exit) -> None:
        self._brain.worker_exited(worker, how, self._now())
        self._settle()

    def stays_nice(self, worker: int) -> None:
        self._brain.worker_stays_nice(worker, self._now())
        self._settle()

    # --- The brain ----------------------------------------------------------------------------------------

    def _look(self, worker: int) -> Glance:
        return self._staff.look(worker)

    def _settle(self) -> None:
        """Does what the brain wants done, and sees to it that it gets to look at its workers soon."""
        if not self._closed:
            self._carry_out_all()
            self._look_within(_LOOK_SECONDS)

    def _tick(self) -> None:
        now = self._now()
        wishes = [self._staff.fetch(now), self._brain.tick(now)]
        self._carry_out_all()
        for wish in wishes:
            if wish is not None:
                self._look_within(max(wish - now, _SOONEST_SECONDS))

    def _carry_out_all(self) -> None:
        while instructions := self._brain.take():
            for instruction in instructions:
                self._carry_out(instruction)

    def _carry_out(self, instruction: i.Instruction) -> None:
        match instruction:
            case i.ToWorker():
                self._staff.send(instruction.worker, instruction.message)
            case i.ToMaster():
                self._to_master(instruction.message)
            case i.Spawn(worker):
                self._staff.start(worker, self._brain.niceness)
            case i.Kill(worker):
                self._staff.kill(worker)
            case i.Suspend(worker):
                self._staff.suspend(worker)
            case i.Continue(worker):
                self._staff.resume(worker)
            case i.SetNiceness(worker, niceness):
                self._staff.renice(worker, niceness)
            case i.ForgetBlob(job, blob):
                self._results.drop(job, blob)
            case i.ForgetJob(job):
                self._given.drop_job(job)
                self._results.drop_job(job)

    def _to_master(self, message: m.Message) -> None:
        if self._uplink is None:
            return
        if isinstance(message, m.Output | m.Progress):
            self._uplink.send_now(message)
        else:
            self._uplink.send(message)

    def _look_within(self, seconds: float) -> None:
        due = self._now() + seconds
        if self._next_look is not None and self._next_look.active():
            if self._look_at <= due:
                return
            self._next_look.cancel()
        self._look_at = due
        self._next_look = self._reactor.callLater(seconds, self._tick)

    # --- Telemetry ----------------------------------------------------------------------------------------

    def send_telemetry(self) -> None:
        """Tells the master how this node is: now, and every two seconds while there is a connection."""
        if self._next_telemetry is not None and self._next_telemetry.active():
            self._next_telemetry.cancel()
        if self._uplink is None or self._closed:
            return
        self._next_telemetry = self._reactor.callLater(telemetry.SECONDS, self.send_telemetry)
        self._uplink.send_now(
            m.Telemetry(
                cores=self._meter.cores(self._spawner.pids()),
                load=telemetry.load(),
                memory_used=telemetry.memory_used(),
                state=self._brain.state,
                running=self._brain.running(),
                queued=self._brain.queued(),
                trouble=(self._brain.trouble or (self.engine.trouble if self.engine else ""))[:300],
            )
        )


class MasterLink:
    """The `FrameHandler` of one connection to the master."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def connected(self, link: Link) -> None:
        self._shell.link_up(link)

    def frames(self, bodies: list[Body]) -> None:
        self._shell.from_master(bodies)

    def paused(self) -> None:
        """What can wait waits in the uplink; the brain bounds what it keeps for it."""

    def resumed(self) -> None:
        self._shell.link_free()

    def lost(self, reason: str) -> None:
        self._shell.link_down()


def _shelf(size: int) -> Shelf:
    """In memory only: workers map what is on it, and map nothing that could change under them."""
    return Shelf(memory=size, total=size, directory="/nonexistent")


def _boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()

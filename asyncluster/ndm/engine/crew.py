"""Decides about the Dask workers of a node: events go in with the time, instructions come out. Pure.

    events                                        instructions (`take`)
    connected, disconnected, engine_at, passed    ToMaster(EngineRequest | EngineDied | EngineStopped)
    ready, quiet, exited                          Spawn, ToWorker, Kill, Suspend, Continue, SetNiceness
    presence, drain, tick

The rules:

- As many workers as the node has slots, as long as the master has a scheduler. One that ends is replaced, whatever its
  exit status: Dask's workers exit with 0 when their scheduler is gone.
- People first: a worker that has to make way is told so, and gets `PATIENCE` seconds to bring away what others may be
  waiting for; then it is stopped or ended, whether it is done or not, and the master hears if it was not. It is no
  nicer meanwhile: on a busy computer it would not get done.
- A drained worker ends when what it runs is done.
- A death counts against a task only if the process died of its own accord while it ran that task.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from asyncluster.core.engine.request import Request
from asyncluster.core.wire import engine as e
from asyncluster.ndm.node.failures import how
from asyncluster.ndm.node.instructions import (
    Continue,
    Exit,
    Instruction,
    Kill,
    SetNiceness,
    Spawn,
    Suspend,
    ToMaster,
    ToWorker,
)
from asyncluster.ndm.node.presence import SUSPENDED
from asyncluster.ndm.worker.page import Glance

#: Seconds that a worker has to bring its results away before it is stopped or ended.
PATIENCE = 5.0
_FIRST, _LONGEST, _GOOD = 0.5, 30.0, 30.0

Duty: TypeAlias = Literal["work", "pause", "drain", "leave"]


@dataclass(frozen=True)
class CrewSettings:
    """What the crew is told of the configuration.

    Attributes:
        slots: workers, of one thread each.
        host: the master's.
        memory: bytes for each worker.
        niceness: of workers while nobody uses the computer.
    """

    slots: int
    host: str
    memory: int
    niceness: int


@dataclass(frozen=True)
class Pass:
    """Admission to a scheduler, and when another should be asked for."""

    granted: e.EnginePass
    key: bytes
    renew_at: float


@dataclass
class Member:
    """One worker.

    Attributes:
        name: at the scheduler.
        admission: with which it was started.
        up: since when the scheduler has it; None: not yet.
        duty: what it was told to do last.
        until: when patience with it ends; None: it has all the time.
        stopped: its process is stopped.
        dying: it is being killed.
    """

    number: int
    name: str
    admission: Pass
    up: float | None = None
    duty: Duty = "work"
    until: float | None = None
    stopped: bool = False
    dying: bool = False


class Crew:
    """See the module.

    Args:
        settings: see there.
        look: reads the page of a worker, also of one that has just died.
        make_request: makes a key.

    Attributes:
        niceness: what workers have now.
        trouble: a sentence if workers do not start, else "".
    """

    def __init__(
        self, settings: CrewSettings, look: Callable[[int], Glance], make_request: Callable[[], Request]
    ) -> None:
        self._settings = settings
        self._look = look
        self._make_request = make_request
        self._out: list[Instruction] = []
        self._node = ""
        self._run = 0
        self._engine_there = False
        self._request: Request | None = None
        self._pass: Pass | None = None
        self._draining = False
        self._state = "run"
        self.niceness = settings.niceness
        self._evict_at: float | None = None
        self._members: dict[int, Member] = {}
        self._last = 0
        self._failures = 0
        self._retry_at = 0.0
        self.trouble = ""

    def take(self) -> list[Instruction]:
        """What is to be done now, in order."""
        out, self._out = self._out, []
        return out

    # --- From the master ------------------------------------------------------------------------------------

    def connected(self, node: str, now: float) -> None:
        """The master knows this node by this name; if it has a scheduler, it says so next."""
        self._node = node
        self._engine_there = False
        self.drain(False, now)

    def disconnected(self) -> None:
        """The master is away. Workers go on as long as they reach their scheduler; no new ones are started."""
        self._engine_there = False

    def engine_at(self, message: e.EngineAt, now: float) -> None:
        """There is a scheduler, perhaps another one than before."""
        self._engine_there = True
        if message.run != self._run or self._pass is None:
            self._run = message.run
            self._failures, self._retry_at = 0, now
            self._ask()
        self._fill(now)

    def passed(self, message: e.EnginePass, now: float) -> None:
        """The master lets this node in."""
        if self._request is None:
            return
        self._pass = Pass(message, self._request.key, now + message.renew)
        self._request = None
        self._fill(now)

    def drain(self, on: bool, now: float) -> None:
        """The master wants this node empty, or not any more."""
        self._draining = on
        self._align(now)

    # --- People ---------------------------------------------------------------------------------------------

    def presence(self, state: str, niceness: int, now: float) -> None:
        """What workers may do ("run", "nice", "suspend", "stop"), and how nice they have to be."""
        if (state, niceness) == (self._state, self.niceness):
            return
        self._evict_at = now + SUSPENDED if state == "suspend" else None
        if niceness != self.niceness:
            self._out += [SetNiceness(number, niceness) for number in self._members]
        self._state, self.niceness = state, niceness
        self._align(now)

    # --- From workers ---------------------------------------------------------------------------------------

    def ready(self, number: int, now: float) -> None:
        """The scheduler has this worker."""
        member = self._members.get(number)
        if member is not None:
            member.up = now
            self.trouble = ""
            self._align(now)

    def quiet(self, number: int) -> None:
        """A worker has brought away what it had."""
        member = self._members.get(number)
        if member is not None and member.duty == "pause":
            self._stop(member)

    def stays_nice(self, number: int, now: float) -> None:
        """A worker cannot be raised again, so another one takes its place when what it runs is done."""
        member = self._members.get(number)
        if member is not None and member.duty == "work" and member.up is not None:
            self._order(member, "drain", now)

    def exited(self, number: int, end: Exit, now: float) -> None:
        """A worker's process is gone."""
        member = self._members.pop(number, None)
        if member is None:
            return
        if member.up is None and not member.dying:
            last = end.stderr.strip().rpartition("\n")[2]
            self.trouble = f"Dask workers do not start here: the process {how(end)}. {last}".strip()
        elif member.up is not None and not member.dying:
            self._report(member, end)
        if member.duty == "work":
            self._failures = 0 if member.up is not None and now - member.up > _GOOD else self._failures + 1
            self._retry_at = now + min(_FIRST * 2 ** (self._failures - 1), _LONGEST) if self._failures else now
        self._fill(now)

    def _report(self, member: Member, end: Exit) -> None:
        glance = self._look(member.number)
        if glance.since is None and end.status == 0:
            return  # its scheduler has gone, or has sent it away
        words = f"The process {how(end)}.\n{end.stderr}".strip()
        self._out.append(ToMaster(e.EngineDied(member.name, self._running(member), words)))

    # --- Time -----------------------------------------------------------------------------------------------

    def tick(self, now: float) -> float | None:
        """Does what is due; returns when it wants to be called again if nothing else happens."""
        for member in list(self._members.values()):
            if member.until is not None and now >= member.until:
                self._lose_patience(member)
        if self._evict_at is not None and now >= self._evict_at:
            self._evict_at = None
            for member in self._members.values():
                self._kill(member)
        self._renew(now)
        self._fill(now)
        wishes = [self._evict_at, *(member.until for member in self._members.values())]
        if self._wants_more:
            wishes.append(self._retry_at)
        if self._pass is not None and self._engine_there:
            wishes.append(self._pass.renew_at)
        return min((wish for wish in wishes if wish is not None), default=None)

    def _lose_patience(self, member: Member) -> None:
        member.until = None
        if member.duty == "pause":
            self._stop(member)
            self._out.append(ToMaster(e.EngineStopped(member.name, self._running(member))))
        else:
            self._kill(member)

    def _running(self, member: Member) -> int:
        """The mark of the task that a worker is at, or was when it died; 0: none."""
        glance = self._look(member.number)
        return glance.call if glance.since is not None and 0 < glance.call < 2**53 else 0

    def _renew(self, now: float) -> None:
        """Asks for a new certificate in good time; workers that have the old one end when they can."""
        if self._pass is not None and self._engine_there and now >= self._pass.renew_at:
            self._pass = None
            self._ask()
            self._align(now)

    # --- Within ---------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        self._request = self._make_request()
        self._out.append(ToMaster(e.EngineRequest(self._request.csr)))

    @property
    def _wants_more(self) -> bool:
        may_work = not self._draining and self._state in ("run", "nice")
        full = len(self._members) >= self._settings.slots
        return self._engine_there and self._pass is not None and may_work and not full

    def _fill(self, now: float) -> None:
        while self._wants_more and now >= self._retry_at:
            self._spawn()

    def _spawn(self) -> None:
        assert self._pass is not None
        self._last += 1
        member = Member(self._last, f"{self._node}/{self._last}", self._pass)
        self._members[member.number] = member
        granted = self._pass.granted
        setup = e.EngineSetup(
            address=f"tls://{_bracketed(self._settings.host)}:{granted.port}",
            name=member.name,
            memory=self._settings.memory,
            worker_ports=granted.worker_ports,
            authority=granted.authority,
            certificate=granted.certificate,
            key=self._pass.key,
        )
        self._out += [Spawn(member.number), ToWorker(member.number, setup)]

    def _align(self, now: float) -> None:
        """Has every worker do what it has to do now."""
        for member in list(self._members.values()):
            duty = self._duty(member, now)
            if duty == member.duty:
                continue
            if member.up is None:
                self._kill(member)
            elif not member.dying:
                self._order(member, duty, now)
        self._fill(now)

    def _duty(self, member: Member, now: float) -> Duty:
        if self._state == "stop":
            return "leave"
        if self._state == "suspend":
            return "pause"
        if self._draining or now >= member.admission.renew_at:
            return "drain"
        return "work"

    def _order(self, member: Member, duty: Duty, now: float) -> None:
        member.duty = duty
        member.until = now + PATIENCE if duty in ("pause", "leave") else None
        if member.stopped:
            member.stopped = False
            self._out.append(Continue(member.number))
        order: e.Order = "resume" if duty == "work" else duty
        self._out.append(ToWorker(member.number, e.EngineOrder(order)))

    def _stop(self, member: Member) -> None:
        member.until = None
        if not member.stopped and not member.dying:
            member.stopped = True
            self._out.append(Suspend(member.number))

    def _kill(self, member: Member) -> None:
        if not member.dying:
            member.dying = True
            member.until = None
            self._out.append(Kill(member.number))


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""What listings, feeds and the history get to see: frozen records, cut off from the dispatcher's own state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from asyncluster.core.wire.messages import Attach, Telemetry

JobState: TypeAlias = Literal["opening", "idle", "waiting", "running", "done", "cancelled", "broken", "abandoned"]
NodeState: TypeAlias = Literal["run", "nice", "suspend", "stop", "draining", "lost"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who opened a job, as the kernel says."""

    uid: int
    name: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of a job's calls. A chunk counts as the calls that it holds.

    Attributes:
        done: calls with a result, the author's exceptions included.
        raised: those among them that raised; exceptions inside a chunk are not seen here.
        failed: calls without a result, by kind of failure.
        busy: seconds that workers spent on calls with a result.
        durations: calls with a result by duration: element i counts those below 2**i microseconds that are not
            in an element before it. A chunk counts with its mean.
        stale: results and reports that came too late and were dropped.
    """

    done: int
    raised: int
    failed: dict[str, int]
    busy: float
    durations: tuple[int, ...]
    stale: int


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job at one moment.

    Attributes:
        number: what people call it; None until the history knows it.
        queued: calls (rows: a chunk is one) that wait at the master.
        running: calls that nodes have, begun or ahead.
        nodes: calls that each node has.
        unfit: nodes on which its code or an update failed, with the last line of the traceback.
        opened: when it was opened, on the clock of the dispatcher's `now`.
        connected: whether its client is there.
        environment: key of what its calls run in; "": the nodes as they are.
    """

    key: int
    number: int | None
    name: str
    owner: Owner
    niceness: int
    state: JobState
    queued: int
    running: int
    entries: int
    nodes: dict[str, int]
    unfit: dict[str, str]
    counters: Counters
    opened: float
    connected: bool
    environment: str = ""


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """A node at one moment.

    Attributes:
        slots: calls that it can run at once.
        outstanding: calls that it has, begun or ahead, in all ...
        jobs: ... and by job key.
        attach: what it said about itself.
        since: when it attached or was lost.
        environments: keys of those that it has.
    """

    name: str
    state: NodeState
    slots: int
    outstanding: int
    jobs: dict[int, int]
    attach: Attach
    telemetry: Telemetry | None
    since: float
    trouble: str = field(default="")
    environments: frozenset[str] = frozenset()

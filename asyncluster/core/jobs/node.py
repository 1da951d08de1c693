"""A node as the dispatcher sees it, and the share of a job that lies there."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import chain

from asyncluster.core.jobs.records import NodeRecord, NodeState
from asyncluster.core.rhythm import SILENCE
from asyncluster.core.wire.messages import Attach, BlobRef, CallRow, Telemetry


class Share:
    """What one node has of one job.

    Attributes:
        told: whether the node was told about the job since it attached.
        entries: how much of the job's log the node was sent.
        niceness: the one that the node knows.
        quick: calls of a kind that may queue there, by number.
        slow: calls that were given because a slot was free for them.
        missing: calls with their attempts that the node did not list when it came back; they are lost unless it
            reports them soon.
        since: when the node last got or finished calls of the job.
        recalls: recalls that it has not answered.
        patience: how long its waiting calls are left alone; grows while recalls bring nothing.
        blobs: large data of calls and entries that lie there, with the number of calls that need each.
    """

    __slots__ = (
        "blobs",
        "entries",
        "missing",
        "niceness",
        "patience",
        "quick",
        "recalls",
        "since",
        "slow",
        "told",
    )

    def __init__(self, niceness: int, now: float) -> None:
        self.told = False
        self.entries = 0
        self.niceness = niceness
        self.quick: dict[int, CallRow] = {}
        self.slow: dict[int, CallRow] = {}
        self.missing: dict[int, int] = {}
        self.since = now
        self.recalls = 0
        self.patience = SILENCE
        self.blobs: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self.quick) + len(self.slow)

    def __contains__(self, call: object) -> bool:
        return call in self.quick or call in self.slow

    def rows(self) -> Iterator[CallRow]:
        return chain(self.slow.values(), self.quick.values())


class Node:
    """One node daemon.

    Attributes:
        attached: its connection stands.
        leased: its connection is gone, but its calls still wait for it.
        draining: an operator wants it empty.
        state: what its workers may do, as its telemetry says.
        resting: it handed calls back unasked and has not said how it is since.
        outstanding: calls that it has ...
        slow: ... and how many of them hold a slot for an unknown or a long time.
        serial: the last numbered message that arrived.
        acknowledged: the last one that it was told about.
        shares: by job key.
        drops: jobs that ended while it was away.
        environments: those that it has, "" among them, which every node has.
        idle_blobs: large data there that no call needs now, least recently used first.
        rung: its place on the ladder; None while it takes no calls.
    """

    __slots__ = (
        "acknowledged",
        "attach",
        "attached",
        "draining",
        "drops",
        "environments",
        "idle_blob_bytes",
        "idle_blobs",
        "instance",
        "leased",
        "name",
        "outstanding",
        "resting",
        "rung",
        "serial",
        "shares",
        "since",
        "slots",
        "slow",
        "state",
        "telemetry",
    )

    def __init__(self, name: str, attach: Attach, now: float) -> None:
        self.name = name
        self.instance = attach.instance
        self.attach = attach
        self.slots = attach.workers
        self.attached = False
        self.leased = False
        self.draining = False
        self.resting = False
        self.state = "run"
        self.outstanding = 0
        self.slow = 0
        self.serial = 0
        self.acknowledged = 0
        self.shares: dict[int, Share] = {}
        self.drops: set[int] = set()
        self.environments = frozenset({""})
        self.idle_blobs: OrderedDict[tuple[int, bytes], int] = OrderedDict()
        self.idle_blob_bytes = 0
        self.telemetry: Telemetry | None = None
        self.since = now
        self.rung: int | None = None

    @property
    def available(self) -> bool:
        """Whether it takes calls."""
        return (
            self.attached
            and not self.draining
            and not self.resting
            and self.slots > 0
            and self.state in ("run", "nice")
        )

    def record(self) -> NodeRecord:
        return NodeRecord(
            name=self.name,
            state=self._shown_state(),
            slots=self.slots,
            outstanding=self.outstanding,
            jobs={key: len(share) for key, share in self.shares.items()},
            attach=self.attach,
            telemetry=self.telemetry,
            since=self.since,
            trouble=self.telemetry.trouble if self.telemetry else "",
            environments=self.environments - {""},
        )

    def _shown_state(self) -> NodeState:
        if not self.attached:
            return "lost"
        if self.draining:
            return "draining"
        return self.state if self.state in ("nice", "suspend", "stop") else "run"  # type: ignore[return-value]


# --- large data on a node -----------------------------------------------------------------------------------


def pin_blobs(node: Node, key: int, blobs: list[BlobRef]) -> None:
    """A call (or a log entry, for good) on the node needs these from now on."""
    uses = node.shares[key].blobs
    for name, size in blobs:
        uses[name] = uses.get(name, 0) + 1
        if node.idle_blobs.pop((key, name), None) is not None:
            node.idle_blob_bytes -= size


def unpin_blobs(node: Node, key: int, blobs: list[BlobRef], budget: int) -> list[tuple[int, bytes]]:
    """A call there needs these no more. Returns what the node is to drop: (job, blob), over the budget."""
    uses = node.shares[key].blobs
    for name, size in blobs:
        uses[name] -= 1
        if not uses[name]:
            node.idle_blobs[key, name] = size
            node.idle_blob_bytes += size
    dropped = []
    while node.idle_blob_bytes > budget:
        where, size = node.idle_blobs.popitem(last=False)
        node.idle_blob_bytes -= size
        del node.shares[where[0]].blobs[where[1]]
        dropped.append(where)
    return dropped

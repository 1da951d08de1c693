"""A job as the dispatcher sees it: a log, a queue of calls, and what lies on nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncluster.core.jobs.blobs import JobBlobs
from asyncluster.core.jobs.callqueue import CallQueue
from asyncluster.core.jobs.pace import Pace, blend
from asyncluster.core.jobs.records import JobRecord, JobState, Owner
from asyncluster.core.jobs.tally import Tally
from asyncluster.core.wire.messages import BlobRef, CallKind, CallRow, Entry, Failure, Message

if TYPE_CHECKING:
    from asyncluster.core.jobs.found import Found
    from asyncluster.core.jobs.node import Node

_STEP = 1.25  # what one step of `nice` is worth to Linux' scheduler
_GUESS = 0.020  # seconds a call takes, as long as nothing is known


class Kind:
    """A function of a job with its options.

    Attributes:
        highest: largest number of a call of this kind so far. The client sends the calls of one kind in ascending
            order, so a call at or below that was here before.
    """

    __slots__ = ("definition", "highest", "pace")

    def __init__(self, definition: CallKind, fixed_depth: int | None) -> None:
        self.definition = definition
        self.pace = Pace(fixed_depth)
        self.highest = -1


class Job:
    """One job.

    Attributes:
        number: what people call it; None until the history has written it down.
        client: the connection that it belongs to; None while its client is away.
        log: its entries; `log_bytes` their payloads.
        nodes: those that have a share of it, by name.
        running: calls that nodes have.
        virtual: seconds of work it has had, divided by its weight: who had least is served first.
        measured: seconds one of its calls takes; None: not known.
        highest: largest number of a call so far.
        unfit: nodes on which an entry of the log failed, with the last line of the traceback; `trouble`: the latest
            such failure, whole.
        attempts: how often a call was handed out, without the obvious: a waiting call that is not in it never was,
            a running one that is not in it runs for the first time.
        crashes: how often a worker died of a call.
        late: waiting calls, each with the node that had it last and may still answer.
        large: blobs of calls that name some.
        kept: messages for its client while that is away; `kept_bytes` their payloads.
        found: what nodes hold of it from before the master was restarted.
        unread: its client does not read what it is sent; no more calls are handed out until it does.
        environment: what its calls run in; only nodes that have it get some.
    """

    __slots__ = (
        "attempts",
        "blobs",
        "client",
        "crashes",
        "environment",
        "found",
        "highest",
        "kept",
        "kept_bytes",
        "key",
        "kinds",
        "large",
        "late",
        "log",
        "log_bytes",
        "measured",
        "name",
        "niceness",
        "nodes",
        "number",
        "opened",
        "owner",
        "queue",
        "running",
        "tally",
        "trouble",
        "unfit",
        "unread",
        "virtual",
        "weight",
    )

    def __init__(
        self, key: int, name: str, owner: Owner, niceness: int, client: int, now: float, environment: str = ""
    ) -> None:
        self.key = key
        self.environment = environment
        self.name = name
        self.owner = owner
        self.opened = now
        self.number: int | None = None
        self.client: int | None = client
        self.log: list[Entry] = []
        self.log_bytes = 0
        self.kinds: dict[int, Kind] = {}
        self.queue = CallQueue()
        self.nodes: dict[str, Node] = {}
        self.unfit: dict[str, str] = {}
        self.trouble: Failure | None = None
        self.running = 0
        self.virtual = 0.0
        self.measured: float | None = None
        self.highest = -1
        self.attempts: dict[int, int] = {}
        self.crashes: dict[int, int] = {}
        self.late: dict[int, str] = {}
        self.large: dict[int, list[BlobRef]] = {}
        self.blobs = JobBlobs()
        self.kept: list[Message] = []
        self.kept_bytes = 0
        self.found: Found | None = None
        self.unread = False
        self.tally = Tally()
        self.renice(niceness)

    def renice(self, niceness: int) -> None:
        self.niceness = niceness
        self.weight = _STEP**-niceness

    @property
    def mean(self) -> float:
        """Seconds one of its calls takes, at a guess if need be."""
        return _GUESS if self.measured is None else self.measured

    @property
    def turn(self) -> float:
        """Its virtual time with what nodes have already in hand: the least is next."""
        return self.virtual + self.running * self.mean / self.weight

    def charge(self, seconds: float) -> None:
        self.virtual += seconds / self.weight

    def learn(self, rows: int, seconds: float) -> None:
        """Takes in that `rows` of its calls took `seconds` in all."""
        self.charge(seconds)
        self.measured = blend(self.measured, rows, seconds)

    def kind_of(self, row: CallRow) -> CallKind:
        return self.kinds[row[1]].definition

    def has_history(self) -> bool:
        """Whether anything is remembered of single calls, apart from their rows."""
        return bool(self.attempts or self.crashes or self.late or self.large)

    def next_attempt(self, call: int) -> int:
        """Counts that the call is handed out once more."""
        attempt = self.attempts.get(call, 0) + 1
        if attempt > 1:
            self.attempts[call] = attempt
        self.late.pop(call, None)
        return attempt

    def record(self, state: JobState | None = None) -> JobRecord:
        return JobRecord(
            key=self.key,
            number=self.number,
            name=self.name,
            owner=self.owner,
            niceness=self.niceness,
            state=state or self._state(),
            queued=len(self.queue),
            running=self.running,
            entries=len(self.log),
            nodes={name: len(node.shares[self.key]) for name, node in self.nodes.items()},
            unfit=dict(self.unfit),
            counters=self.tally.counters(),
            opened=self.opened,
            connected=self.client is not None,
            environment=self.environment,
        )

    def _state(self) -> JobState:
        if self.number is None:
            return "opening"
        if self.running:
            return "running"
        return "waiting" if self.queue else "idle"

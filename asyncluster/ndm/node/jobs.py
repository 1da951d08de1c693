"""What a node knows of a job: its log, the calls it holds of it, and how long calls take."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.messages import BlobRef, CallKind, CallRef, Entry, JobAt, RunRow

#: One step of niceness is worth this factor of computing time, as in the kernel's scheduler.
_STEP = 1.25

#: How fast an average forgets: weight of a batch of results.
_NEW = 0.2


@dataclass(slots=True, eq=False)
class Held:
    """A call that this node has not reported yet.

    Attributes:
        row: call, attempt, kind, payload.
        blobs: its large data.
        worker: number of the worker that has it; None: it waits.
    """

    row: RunRow
    blobs: Sequence[BlobRef]
    worker: int | None = None

    @property
    def ref(self) -> CallRef:
        return self.row[:2]


@dataclass(slots=True)
class Kind:
    """A call kind and its pace.

    Attributes:
        mean: seconds that such a call takes on average; None: nobody knows.
    """

    entry: CallKind
    mean: float | None = None

    @property
    def alone(self) -> bool:
        """Whether such a call must be the only one at its worker: what happens to that happens to the call."""
        return self.entry.retries == 0 or self.entry.timeout is not None

    def learn(self, seconds: float) -> None:
        """One such call took so long. A slow one counts in full: others must not wait behind its like."""
        if self.mean is None or seconds > self.mean * 10:
            self.mean = seconds
        else:
            self.mean += (seconds - self.mean) * _NEW


@dataclass(slots=True, eq=False)
class Job:
    """One job on this node.

    Attributes:
        at: what the master said of it at first.
        niceness: 0 to 19; it may change.
        log: its entries; the index is their place.
        calls: what is held, by call number.
        used: computing time that it got, in seconds divided by its weight.
        unfit: why it does not work here: index of the entry that failed, and the traceback.
        entry_deaths: how often a worker died in the log entry of that index.
        nameless_deaths: how often one died of nothing that can be named, since the last result.
        once: whether it has calls that may not run again.
    """

    at: JobAt
    niceness: int = field(init=False)
    log: list[Entry] = field(default_factory=list)
    kinds: dict[int, Kind] = field(default_factory=dict)
    calls: dict[int, Held] = field(default_factory=dict)
    used: float = 0.0
    unfit: tuple[int, str] | None = None
    entry_deaths: dict[int, int] = field(default_factory=dict)
    nameless_deaths: int = 0
    once: bool = False
    _waiting: deque[Held] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.niceness = self.at.niceness

    @property
    def key(self) -> int:
        return self.at.job

    @property
    def weight(self) -> float:
        """Its share among the jobs of the node."""
        return float(_STEP**-self.niceness)

    def enter(self, entry: Entry) -> None:
        """Takes an entry; one that is here already is ignored.

        Raises:
            ProtocolError: entries are missing before it.
        """
        if entry.index > len(self.log):
            raise ProtocolError(f"Entry {entry.index} of a job came before entry {len(self.log)}.")
        if entry.index == len(self.log):
            self.log.append(entry)
            if isinstance(entry, CallKind):
                self.kinds[entry.kind] = Kind(entry)
                self.once = self.once or entry.retries == 0

    def kind(self, held: Held) -> Kind:
        """What a call is of."""
        return self.kinds[held.row[2]]

    def hold(self, row: RunRow, blobs: Sequence[BlobRef]) -> Held:
        """Takes a call; a later attempt replaces an earlier one.

        Raises:
            ProtocolError: nobody said what to call.
        """
        if row[2] not in self.kinds:
            raise ProtocolError("A call is of a kind that the job's log does not have.")
        held = self.calls[row[0]] = Held(row, blobs)
        return held

    def holds(self, ref: CallRef) -> Held | None:
        """That attempt of that call, if it is here and not reported yet."""
        held = self.calls.get(ref[0])
        return held if held is not None and held.row[1] == ref[1] else None

    # --- Calls that wait ----------------------------------------------------------------------------------
    #
    # A call leaves the queue by being given away, reported or replaced; then it is passed over when its turn comes.

    def wait(self, held: Held) -> None:
        """Puts a call at the end of the queue."""
        held.worker = None
        self._waiting.append(held)

    def wait_first(self, calls: Iterable[Held]) -> None:
        """Puts calls that were given away back at its front, in their order."""
        calls = list(calls)
        for held in calls:
            held.worker = None
        self._waiting.extendleft(reversed(calls))

    def head(self) -> Held | None:
        """The call whose turn it is."""
        while self._waiting and not self._waits(self._waiting[0]):
            self._waiting.popleft()
        return self._waiting[0] if self._waiting else None

    def pop(self) -> Held:
        """Takes the call that `head` gave."""
        return self._waiting.popleft()

    def pop_last(self, count: int) -> list[Held]:
        """Takes up to `count` calls from the end, in their order."""
        taken: list[Held] = []
        while self._waiting and len(taken) < count:
            held = self._waiting.pop()
            if self._waits(held):
                taken.append(held)
        return taken[::-1]

    @property
    def waiting_at_most(self) -> int:
        """Length of the queue, calls that will be passed over included."""
        return len(self._waiting)

    def _waits(self, held: Held) -> bool:
        return held.worker is None and self.calls.get(held.row[0]) is held

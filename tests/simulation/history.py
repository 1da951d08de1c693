"""What a run of the simulation writes down, as it happens; the checker reads nothing else.

`run` numbers one execution of a call by a worker, `worker` one worker process, both throughout the history.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

#: How a call ended at its client: with a result, or with a `FailureKind`.
How: TypeAlias = Literal[
    "returned", "raised", "timeout", "crashed", "node lost", "cancelled", "broken", "split", "too large"
]


class Submitted(NamedTuple):
    """An author has submitted a call when the job's log had so many entries."""

    at: float
    job: int
    call: int
    entries: int
    retries: int
    timeout: float | None
    count: int


class Cancelled(NamedTuple):
    """Its author does not want a call any more."""

    at: float
    job: int
    call: int


class Ended(NamedTuple):
    """An author has been told the end of a call; `run` is the one whose result it is."""

    at: float
    job: int
    call: int
    how: How
    run: int | None


class JobOver(NamedTuple):
    """From now on nothing is owed to a job: its author closed it, an operator ended it, or its client has died."""

    at: float
    job: int


class Handed(NamedTuple):
    """The master has handed out a call."""

    at: float
    epoch: int
    node: str
    job: int
    call: int
    attempt: int


class Settled(NamedTuple):
    """The master has taken the end of a call for true."""

    at: float
    epoch: int
    job: int
    call: int
    attempt: int


class Entered(NamedTuple):
    """A worker has run an entry of its job's log."""

    at: float
    worker: int
    job: int
    index: int


class Begun(NamedTuple):
    """A worker begins a call."""

    at: float
    run: int
    node: str
    worker: int
    job: int
    call: int
    attempt: int


class Finished(NamedTuple):
    """A run has come to its end."""

    at: float
    run: int


class Died(NamedTuple):
    """A worker is gone: of its own accord (`crashed`), or because it was ended.

    Attributes:
        run: what it was running.
        entry: index of the log entry it was running.
    """

    at: float
    worker: int
    job: int
    crashed: bool
    run: int | None
    entry: int | None


class Drained(NamedTuple):
    """An operator wants a node empty, or at work again."""

    at: float
    node: str
    on: bool


class ClientLink(NamedTuple):
    """The master hears that a job's client is there, or that its connection is gone."""

    at: float
    job: int
    up: bool


class MasterStarted(NamedTuple):
    """A new master, which knows nothing."""

    at: float
    epoch: int


class Contest(NamedTuple):
    """From here to `until` nothing fails and these jobs, with these weights, have more calls than there are workers."""

    at: float
    until: float
    weights: dict[int, float]


class Fault(NamedTuple):
    """Something goes wrong."""

    at: float
    kind: str


class Healed(NamedTuple):
    """Nothing goes wrong from now on."""

    at: float


class Leftover(NamedTuple):
    """Everything is over, and somebody still keeps something of it."""

    at: float
    where: str
    what: str


class Failure(NamedTuple):
    """The code under test raised what it must never raise among honest peers."""

    at: float
    where: str
    words: str


class Over(NamedTuple):
    """The run has been watched until now."""

    at: float


Record: TypeAlias = (
    Submitted | Cancelled | Ended | JobOver | Handed | Settled | Entered | Begun | Finished | Died | Drained
    | ClientLink | MasterStarted | Contest | Fault | Healed | Leftover | Failure | Over
)  # fmt: skip

"""What the feed carries: the rows of its topics, and how a client says which of them it looks at.

    client  Ask("watch", {topics: {"nodes": {}, "cores": {"only": ["pc01", "pc02"]}, "job:214": {}}})
    master  Answer
    master  Feed("nodes", full=True, rows=[...])        the snapshot
    master  Feed("nodes", full=False, rows=[...], gone=["pc12"])   what has changed since, at most four times a second

The master owns the rows; a client mirrors them. A later `watch` of the same client replaces the earlier one. Each
row begins with its id, unique in its topic. Instants are seconds since 1970 on the master's clock, and every `Feed`
says what that clock showed: a countdown needs no message a second, and nothing travels while nothing changes.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

RowId: TypeAlias = str | int
Severity: TypeAlias = Literal["info", "warning", "error"]

#: Seconds since midnight of the master's wall clock, start and end.
Span: TypeAlias = tuple[int, int]

JOB = "job:"  # begins the topic of one job's details
NODE = "node:"  # begins the topic of one node's details

NodeState: TypeAlias = Literal["in_use", "idle", "computing", "suspended", "draining", "offline", "error"]
JobState: TypeAlias = Literal["opening", "idle", "waiting", "running", "done", "cancelled", "broken", "abandoned"]


class Row(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all rows. Fields may be added at the end: an older client ignores them."""


class MasterRow(Row, frozen=True):
    """The master itself; the only row of its topic.

    Attributes:
        started: instant.
        lag: seconds by which its event loop was late at most, in the last seconds.
        nodes: all that it knows; `answering` of them are connected.
        cores_ours, cores_person, cores_idle: cores of the nodes that answer, by what they do ...
        running, queued: calls of all jobs.
        finished_today, failed_today, sent_back_today: calls since midnight.
        sessions: people who are logged in.
        zone: name of its time zone, such as "Europe/Berlin"; "" if it has none.
        cores_other: ... and those that do neither our work nor that of somebody who is logged in.
    """

    name: str
    release: str
    started: float
    lag: float
    nodes: int
    answering: int
    workers: int
    cores_ours: int
    cores_person: int
    cores_idle: int
    jobs: int
    running: int
    queued: int
    finished_today: int
    failed_today: int
    sent_back_today: int
    sessions: int
    zone: str = ""
    cores_other: int = 0


class NodeRow(Row, frozen=True):
    """One node.

    Attributes:
        state: one of the seven.
        since: instant of the state.
        person, full_name: who is logged in; "" if nobody is, or no name is known.
        until: instant at which that person's time is over; None: no limit, or nobody.
        quota: seconds that the person has a day; None: no limit, or nobody.
        memory, memory_used: bytes.
        workers: calls that it can run at once.
        rate: finished calls per minute.
        running: calls that run, by job number.
        queued: calls that wait on the node.
        trouble: a sentence if it needs a look, else "".
        note: anything worth a line that is no trouble, else "".
        release: of AsynCluster there.
    """

    name: str
    state: NodeState
    since: float
    cores: int
    person: str = ""
    full_name: str = ""
    until: float | None = None
    quota: float | None = None
    load: float = 0.0
    memory: int = 0
    memory_used: int = 0
    workers: int = 0
    rate: float = 0.0
    running: dict[int, int] = {}
    queued: int = 0
    trouble: str = ""
    note: str = ""
    release: str = ""


class CoresRow(Row, frozen=True):
    """What a node's cores do: one byte a core, 0 to 255, for our share of it and for everybody else's."""

    name: str
    ours: bytes
    others: bytes


class JobRow(Row, frozen=True):
    """One job; those that are over stay for a while.

    Attributes:
        key: its random 63-bit key, as text: it names nothing for people.
        submitted: all its calls so far; the others are parts of it.
        rate: finished calls per minute.
        ends: instant at which it will be done at this rate; None if nobody knows.
        workers: that run its calls now.
        created, finished: instants; `finished` is None while it is open.
        busy: seconds that workers have spent on it.
        oldest: since when its oldest queued call waits; None if none does.
        note: what it says of itself, or why it is not running.
    """

    number: int
    key: str
    name: str
    owner: str
    niceness: int
    state: JobState
    created: float
    submitted: int = 0
    done: int = 0
    failed: int = 0
    running: int = 0
    queued: int = 0
    rate: float = 0.0
    ends: float | None = None
    workers: int = 0
    busy: float = 0.0
    oldest: float | None = None
    finished: float | None = None
    note: str = ""


class FailureGroup(Row, frozen=True):
    """Failures that are alike: their kind, the first line of what they say, and how many there are."""

    kind: str
    message: str
    count: int


class JobDetail(Row, frozen=True):
    """What is shown of one job beyond its row.

    Attributes:
        throughput: calls finished in each of the last 300 seconds, the newest last.
        minutes: the same per minute since the job began, at most the last 24 hours, the newest last.
        durations: element i counts the calls that took less than 2**i microseconds and are not counted before.
        failures: groups, the largest first, at most 20; `other_failures` counts the rest.
        nodes: calls that each node has now.
        unfit: nodes on which its code fails, with the last line of the traceback.
        entries: length of its log of code, functions and updates.
        log: the last lines that it printed.
        error: why it ended, if it did not end well.
        failing, failing_minutes: how many of `throughput` and of `minutes` failed; empty as long as none has.
    """

    number: int
    throughput: list[int] = []
    minutes: list[int] = []
    durations: list[int] = []
    failures: list[FailureGroup] = []
    other_failures: int = 0
    nodes: dict[str, int] = {}
    unfit: dict[str, str] = {}
    entries: int = 0
    log: list[str] = []
    error: str = ""
    failing: list[int] = []
    failing_minutes: list[int] = []


class PersonRow(Row, frozen=True):
    """One account, as of the instant `at`.

    Attributes:
        node, since: where the person is logged in, and since when; "" and None if they are not.
        until: instant at which the session has to end; None: never, or no session.
        used_today, used_week: seconds until `at`; while a session goes on, time adds to both.
        left: seconds that are left at `at`; None: no limit.
        daily, weekly: quotas in seconds; None: no limit.
        granted: seconds given for today on top of the quotas.
        refused: why the person could not log in now; "" if they could.
    """

    name: str
    enabled: bool
    restricted: bool
    at: float
    full_name: str = ""
    node: str = ""
    since: float | None = None
    until: float | None = None
    used_today: float = 0.0
    used_week: float = 0.0
    left: float | None = None
    daily: float | None = None
    weekly: float | None = None
    granted: float = 0.0
    refused: str = ""


class OpeningRow(Row, frozen=True):
    """When the room is open on a weekday ("mon" to "sun"), or on a date ("2026-12-24") that differs from its weekday.

    No spans: closed. A weekday that has no row is closed too.
    """

    day: str
    spans: list[Span]


class NodeDetail(Row, frozen=True):
    """What is shown of one node beyond its row: percent of all its cores over the last hour, the newest last.

    Attributes:
        seconds: between two samples.
        ours, others: our share and everybody else's.
    """

    name: str
    seconds: float
    ours: list[int] = []
    others: list[int] = []


class EventRow(Row, frozen=True):
    """Something that happened.

    Attributes:
        id: counts up.
        at: instant.
        actor: who did it: an account, a node, or "master".
        subject: what it is about, as "node:pc07", "job:214", "user:lena" or "".
    """

    id: int
    at: float
    severity: Severity
    actor: str
    subject: str
    text: str


class DaskRow(Row, frozen=True):
    """The second engine, where there is one; the only row of its topic.

    Attributes:
        ready: whether its scheduler takes work; if not, `trouble` says why.
        starts: how often the scheduler was started.
        workers: by node.
        paused: workers that begin nothing, as somebody uses their computer.
        clients: that are connected.
        running, waiting, done, failed: tasks.
        memory: bytes of results on the workers.
        kept: bytes of results on the master's machine, brought there from nodes that had to make way.
    """

    name: str
    ready: bool
    trouble: str = ""
    starts: int = 0
    workers: dict[str, int] = {}
    paused: int = 0
    clients: int = 0
    running: int = 0
    waiting: int = 0
    done: int = 0
    failed: int = 0
    memory: int = 0
    kept: int = 0


TOPICS: dict[str, type[Row]] = {
    "master": MasterRow,
    "nodes": NodeRow,
    "cores": CoresRow,
    "jobs": JobRow,
    "people": PersonRow,
    "openings": OpeningRow,
    "events": EventRow,
    "dask": DaskRow,
}


def row_type(topic: str) -> type[Row] | None:
    """The struct of a topic's rows; None: there is no such topic."""
    if job_number(topic) is not None:
        return JobDetail
    return NodeDetail if node_name(topic) else TOPICS.get(topic)


def is_detail(topic: str) -> bool:
    """Whether a topic is about one job or one node, and has one row or none."""
    return job_number(topic) is not None or bool(node_name(topic))


def job_number(topic: str) -> int | None:
    """The job that a topic like "job:214" is about; None for all other topics."""
    digits = topic.removeprefix(JOB)
    is_job = topic.startswith(JOB) and digits.isascii() and digits.isdigit() and len(digits) < 17
    return int(digits) if is_job else None


def node_name(topic: str) -> str:
    """The node that a topic like "node:pc07" is about; "" for all other topics."""
    return topic.removeprefix(NODE) if topic.startswith(NODE) else ""


_Id: TypeAlias = Annotated[str, Meta(max_length=300)] | Annotated[int, Meta(ge=0, lt=2**53)]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What of a topic a client looks at: the rows with the ids `only`, or all."""

    only: Annotated[list[_Id], Meta(max_length=5000)] | None = None


Topics: TypeAlias = dict[Annotated[str, Meta(max_length=300)], Options]


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arguments of the verb "watch"; no topics: nothing more is sent."""

    topics: Annotated[Topics, Meta(max_length=32)]

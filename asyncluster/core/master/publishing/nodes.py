"""Publishes nodes and what their cores do, and adds up what all of them do.

A node is looked at whenever somebody watches, and written anew only when something that its row shows has changed:
telemetry came, its state or the jobs on it are other ones, a person came or left. So a thousand nodes cost what their
news cost. States are followed while nobody watches too: "since" is what an operator asks first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from asyncluster.core.jobs.records import NodeRecord
from asyncluster.core.master.feed import Feed
from asyncluster.core.master.publishing import rows
from asyncluster.core.master.publishing.past import LOAD_SECONDS, Past
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire.feed import NodeDetail, NodeRow, NodeState

#: By node.
Sessions: TypeAlias = Mapping[str, Session]


@dataclass(frozen=True, slots=True)
class Use:
    """What nodes that answer have and do: nodes, cores, workers; and thousandths of cores, by whose work it is."""

    nodes: int = 0
    cores: int = 0
    workers: int = 0
    ours: int = 0
    person: int = 0
    other: int = 0

    @classmethod
    def of(cls, record: NodeRecord, session: Session | None) -> Use:
        """Of one node. What is not ours is the person's only while somebody sits there."""
        if record.state == "lost":
            return cls()
        cores = record.telemetry.cores if record.telemetry is not None else ()
        ours = round(1000 * sum(core.ours for core in cores))
        rest = round(1000 * sum(core.others for core in cores))
        person, other = (0, rest) if session is None else (rest, 0)
        return cls(1, record.attach.cores, record.slots, ours, person, other)

    def plus(self, other: Use, sign: int = 1) -> Use:
        """The sum, or the difference."""
        return Use(
            self.nodes + sign * other.nodes,
            self.cores + sign * other.cores,
            self.workers + sign * other.workers,
            self.ours + sign * other.ours,
            self.person + sign * other.person,
            self.other + sign * other.other,
        )


@dataclass(slots=True)
class _Known:
    """What is remembered of one node.

    Attributes:
        look: all that its row was made of; None: it has none yet.
        state, since: its state, and the instant of it.
    """

    past: Past
    look: tuple[Any, ...] | None = None
    state: NodeState | None = None
    since: float = 0.0
    use: Use = Use()
    running: Mapping[int, int] | None = None  # by job key
    row: NodeRow | None = None


class NodeBoard:
    """All nodes that this master has seen.

    Args:
        feed: gets the rows.
        wall_clock: seconds since 1970.

    Attributes:
        use: of all nodes together, as of the last look.
        running: calls that nodes say they run, by job key.
    """

    def __init__(self, feed: Feed, wall_clock: Callable[[], float]) -> None:
        self.use = Use()
        self.running: Counter[int] = Counter()
        self._feed = feed
        self._wall_clock = wall_clock
        self._known: dict[str, _Known] = {}

    def __len__(self) -> int:
        return len(self._known)

    def follow(self, nodes: Iterable[NodeRecord], sessions: Sessions) -> None:
        """Nobody watches: takes only states down."""
        here = set()
        for record in nodes:
            here.add(record.name)
            self._note(self._of(record.name), rows.node_state(record, sessions.get(record.name)))
        for name in self._known.keys() - here:
            self._note(self._known[name], "offline")

    def publish(
        self,
        nodes: Iterable[NodeRecord],
        sessions: Sessions,
        numbers: Mapping[int, int],
        quotas: Mapping[str, float | None] = MappingProxyType({}),
    ) -> None:
        """Somebody watches.

        Args:
            numbers: of the open jobs, by key.
            quotas: seconds a day of people.
        """
        here = set()
        for record in nodes:
            here.add(record.name)
            known = self._of(record.name)
            session = sessions.get(record.name)
            jobs = [key for key, count in record.jobs.items() if count]
            quota = quotas.get(session.user) if session is not None else None
            look = (record.telemetry, record.state, record.slots, record.attach, session, quota, jobs)
            if look != known.look:
                known.look = look
                self._publish(record, known, session, quota, numbers)
        for name in self._known.keys() - here:
            self._publish_gone(name, self._known[name])

    def sample(self, seconds: int, nodes: Iterable[NodeRecord], finished: Mapping[str, int]) -> None:
        """To be called every `RATE_SECONDS`; `seconds` counts them up, `finished` are the calls of each node so far."""
        loads = seconds % LOAD_SECONDS == 0
        for record in nodes:
            past = self._of(record.name).past
            past.finished(finished.get(record.name, 0))
            if loads:
                past.load(record)

    def detail(self, name: str) -> NodeDetail | None:
        """What is shown of one node beyond its row; None if nobody knows it."""
        known = self._known.get(name)
        return None if known is None else NodeDetail(name, LOAD_SECONDS, list(known.past.ours), list(known.past.others))

    # --- within ------------------------------------------------------------------------------------------

    def _of(self, name: str) -> _Known:
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Known(Past())
        return known

    def _note(self, known: _Known, state: NodeState) -> None:
        if known.state != state:
            known.state, known.since = state, self._wall_clock()

    def _publish(
        self,
        record: NodeRecord,
        known: _Known,
        session: Session | None,
        quota: float | None,
        numbers: Mapping[int, int],
    ) -> None:
        self._note(known, rows.node_state(record, session))
        running = rows.running_now(record)
        rate = known.past.rate if record.state != "lost" else 0.0
        known.row = rows.node_row(
            record, session, since=known.since, rate=rate, quota=quota, running=running, numbers=numbers
        )
        self._feed.publish("nodes", record.name, known.row)
        self._feed.publish("cores", record.name, rows.cores_row(record))
        self._add_up(known, Use.of(record, session), running if record.state != "lost" else {})

    def _publish_gone(self, name: str, known: _Known) -> None:
        """A node that the dispatcher has given up stays in sight."""
        if known.look == ():
            return
        known.look = ()
        self._note(known, "offline")
        last = known.row
        cores, memory = (last.cores, last.memory) if last is not None else (0, 0)
        known.row = NodeRow(name, "offline", known.since, cores, memory=memory)
        self._feed.publish("nodes", name, known.row)
        self._feed.remove("cores", name)
        self._add_up(known, Use(), {})

    def _add_up(self, known: _Known, use: Use, running: Mapping[int, int]) -> None:
        self.use = self.use.plus(known.use, -1).plus(use)
        self.running.subtract(known.running or {})
        self.running.update(running)
        known.use, known.running = use, running

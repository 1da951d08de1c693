"""Keeps the feed up to date: lets each board look at its part of the master, twice a second while somebody watches.

While nobody watches next to nothing is looked at: jobs and nodes are counted for plots that want to show the past, and
states are followed, each once a second or less often.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.task import LoopingCall

from asyncluster import __version__
from asyncluster.core.database.audit import Act
from asyncluster.core.database.database import Database
from asyncluster.core.jobs.records import JobRecord
from asyncluster.core.master.feed import RATE, Feed
from asyncluster.core.master.people import PeopleService
from asyncluster.core.master.publishing.acts import sentence_of, subject_of
from asyncluster.core.master.publishing.jobs import JobBoard
from asyncluster.core.master.publishing.nodes import NodeBoard
from asyncluster.core.master.publishing.past import RATE_SECONDS
from asyncluster.core.master.publishing.people import PeopleBoard
from asyncluster.core.master.switchboard import Switchboard
from asyncluster.core.wire.feed import MasterRow, Row, job_number, node_name

#: Ticks between two looks at nodes and jobs; people and events, which tell of themselves, go out with the next tick.
_LOOK_TICKS = 2


class Publisher:
    """Publishes for as long as it runs.

    Args:
        reactor: gives ticks.
        switchboard, people, database: where the state is.
        wall_clock: seconds since 1970.

    Attributes:
        feed: what clients subscribe to.
    """

    def __init__(
        self,
        reactor: Any,
        switchboard: Switchboard,
        people: PeopleService,
        database: Database,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.feed = Feed(self._detail)
        self._switchboard = switchboard
        self._dispatcher = switchboard.dispatcher
        self._zone = str(getattr(people.zone, "key", ""))
        self._wall_clock = wall_clock
        self._reactor = reactor
        self._loop = LoopingCall(self._tick)
        self._loop.clock = reactor
        self._ticks = 0
        self._late = 0.0
        self._last_tick = 0.0
        self._nodes = NodeBoard(self.feed, wall_clock)
        self._jobs = JobBoard(self.feed, wall_clock, self._instant, switchboard.tally, switchboard.logs)
        self._people = PeopleBoard(self.feed, people, database, lambda *event: self.event("info", *event))
        people.acted = self._acted
        switchboard.hear(self)

    def start(self) -> None:
        """Begins to tick."""
        self._last_tick = float(self._reactor.seconds())
        self._loop.start(1 / RATE, now=False)

    def stop(self) -> None:
        """Ends the ticks."""
        if self._loop.running:
            self._loop.stop()

    # --- from the switchboard -------------------------------------------------------------------------------

    def event(self, severity: Any, actor: str, subject: str, text: str) -> None:
        """Something happened that an operator may want to know."""
        self.feed.event(severity, actor, subject, text, self._wall_clock())

    def job_closed(self, record: JobRecord) -> None:
        """A job is over."""
        self._jobs.closed(record)

    def _acted(self, act: Act) -> None:
        self.event("info", act.who, subject_of(act), sentence_of(act))

    # --- ticks ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = float(self._reactor.seconds())
        self._late = max(0.9 * self._late, now - self._last_tick - 1 / RATE)
        self._last_tick = now
        self._ticks += 1
        if self._ticks % RATE == 0:
            self._second(self._ticks // RATE)
        self._people.look(now, watched=self.feed.watched)
        if self.feed.watched and self._ticks % _LOOK_TICKS == 0:
            self._publish()
        self.feed.tick(self._wall_clock())

    def _second(self, seconds: int) -> None:
        """What is counted whether anybody watches or not."""
        self._jobs.second(self._dispatcher.jobs())
        if seconds % RATE_SECONDS == 0:
            self._nodes.sample(seconds, self._dispatcher.nodes(), self._switchboard.tally.finished)
        if not self.feed.watched:
            self._nodes.follow(self._dispatcher.nodes(), self._people.sessions)

    def _publish(self) -> None:
        jobs = self._dispatcher.jobs()
        numbers = {job.key: job.number for job in jobs if job.number is not None}
        self._nodes.publish(self._dispatcher.nodes(), self._people.sessions, numbers, self._people.quotas)
        self._jobs.publish(jobs, self._nodes.running)
        row = self._master_row(jobs)
        self.feed.publish("master", row.name, row)

    def _master_row(self, jobs: list[JobRecord]) -> MasterRow:
        use, tally = self._nodes.use, self._switchboard.tally
        ours, person, other = (round(thousandths / 1000) for thousandths in (use.ours, use.person, use.other))
        return MasterRow(
            self._switchboard.name,
            __version__,
            round(self._wall_clock() - self._switchboard.uptime()),
            round(self._late, 2),
            len(self._nodes),
            use.nodes,
            use.workers,
            ours,
            person,
            max(0, use.cores - ours - person - other),
            len(jobs),
            sum(job.running for job in jobs),
            sum(job.queued for job in jobs),
            tally.finished_today,
            tally.failed_today,
            tally.sent_back_today,
            len(self._people.sessions),
            self._zone,
            other,
        )

    # --- details --------------------------------------------------------------------------------------------

    def _detail(self, topic: str) -> Row | None:
        number = job_number(topic)
        if number is None:
            return self._nodes.detail(node_name(topic))
        key = self._dispatcher.key_of(number)
        record = (self._dispatcher.job(key) if key is not None else None) or self._jobs.ended(number)
        return None if record is None else self._jobs.detail(record)

    def _instant(self, at: float) -> float:
        """An instant of the dispatcher's clock, in whole seconds since 1970."""
        return float(round(self._wall_clock() - (self._switchboard.now() - at)))

"""Keeps the feed up to date: looks at the master's parts, and publishes what they show.

Nodes and jobs are looked at in memory, people in the database and in its thread. While nobody watches nothing is
looked at, but for one count of each job a second, which its plot will want to show from the beginning.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from typing import Any

from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from asyncluster import __version__
from asyncluster.core.database.accounts import list_accounts
from asyncluster.core.database.database import Database
from asyncluster.core.database.openings import load_calendar
from asyncluster.core.database.sessions import open_sessions
from asyncluster.core.jobs.records import JobRecord, NodeRecord
from asyncluster.core.master.feed import RATE, Feed
from asyncluster.core.master.people import PeopleService
from asyncluster.core.master.publishing import rows
from asyncluster.core.master.publishing.pace import Pace
from asyncluster.core.master.standing import Situation, standings
from asyncluster.core.master.switchboard import Switchboard
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire.feed import FailureGroup, JobDetail, MasterRow, NodeRow, OpeningRow, PersonRow

_PEOPLE_SECONDS = 1.0
_FAILURES = 20
_LOG_LINES = 200
_ENDED_JOBS = 200  # that stay in the feed
_log = Logger()


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
        self._people = people
        self._database = database
        self._wall_clock = wall_clock
        self._reactor = reactor
        self._loop = LoopingCall(self._tick)
        self._loop.clock = reactor
        self._ticks = 0
        self._late = 0.0
        self._last_tick = 0.0
        self._sessions: dict[str, Session] = {}  # by node
        self._asking: Deferred[Any] | None = None
        self._states: dict[str, tuple[str, float]] = {}  # of nodes, and since when
        self._lost: dict[str, NodeRow] = {}
        self._job_paces: dict[int, Pace] = {}
        self._node_paces: dict[str, Pace] = {}
        self._ended: dict[int, JobRecord] = {}
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
        """A job is over; its row stays for a while."""
        self._ended[record.key] = record
        created = self._instant(record.opened)
        row = rows.job_row(record, now=0, created=created, rate=0, workers=0, finished=self._wall_clock())
        self.feed.publish("jobs", row.number, row)
        self._job_paces.pop(record.key, None)
        if len(self._ended) > _ENDED_JOBS:
            oldest = self._ended.pop(next(iter(self._ended)))
            self.feed.remove("jobs", oldest.number or 0)

    # --- ticks ----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = float(self._reactor.seconds())
        self._late = max(0.9 * self._late, now - self._last_tick - 1 / RATE)
        self._last_tick = now
        self._ticks += 1
        jobs = self._dispatcher.jobs()
        if self._ticks % RATE == 0:
            self._count(jobs)
        if self.feed.watched:
            nodes = self._dispatcher.nodes()
            self._publish_nodes(nodes, {job.key: job.number for job in jobs if job.number is not None})
            self._publish_jobs(jobs, nodes)
            self._publish_master(jobs, nodes)
            if self._asking is None and self._ticks % round(RATE * _PEOPLE_SECONDS) == 0:
                self._ask_people()
        self.feed.tick(self._wall_clock())

    def _count(self, jobs: list[JobRecord]) -> None:
        for job in jobs:
            self._job_paces.setdefault(job.key, Pace()).second(_finished(job))
        for name, total in self._switchboard.tally.finished.items():
            self._node_paces.setdefault(name, Pace()).second(total)

    # --- nodes, jobs, master --------------------------------------------------------------------------------

    def _publish_nodes(self, nodes: list[NodeRecord], numbers: dict[int, int]) -> None:
        here = set()
        for record in nodes:
            here.add(record.name)
            session = self._sessions.get(record.name)
            pace = self._node_paces.get(record.name)
            row = rows.node_row(
                record,
                session,
                since=self._state_since(record.name, rows.node_state(record, session)),
                rate=pace.rate if pace and record.state != "lost" else 0.0,
                numbers=numbers,
            )
            self.feed.publish("nodes", record.name, row)
            self.feed.publish("cores", record.name, rows.cores_row(record))
            self._lost[record.name] = row
        for name in self._lost.keys() - here:
            self._publish_lost(name)

    def _publish_lost(self, name: str) -> None:
        """A node that the dispatcher has given up stays in sight."""
        last = self._lost[name]
        since = self._state_since(name, "offline")
        self.feed.publish("nodes", name, NodeRow(name, "offline", since, last.cores, memory=last.memory))
        self.feed.remove("cores", name)

    def _state_since(self, name: str, state: str) -> float:
        known = self._states.get(name)
        if known is None or known[0] != state:
            known = self._states[name] = (state, self._wall_clock())
        return known[1]

    def _publish_jobs(self, jobs: list[JobRecord], nodes: list[NodeRecord]) -> None:
        workers: Counter[int] = Counter()
        for node in nodes:
            if node.telemetry is not None and node.state != "lost":
                workers.update(node.telemetry.running)
        now = self._wall_clock()
        for job in jobs:
            if job.number is None:
                continue
            pace = self._job_paces.get(job.key)
            row = rows.job_row(
                job,
                now=now,
                created=self._instant(job.opened),
                rate=pace.rate if pace else 0.0,
                workers=workers[job.key],
            )
            self.feed.publish("jobs", job.number, row)

    def _publish_master(self, jobs: list[JobRecord], nodes: list[NodeRecord]) -> None:
        answering = [node for node in nodes if node.state != "lost"]
        ours = others = 0.0
        for node in answering:
            for core in node.telemetry.cores if node.telemetry else ():
                ours += core.ours
                others += core.others
        cores = sum(node.attach.cores for node in answering)
        tally = self._switchboard.tally
        row = MasterRow(
            self._switchboard.name,
            __version__,
            round(self._wall_clock() - self._switchboard.uptime()),
            round(self._late, 2),
            len(self._lost),
            len(answering),
            sum(node.slots for node in answering),
            round(ours),
            round(others),
            max(0, cores - round(ours) - round(others)),
            len(jobs),
            sum(job.running for job in jobs),
            sum(job.queued for job in jobs),
            tally.finished_today,
            tally.failed_today,
            tally.sent_back_today,
            len(self._sessions),
            str(getattr(self._people.zone, "key", "")),
        )
        self.feed.publish("master", row.name, row)

    def _detail(self, number: int) -> JobDetail | None:
        key = self._dispatcher.key_of(number)
        record = self._dispatcher.job(key) if key is not None else None
        if record is None:
            record = next((job for job in self._ended.values() if job.number == number), None)
        if record is None:
            return None
        pace = self._job_paces.get(record.key, Pace())
        failures = self._switchboard.tally.failures.get(record.key, Counter())
        groups = [FailureGroup(kind, text, count) for (kind, text), count in failures.most_common(_FAILURES)]
        if record.counters.raised:
            groups.append(FailureGroup("raised", "Exceptions of the author's own code.", record.counters.raised))
        lines, _dropped = self._switchboard.logs.read(record.key)
        return JobDetail(
            number,
            throughput=list(pace.seconds),
            minutes=list(pace.minutes),
            durations=list(record.counters.durations),
            failures=groups,
            other_failures=sum(failures.values()) - sum(count for _, count in failures.most_common(_FAILURES)),
            nodes=record.nodes,
            unfit=record.unfit,
            entries=record.entries,
            log=[line.text for line in islice(lines, max(0, len(lines) - _LOG_LINES), None)],
        )

    def _instant(self, at: float) -> float:
        """An instant of the dispatcher's clock, in whole seconds since 1970."""
        return float(round(self._wall_clock() - (self._switchboard.now() - at)))

    # --- people ---------------------------------------------------------------------------------------------

    def _ask_people(self) -> None:
        asking = self._asking = self._database.run(_look_at_people, self._people.situation())
        told: Deferred[None] = asking.addCallback(self._publish_people)
        told.addErrback(lambda failure: _log.warn("The feed of people stands still: {error}", error=failure.value))
        told.addBoth(self._asked)

    def _asked(self, _result: object) -> None:
        self._asking = None

    def _publish_people(self, found: tuple[list[Session], list[PersonRow], list[OpeningRow]]) -> None:
        sessions, people, openings = found
        self._sessions = {session.node: session for session in sessions}
        self._replace("people", {row.name: row for row in people})
        self._replace("openings", {row.day: row for row in openings})

    def _replace(self, topic: str, now: dict[str, Any]) -> None:
        for row_id in self.feed.ids(topic):
            if row_id not in now:
                self.feed.remove(topic, row_id)
        for row_id, row in now.items():
            self.feed.publish(topic, row_id, row)


def _finished(job: JobRecord) -> int:
    return job.counters.done + sum(job.counters.failed.values())


def _look_at_people(
    connection: Connection, situation: Situation
) -> tuple[list[Session], list[PersonRow], list[OpeningRow]]:
    accounts = list_accounts(connection)
    people = [rows.person_row(standing) for standing in standings(connection, situation, accounts)]
    calendar = load_calendar(connection, situation.zone)
    return open_sessions(connection), people, rows.opening_rows(calendar)

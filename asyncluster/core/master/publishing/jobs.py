"""Publishes jobs, those that are over for a while longer, and the details of one job."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from asyncluster.core.jobs.records import JobRecord
from asyncluster.core.master.feed import Feed
from asyncluster.core.master.joblogs import JobLogs
from asyncluster.core.master.publishing import rows
from asyncluster.core.master.publishing.pace import Pace
from asyncluster.core.master.tally import Tally
from asyncluster.core.wire.feed import FailureGroup, JobDetail

_FAILURES = 20
_LOG_LINES = 200
_ENDED_JOBS = 200  # that stay in the feed


class _Paces:
    """How fast the calls of a job finish, and how fast they fail."""

    def __init__(self) -> None:
        self.finished = Pace()
        self.failed = Pace()

    def second(self, job: JobRecord) -> None:
        failed = sum(job.counters.failed.values())
        self.finished.second(job.counters.done + failed)
        self.failed.second(failed)


class JobBoard:
    """All open jobs, and the last ones that ended.

    Args:
        feed: gets the rows.
        wall_clock: seconds since 1970.
        instant: turns an instant of the dispatcher's clock into whole seconds since 1970.
        tally, logs: what is known of failures and output.
    """

    def __init__(
        self,
        feed: Feed,
        wall_clock: Callable[[], float],
        instant: Callable[[float], float],
        tally: Tally,
        logs: JobLogs,
    ) -> None:
        self._feed = feed
        self._wall_clock = wall_clock
        self._instant = instant
        self._tally = tally
        self._logs = logs
        self._paces: dict[int, _Paces] = {}
        self._ended: dict[int, JobRecord] = {}

    def second(self, jobs: Iterable[JobRecord]) -> None:
        """To be told once a second how jobs are, whether anybody watches or not."""
        for job in jobs:
            self._paces.setdefault(job.key, _Paces()).second(job)

    def publish(self, jobs: Iterable[JobRecord], running: Mapping[int, int]) -> None:
        """Somebody watches; `running` are the workers of each job, by key."""
        now = self._wall_clock()
        for job in jobs:
            if job.number is None:
                continue
            pace = self._paces.get(job.key)
            created, rate = self._instant(job.opened), pace.finished.rate if pace else 0.0
            row = rows.job_row(job, now=now, created=created, rate=rate, workers=running.get(job.key, 0))
            self._feed.publish("jobs", job.number, row)

    def closed(self, record: JobRecord) -> None:
        """A job is over; its row stays for a while."""
        self._ended[record.key] = record
        created = self._instant(record.opened)
        row = rows.job_row(record, now=0, created=created, rate=0, workers=0, finished=self._wall_clock())
        self._feed.publish("jobs", row.number, row)
        self._paces.pop(record.key, None)
        if len(self._ended) > _ENDED_JOBS:
            oldest = self._ended.pop(next(iter(self._ended)))
            self._feed.remove("jobs", oldest.number or 0)

    def ended(self, number: int) -> JobRecord | None:
        """A job that is over, by its number."""
        return next((job for job in self._ended.values() if job.number == number), None)

    def detail(self, record: JobRecord) -> JobDetail:
        """What is shown of one job beyond its row."""
        pace = self._paces.get(record.key, _Paces())
        failed = sum(record.counters.failed.values()) > 0
        failures = self._tally.failures.get(record.key, Counter())
        shown = failures.most_common(_FAILURES)
        groups = [FailureGroup(kind, text, count) for (kind, text), count in shown]
        if record.counters.raised:
            groups.append(FailureGroup("raised", "Exceptions of the author's own code.", record.counters.raised))
        lines, _dropped = self._logs.read(record.key)
        return JobDetail(
            record.number or 0,
            throughput=list(pace.finished.seconds),
            minutes=list(pace.finished.minutes),
            failing=list(pace.failed.seconds) if failed else [],
            failing_minutes=list(pace.failed.minutes) if failed else [],
            durations=list(record.counters.durations),
            failures=groups,
            other_failures=sum(failures.values()) - sum(count for _, count in shown),
            nodes=record.nodes,
            unfit=record.unfit,
            entries=record.entries,
            log=[line.text for line in islice(lines, max(0, len(lines) - _LOG_LINES), None)],
        )

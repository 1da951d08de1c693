"""Writes the history of jobs into the database: when they open, each minute, and when they end.

The database may be slow or away. A job that cannot be written down is not accepted; a minute that cannot be is lost,
which is said in the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from asyncluster.core.database import history
from asyncluster.core.database.database import Database
from asyncluster.core.database.history import JobTotals, Sample
from asyncluster.core.jobs.instructions import JobStarted
from asyncluster.core.jobs.records import JobRecord

MINUTE = 60
_log = Logger()


class JobHistory:
    """The database's view of jobs.

    Args:
        database: open.
        wall_clock: seconds since 1970.
    """

    def __init__(self, database: Database, wall_clock: Callable[[], float]) -> None:
        self._database = database
        self._wall_clock = wall_clock
        self._last: dict[int, JobTotals] = {}

    def opened(self, job: JobStarted) -> Deferred[int]:
        """Writes a job down; fires with its number."""
        return self._database.run(
            history.job_opened,
            job.key,
            name=job.name,
            owner_uid=job.owner.uid,
            owner=job.owner.name,
            niceness=job.niceness,
            now=self._wall_clock(),
        )

    def sample(self, jobs: Iterable[JobRecord]) -> None:
        """Writes down what has happened since the last time; to be called once a minute."""
        minute = int(self._wall_clock()) // MINUTE * MINUTE
        for job in jobs:
            totals, before = _totals(job), self._last.get(job.key, JobTotals())
            if totals == before or job.number is None:
                continue
            self._last[job.key] = totals
            sample = Sample(minute, totals.done - before.done, totals.failed - before.failed, totals.busy - before.busy)
            self._database.run(history.job_sampled, job.key, totals, sample).addErrback(_lost)

    def closed(self, job: JobRecord) -> None:
        """Writes down how a job ended."""
        self.sample([job])
        self._last.pop(job.key, None)
        ended = self._database.run(history.job_finished, job.key, _totals(job), state=job.state, now=self._wall_clock())
        ended.addErrback(_lost)


def _totals(job: JobRecord) -> JobTotals:
    counters = job.counters
    failed = sum(counters.failed.values())
    submitted = counters.done + failed + job.queued + job.running
    return JobTotals(submitted, counters.done, failed, counters.busy)


def _lost(failure: Failure) -> None:
    _log.warn("A part of the history of jobs is lost: {error}", error=failure.value)

"""The history of jobs: who ran what, how much of it was done, and how fast, minute by minute.

The master opens a job when its client does, samples it once a minute while it runs and finishes it. Everything may
be said twice: a restarted master, or a client that connects again, opens the same key and gets the same number, and
a sample of the same minute replaces the earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, func, insert, or_, select, update

from asyncluster.core.database.schema import job_samples, jobs
from asyncluster.core.failpoints import failpoint

RUNNING = "running"
ERROR_LENGTH = 64 * 1024  # characters of a job's error that are kept
_NAME_LENGTH = 255


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the history knows it.

    Attributes:
        number: what people see.
        key: what the wire uses; made by the client.
        state: "running" or how it ended ("done", "cancelled", "failed", ...), a word of the master's.
        created, finished: seconds since 1970; None while it runs.
        submitted, done, failed: calls.
        busy: seconds that workers spent on it, all together.
        error: why it ended, if not well.
    """

    number: int
    key: int
    name: str
    owner_uid: int
    owner: str
    niceness: int
    state: str
    created: float
    finished: float | None
    submitted: int
    done: int
    failed: int
    busy: float
    error: str | None


@dataclass(frozen=True, slots=True)
class JobTotals:
    """What a job has come to so far: calls, and seconds of all workers together."""

    submitted: int = 0
    done: int = 0
    failed: int = 0
    busy: float = 0.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What happened in one minute of a job; `minute` is its beginning in seconds since 1970."""

    minute: int
    done: int
    failed: int
    busy: float


def job_opened(
    connection: Connection,
    key: int,
    *,
    name: str,
    owner_uid: int,
    owner: str,
    niceness: int,
    now: float,
) -> int:
    """Record a job, or find it: the same key always gets the same number. A finished job runs again."""
    known = connection.execute(select(jobs.c.number).where(jobs.c.key == key)).scalar()
    if known is not None:
        job_changed(connection, key, niceness=niceness, state=RUNNING, finished=None, error=None)
        return int(known)
    row = insert(jobs).values(
        key=key,
        name=_storable(name)[:_NAME_LENGTH],
        owner_uid=owner_uid,
        owner=_storable(owner)[:_NAME_LENGTH],
        niceness=niceness,
        state=RUNNING,
        created=now,
        submitted=0,
        done=0,
        failed=0,
        busy=0.0,
    )
    return int(connection.execute(row.returning(jobs.c.number)).scalar_one())


def job_sampled(connection: Connection, key: int, totals: JobTotals, sample: Sample) -> None:
    """Record a minute of a job and its totals so far. An unknown key is ignored."""
    number = _totals_stored(connection, key, totals)
    if number is None:
        return
    failpoint("job-sampled")
    same = (job_samples.c.number == number) & (job_samples.c.minute == sample.minute)
    connection.execute(delete(job_samples).where(same))
    connection.execute(
        insert(job_samples).values(
            number=number, minute=sample.minute, done=sample.done, failed=sample.failed, busy=sample.busy
        )
    )


def job_finished(
    connection: Connection, key: int, totals: JobTotals, *, state: str, now: float, error: str | None = None
) -> None:
    """Record how a job ended. An unknown key is ignored, and so is a second end."""
    still_open = select(jobs.c.number).where(jobs.c.key == key, jobs.c.finished.is_(None))
    if connection.execute(still_open).scalar() is None:
        return
    _totals_stored(connection, key, totals)
    text = None if error is None else _storable(error)[:ERROR_LENGTH]
    job_changed(connection, key, state=state, finished=now, error=text)


def job_changed(connection: Connection, key: int, **values: Any) -> None:
    """Change columns of a job, such as its niceness or its state."""
    connection.execute(update(jobs).where(jobs.c.key == key).values(**values))


def jobs_interrupted(connection: Connection, keys_alive: Iterable[int], *, now: float) -> int:
    """After a restart: end the jobs whose clients did not come back. Returns how many there were."""
    alive = list(keys_alive)
    lost = jobs.c.finished.is_(None) & jobs.c.key.not_in(alive)
    ended = update(jobs).where(lost).values(state="interrupted", finished=now)
    return connection.execute(ended).rowcount


def list_jobs(
    connection: Connection, *, owner_uid: int | None = None, over_since: float | None = None, limit: int = 1000
) -> list[JobRecord]:
    """The newest jobs first; of one owner, and without those that were over before `over_since`, if asked for."""
    query = select(jobs).order_by(jobs.c.number.desc()).limit(limit)
    if owner_uid is not None:
        query = query.where(jobs.c.owner_uid == owner_uid)
    if over_since is not None:
        query = query.where(or_(jobs.c.finished.is_(None), jobs.c.finished >= over_since))
    return [_record(row) for row in connection.execute(query).mappings()]


def find_job(connection: Connection, number: int) -> JobRecord | None:
    """The job with this number."""
    row = connection.execute(select(jobs).where(jobs.c.number == number)).mappings().first()
    return None if row is None else _record(row)


def job_minutes(connection: Connection, number: int, *, limit: int = 1440) -> list[Sample]:
    """The newest `limit` samples of a job, the oldest of them first."""
    query = select(job_samples).where(job_samples.c.number == number).order_by(job_samples.c.minute.desc()).limit(limit)
    rows = connection.execute(query).mappings().all()
    return [Sample(row["minute"], row["done"], row["failed"], row["busy"]) for row in reversed(rows)]


def computed(connection: Connection, *, since: float, until: float) -> list[tuple[str, float, int]]:
    """Owner, seconds of workers and finished calls in a period, the busiest owner first."""
    busy = func.sum(job_samples.c.busy)
    query = (
        select(jobs.c.owner, busy, func.sum(job_samples.c.done))
        .join(job_samples, job_samples.c.number == jobs.c.number)
        .where(job_samples.c.minute >= since, job_samples.c.minute < until)
        .group_by(jobs.c.owner)
        .order_by(busy.desc(), jobs.c.owner)
    )
    return [(owner, float(seconds), int(done)) for owner, seconds, done in connection.execute(query)]


def computed_by_hour(connection: Connection, *, since: float, until: float, limit: int) -> list[tuple[int, float, int]]:
    """Beginning of the hour, seconds of workers, finished calls: the newest `limit` hours that have any, in order."""
    hour = (job_samples.c.minute - job_samples.c.minute % 3600).label("hour")
    query = (
        select(hour, func.sum(job_samples.c.busy), func.sum(job_samples.c.done))
        .where(job_samples.c.minute >= since, job_samples.c.minute < until)
        .group_by(hour)
        .order_by(hour.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    return [(int(begin), float(seconds), int(done)) for begin, seconds, done in reversed(rows)]


def prune_jobs(connection: Connection, *, before: float, keep: int = 0) -> int:
    """Forget jobs that finished before an instant, but never the newest `keep`. Returns how many went."""
    newest = select(jobs.c.number).order_by(jobs.c.number.desc()).limit(keep)
    kept = [row.number for row in connection.execute(newest)]
    old = jobs.c.finished.is_not(None) & (jobs.c.finished < before) & jobs.c.number.not_in(kept)
    return connection.execute(delete(jobs).where(old)).rowcount


def _totals_stored(connection: Connection, key: int, totals: JobTotals) -> int | None:
    change = update(jobs).where(jobs.c.key == key)
    change = change.values(submitted=totals.submitted, done=totals.done, failed=totals.failed, busy=totals.busy)
    return connection.execute(change.returning(jobs.c.number)).scalar()


def _storable(text: str) -> str:
    """PostgreSQL stores no NUL, and neither database lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _record(row: RowMapping) -> JobRecord:
    return JobRecord(**row)

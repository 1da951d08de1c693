"""Rows of the feed, from the records of the master's parts. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from asyncluster.core.jobs.records import JobRecord, NodeRecord
from asyncluster.core.master.standing import Standing
from asyncluster.core.people.calendar import Calendar
from asyncluster.core.people.names import SHORT_WEEKDAYS
from asyncluster.core.people.refusals import refusal
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire.feed import CoresRow, JobRow, NodeRow, NodeState, OpeningRow, PersonRow

#: Cores that workers must use for a node to count as computing though it has no call: they have work of Dask's.
_BUSY_CORES = 0.5


def node_state(record: NodeRecord, session: Session | None) -> NodeState:
    """Which of the seven states a node is in; what needs a look counts more than what is usual."""
    if record.state == "lost":
        return "offline"
    if record.trouble or (record.telemetry is not None and record.telemetry.trouble):
        return "error"
    if record.state == "draining":
        return "draining"
    if record.state in ("suspend", "stop"):
        return "suspended"
    if session is not None:
        return "in_use"
    return "computing" if record.outstanding or _cores_used(record) >= _BUSY_CORES else "idle"


def _cores_used(record: NodeRecord) -> float:
    return sum(core.ours for core in record.telemetry.cores) if record.telemetry is not None else 0.0


def running_now(record: NodeRecord) -> dict[int, int]:
    """Calls that a node runs, by job key.

    Its telemetry counts them, but comes every few seconds: a job that has left the node since then runs no calls
    there, and one that came since then is taken to run as many as there are slots for.
    """
    told = record.telemetry.running if record.telemetry is not None else {}
    here = {key: count for key, count in record.jobs.items() if count}
    running = {key: count for key, count in told.items() if key in here}
    free = record.slots - sum(running.values())
    for key, count in here.items():
        if key not in running and free > 0 and record.state in ("run", "nice", "draining"):
            running[key] = min(count, free)
            free -= running[key]
    return running


def node_row(
    record: NodeRecord,
    session: Session | None,
    *,
    since: float,
    rate: float,
    quota: float | None,
    running: Mapping[int, int],
    numbers: Mapping[int, int],
) -> NodeRow:
    """A node.

    Args:
        session: of the person who sits there.
        since: instant of its state.
        rate: finished calls per minute.
        quota: seconds that the person has a day.
        running: calls that run, by job key.
        numbers: of jobs, by key.
    """
    telemetry, attach = record.telemetry, record.attach
    return NodeRow(
        record.name,
        node_state(record, session),
        since,
        attach.cores,
        person=session.user if session else "",
        until=session.deadline if session else None,
        quota=quota,
        load=round(telemetry.load, 2) if telemetry else 0.0,
        memory=attach.memory,
        memory_used=telemetry.memory_used if telemetry else 0,
        workers=record.slots,
        rate=rate,
        running={numbers[key]: count for key, count in running.items() if key in numbers},
        queued=sum(telemetry.queued.values()) if telemetry else 0,
        trouble=record.trouble or (telemetry.trouble if telemetry else ""),
        release=attach.release,
    )


def cores_row(record: NodeRecord) -> CoresRow:
    """What the cores of a node do."""
    cores = record.telemetry.cores if record.telemetry else []
    return CoresRow(record.name, _bytes([core.ours for core in cores]), _bytes([core.others for core in cores]))


def _bytes(shares: Sequence[float]) -> bytes:
    return bytes([255 if share >= 1 else int(255 * share + 0.5) if share > 0 else 0 for share in shares])


def job_row(
    record: JobRecord, *, now: float, created: float, rate: float, workers: int, finished: float | None = None
) -> JobRow:
    """A job; instants are seconds since 1970.

    Args:
        rate: finished calls per minute.
        workers: that run its calls.
        finished: when it ended, if it has.
    """
    counters = record.counters
    failed = sum(counters.failed.values())
    rest = record.queued + record.running
    return JobRow(
        record.number or 0,
        str(record.key),
        record.name,
        record.owner.name,
        record.niceness,
        record.state,
        created,
        submitted=counters.done + failed + rest,
        done=counters.done,
        failed=failed,
        running=record.running,
        queued=record.queued,
        rate=rate,
        ends=now + 60 * rest / rate if rate and rest else None,
        workers=workers,
        busy=round(counters.busy, 1),
        finished=finished,
    )


def person_row(standing: Standing) -> PersonRow:
    """An account and how it stands."""
    account, verdict = standing.stored.account, standing.verdict()
    session = next((session for session in standing.sessions if session.ended is None), None)
    return PersonRow(
        account.name,
        account.enabled,
        account.restricted,
        standing.now,
        node=session.node if session else "",
        since=session.started if session else None,
        until=session.deadline if session else None,
        used_today=verdict.used_today,
        used_week=verdict.used_week,
        left=verdict.left,
        daily=account.daily,
        weekly=account.weekly,
        granted=verdict.granted_today,
        refused="" if verdict.granted else refusal(account, verdict, standing.calendar, standing.now),
    )


def opening_rows(calendar: Calendar) -> list[OpeningRow]:
    """The week, and the dates that differ from it."""
    week: dict[str, list[tuple[int, int]]] = {}
    for opening in calendar.openings:
        week.setdefault(SHORT_WEEKDAYS[opening.weekday], []).append((opening.start, opening.end))
    dates = {day.isoformat(): list(spans) for day, spans in calendar.exceptions.items()}
    return [OpeningRow(day, spans) for day, spans in (week | dates).items()]

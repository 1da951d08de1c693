"""Verbs about jobs. Operators see all of them; job users see, and cancel, their own."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from asyncluster.core.database import history
from asyncluster.core.errors import NotAllowed, UsageError
from asyncluster.core.jobs.records import JobRecord
from asyncluster.core.master.verbs.desk import Question
from asyncluster.core.master.verbs.verb import Verb, act_of
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.cluster import Job, JobList, JobLogs, JobRenice, Jobs


async def list_jobs(question: Question, args: JobList) -> list[dict[str, Any]]:
    """Open jobs, those that were over lately if asked for, or all of them; the newest first."""
    owner = None if question.role is Role.OPERATOR else question.identity.uid
    since = None if args.all else question.now() - args.over_hours * 3600
    records = await question.database.run(history.list_jobs, owner_uid=owner, over_since=since, limit=args.limit)
    live = {job.key: job for job in question.switchboard.dispatcher.jobs()}
    shown = [record for record in records if args.all or args.over_hours or record.key in live]
    return [_answer(record, live.get(record.key)) for record in shown]


async def show(question: Question, args: Job) -> dict[str, Any]:
    """One job, with its newest minutes."""
    record = await _find(question, args.number)
    answer = _answer(record, question.switchboard.dispatcher.job(record.key))
    minutes = await question.database.run(history.job_minutes, args.number)
    answer["minutes"] = [
        {"at": _iso(minute.minute), "done": minute.done, "failed": minute.failed, "busy_seconds": minute.busy}
        for minute in minutes
    ]
    return answer


async def logs(question: Question, args: JobLogs) -> dict[str, Any]:
    """What a job printed, as far as it is kept."""
    record = await _find(question, args.number)
    lines, dropped = question.switchboard.logs.read(record.key, args.call)
    shown = [{"call": line.call, "stream": line.stream, "node": line.node, "text": line.text} for line in lines]
    return {"lines": shown, "dropped": dropped}


async def cancel(question: Question, args: Jobs) -> None:
    """Ends jobs."""
    switchboard = question.switchboard
    records = [await _find(question, number) for number in args.numbers]
    ended = [
        record.number
        for record in records
        if switchboard.dispatcher.cancel_job(record.key, question.identity.name, switchboard.now())
    ]
    switchboard.settle()
    for number in ended:
        await question.people.note(act_of(question, "job cancel", str(number)))
    over = [str(record.number) for record in records if record.number not in ended]
    if over:
        raise UsageError(f"These jobs are over already: {', '.join(over)}.")


async def renice(question: Question, args: JobRenice) -> None:
    """Changes the share of jobs. A job user may only take from their own share."""
    switchboard = question.switchboard
    for number in args.numbers:
        record = await _find(question, number)
        if question.role is not Role.OPERATOR and args.niceness < record.niceness:
            raise NotAllowed("Only an operator may make a job less nice.")
        switchboard.dispatcher.renice(record.key, args.niceness, switchboard.now())
        await question.database.run(history.job_changed, record.key, niceness=args.niceness)
        await question.people.note(act_of(question, "job renice", str(number), str(args.niceness)))
    switchboard.settle()


async def why(question: Question, args: Job) -> str:
    """Why a job is not running, in one sentence."""
    record = await _find(question, args.number)
    if record.finished is not None:
        return f"The job is over: {record.state} {_iso(record.finished)}."
    switchboard = question.switchboard
    sentence: str = switchboard.dispatcher.why(record.key, switchboard.now())
    return sentence


async def _find(question: Question, number: int) -> history.JobRecord:
    """The job, if the one who asks may know of it."""
    record: history.JobRecord | None = await question.database.run(history.find_job, number)
    visible = record is not None and (question.role is Role.OPERATOR or record.owner_uid == question.identity.uid)
    if record is None or not visible:
        raise UsageError(f"There is no job {number}, or it is not yours. asyncluster job list --all shows yours.")
    return record


def _answer(record: history.JobRecord, live: JobRecord | None) -> dict[str, Any]:
    counters = live.counters if live else None
    return {
        "number": record.number,
        "name": record.name,
        "owner": record.owner,
        "niceness": live.niceness if live else record.niceness,
        "state": live.state if live else record.state,
        "created": _iso(record.created),
        "finished": None if record.finished is None else _iso(record.finished),
        "done": counters.done if counters else record.done,
        "failed": sum(counters.failed.values()) if counters else record.failed,
        "failures": counters.failed if counters else {},
        "raised": counters.raised if counters else None,
        "running": live.running if live else 0,
        "queued": live.queued if live else 0,
        "busy_seconds": counters.busy if counters else record.busy,
        "nodes": live.nodes if live else {},
        "unfit": live.unfit if live else {},
        "error": record.error,
    }


def _iso(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat(timespec="seconds")


VERBS = {
    "job list": Verb(Role.SUBMITTER, JobList, list_jobs),
    "job show": Verb(Role.SUBMITTER, Job, show),
    "job logs": Verb(Role.SUBMITTER, JobLogs, logs),
    "job cancel": Verb(Role.SUBMITTER, Jobs, cancel),
    "job renice": Verb(Role.SUBMITTER, JobRenice, renice),
    "job why": Verb(Role.SUBMITTER, Job, why),
}

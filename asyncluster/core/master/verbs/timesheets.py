"""The verbs about who sat where, from when to when, and whose calls the nodes computed meanwhile."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from sqlalchemy import Connection

from asyncluster.core.database.history import computed, computed_by_hour
from asyncluster.core.database.sessions import timesheet
from asyncluster.core.errors import UsageError
from asyncluster.core.master.standing import Situation
from asyncluster.core.master.verbs.verb import Context, Verb
from asyncluster.core.people import names, sessions
from asyncluster.core.people.calendar import ONE_DAY, Calendar
from asyncluster.core.people.names import HOUR
from asyncluster.core.people.sessions import Session
from asyncluster.core.people.timesheet import Sitting, Sum, by_node, by_person, by_week, within
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.people import PAGE, ComputeArgs, ReportArgs, TimesheetArgs

ALWAYS = 1 << 62
_MOST_HOURS = 13 * 7 * 24 + 1  # that are answered at once, an hour more than a change of the clock may add


async def list_sessions(context: Context, args: TimesheetArgs) -> list[dict[str, Any]]:
    """Sessions in the order in which they began."""
    situation = context.people.situation()
    since, until = _period(args.since, args.until, situation.zone)
    rows = await context.database.run(timesheet, user=args.name, since=since, until=until, skip=args.skip, limit=PAGE)
    return [_row(session, situation) for session in rows]


async def report(context: Context, args: ReportArgs) -> list[dict[str, Any]]:
    """Sums per person, node or week; only what lies in the period is counted."""
    situation = context.people.situation()
    period = _period(args.since, args.until, situation.zone)
    return await context.database.run(_sums, situation, args, *period)


async def compute(context: Context, args: ComputeArgs) -> list[dict[str, Any]]:
    """Hours that workers spent on calls, to the minute: of each owner of jobs, or in each hour (13 weeks at most)."""
    zone = context.people.situation().zone
    since, until = _period(args.since, args.until, zone)
    if args.by == "hour":
        found = await context.database.run(computed_by_hour, since=since, until=until, limit=_MOST_HOURS)
        return [
            {"start": datetime.fromtimestamp(begin, zone).isoformat(), "hours": seconds / HOUR, "calls": calls}
            for begin, seconds, calls in found
        ]
    rows = await context.database.run(computed, since=since, until=until)
    return [{"owner": owner, "hours": seconds / HOUR, "calls": calls} for owner, seconds, calls in rows]


def _sums(
    connection: Connection, situation: Situation, args: ReportArgs, since: int, until: int
) -> list[dict[str, Any]]:
    """Summing up years takes a while: in the database's thread, for the reactor must go on."""
    rows = timesheet(connection, user=args.name, since=since, until=until)
    sittings = within([_sitting(session, situation) for session in rows], since, until)
    match args.by:
        case "person":
            return [_sum(each, "name", nodes=len(each.nodes)) for each in by_person(sittings)]
        case "node":
            return [_sum(each, "node", people=len(each.users)) for each in by_node(sittings)]
        case "week":
            sums = by_week(sittings, Calendar(situation.zone))
            return [_sum(each, "week", people=len(each.users), nodes=len(each.nodes)) for each in sums]


def _period(since: str | None, until: str | None, zone: tzinfo) -> tuple[int, int]:
    """The instants of two dates, the second one included."""
    calendar = Calendar(zone)
    first = 0 if since is None else calendar.day_start(names.local_date(since))
    last = ALWAYS if until is None else calendar.day_start(names.local_date(until) + ONE_DAY)
    if first >= last:
        raise UsageError(f"{since} is after {until}: the first date must not come after the last.")
    return first, last


def _sitting(session: Session, situation: Situation) -> Sitting:
    end = session.ended
    if end is None:
        end = sessions.seen(session, situation.now, in_contact=session.node in situation.contact)
    return Sitting(session.user, session.node, session.started, end)


def _row(session: Session, situation: Situation) -> dict[str, Any]:
    sitting = _sitting(session, situation)

    def iso(instant: int) -> str:
        return datetime.fromtimestamp(instant, situation.zone).isoformat()

    return {
        "name": session.user,
        "node": session.node,
        "display": session.display,
        "from": iso(sitting.start),
        "to": None if session.ended is None else iso(session.ended),
        "hours": (sitting.end - sitting.start) / HOUR,
        "ended_by": session.end_reason,
    }


def _sum(each: Sum, key: str, **counts: int) -> dict[str, Any]:
    return {key: each.key, "hours": each.seconds / HOUR, "sessions": each.sessions, **counts}


VERBS: dict[str, Verb] = {
    "timesheet list": Verb(Role.OPERATOR, TimesheetArgs, list_sessions),
    "timesheet compute": Verb(Role.OPERATOR, ComputeArgs, compute),
    "timesheet report": Verb(Role.OPERATOR, ReportArgs, report),
}

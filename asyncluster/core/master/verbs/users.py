"""The verbs about accounts and about the people who use them."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict
from datetime import datetime
from typing import Any

from msgspec import UNSET
from sqlalchemy import Connection

from asyncluster.core.database import accounts, audit, throttling
from asyncluster.core.database.accounts import StoredAccount
from asyncluster.core.database.grants import add_grant
from asyncluster.core.errors import AsynClusterError, NotAllowed, UsageError
from asyncluster.core.master.standing import Situation, Standing, standing, standings
from asyncluster.core.master.verbs.verb import Context, Verb, act_of
from asyncluster.core.people import names, passwords
from asyncluster.core.people.budget import Account, Grant
from asyncluster.core.people.durations import duration, in_words
from asyncluster.core.people.names import HOUR, WEEK_HOURS
from asyncluster.core.people.refusals import refusal
from asyncluster.core.wire.roles import Role
from asyncluster.core.wire.verbs.people import (
    PAGE,
    AuditArgs,
    UserAdd,
    UserGrant,
    UserList,
    UserMessage,
    UserNamed,
    UserPassword,
    UserQuota,
    UserShow,
)


class UnknownAccount(AsynClusterError):
    """There is no account of this name."""


async def add(context: Context, args: UserAdd) -> None:
    """A new account."""
    account = Account(
        names.account_name(args.name),
        args.enabled,
        args.restricted,
        names.quota(args.daily_hours, most=24),
        names.quota(args.weekly_hours, most=WEEK_HOURS),
    )
    hashed = await context.people.passwords.hash(passwords.checked(args.password))
    now = context.people.now()

    def change(connection: Connection) -> None:
        if accounts.find_account(connection, account.name) is not None:
            raise NotAllowed(f"There is an account {account.name} already; nothing was changed.")
        accounts.add_account(connection, account, hashed, now=now)

    details = f"{_quota_words(account)}, enabled {account.enabled}, restricted {account.restricted}"
    await context.people.act(act_of(context, "user add", account.name, details), change, user=account.name)


async def list_users(context: Context, args: UserList) -> list[dict[str, Any]]:
    """Accounts, and how they stand now."""
    return await context.database.run(_all_shown, context.people.situation(), args.skip)


async def show(context: Context, args: UserShow) -> dict[str, Any]:
    """One account, and how it stands now or at another time."""
    situation = context.people.situation()
    at = None if args.at is None else names.moment(args.at, situation.zone)
    return shown(await context.database.run(_one_standing, situation, args.name, at), situation)


async def password(context: Context, args: UserPassword) -> None:
    """A new password; sessions go on."""
    hashed = await context.people.passwords.hash(passwords.checked(args.password))

    def change(connection: Connection) -> None:
        _changed(connection, args.name, password_hash=hashed)
        throttling.unlock(connection, args.name)

    await context.people.act(act_of(context, "user password", args.name), change, user=args.name)


async def quota(context: Context, args: UserQuota) -> None:
    """Other hours, at once."""
    values = {}
    if args.daily_hours is not UNSET:
        values["daily"] = names.quota(args.daily_hours, most=24)
    if args.weekly_hours is not UNSET:
        values["weekly"] = names.quota(args.weekly_hours, most=WEEK_HOURS)
    if not values:
        raise UsageError("Say which hours: a day's, a week's, or both.")
    details = ", ".join(f"{kind} {_hours_words(seconds)}" for kind, seconds in values.items())
    await _change(context, "user quota", args.name, details, **values)


async def enable(context: Context, args: UserNamed) -> None:
    """May log in."""
    await _change(context, "user enable", args.name, enabled=True)


async def disable(context: Context, args: UserNamed) -> None:
    """May not log in; a session ends."""
    await _change(context, "user disable", args.name, enabled=False)


async def restrict(context: Context, args: UserNamed) -> None:
    """Opening hours and quotas hold."""
    await _change(context, "user restrict", args.name, restricted=True)


async def unrestrict(context: Context, args: UserNamed) -> None:
    """Opening hours and quotas do not hold."""
    await _change(context, "user unrestrict", args.name, restricted=False)


async def grant(context: Context, args: UserGrant) -> dict[str, Any]:
    """More time today."""
    given = Grant(context.people.now(), duration(args.duration))

    def change(connection: Connection) -> None:
        _known(connection, args.name)
        add_grant(connection, args.name, given, by=context.identity.name)

    act = act_of(context, "user grant", args.name, in_words(given.seconds))
    await context.people.act(act, change, user=args.name)
    return await show(context, UserShow(name=args.name))


async def message(context: Context, args: UserMessage) -> dict[str, Any]:
    """Show a text in the person's session."""
    text = "".join(letter for letter in args.text if letter == "\n" or unicodedata.category(letter) != "Cc")
    act = act_of(context, "user message", args.name, text)
    session = await context.people.message(act, args.name, context.identity.name, text)
    if session is None:
        raise AsynClusterError(f"{args.name[:40]} has no session that can be reached; the message was not shown.")
    return {"name": session.user, "node": session.node, "display": session.display}


async def kick(context: Context, args: UserNamed) -> dict[str, Any]:
    """End the person's session now."""
    session = await context.people.kick(act_of(context, "user kick", args.name), args.name)
    if session is None:
        raise AsynClusterError(f"{args.name[:40]} is not logged in.")
    return {
        "name": session.user,
        "node": session.node,
        "display": session.display,
        "reached": session.node in context.people.situation().contact,
    }


async def unlock(context: Context, args: UserNamed) -> None:
    """Forget wrong passwords."""

    def change(connection: Connection) -> None:
        throttling.unlock(connection, args.name)

    await context.people.act(act_of(context, "user unlock", args.name), change, user=args.name)


async def delete(context: Context, args: UserNamed) -> None:
    """Delete the account; a session ends, and the timesheet stays."""

    def change(connection: Connection) -> None:
        _known(connection, args.name)
        accounts.delete_account(connection, args.name)

    await context.people.act(act_of(context, "user delete", args.name), change, user=args.name)


async def acts(context: Context, args: AuditArgs) -> list[dict[str, Any]]:
    """What operators did, the newest first."""
    found = await context.database.run(audit.latest_acts, limit=args.limit)
    zone = context.people.zone
    return [asdict(act) | {"at": datetime.fromtimestamp(act.at, zone).isoformat()} for act in found]


def shown(person: Standing, situation: Situation) -> dict[str, Any]:
    """A person as listings show them: hours are numbers, None is no limit, times are ISO 8601."""
    account, verdict = person.stored.account, person.verdict()
    session = next((session for session in person.sessions if session.ended is None), None)

    def iso(instant: int | None) -> str | None:
        return None if instant is None else datetime.fromtimestamp(instant, situation.zone).isoformat()

    return {
        "name": account.name,
        "enabled": account.enabled,
        "restricted": account.restricted,
        "daily_hours": _hours(account.daily),
        "weekly_hours": _hours(account.weekly),
        "used_today_hours": _hours(verdict.used_today),
        "used_week_hours": _hours(verdict.used_week),
        "left_hours": _hours(verdict.left),
        "left_today_hours": _hours(verdict.left_today),
        "left_week_hours": _hours(verdict.left_week),
        "granted_today_hours": _hours(verdict.granted_today),
        "may_log_in": verdict.granted,
        "reason": None if verdict.granted else refusal(account, verdict, person.calendar, person.now),
        "limit": verdict.limit,
        "until": iso(verdict.until) if verdict.granted else None,
        "next": iso(verdict.next),
        "at": iso(person.now),
        "session": None
        if session is None
        else {
            "node": session.node,
            "display": session.display,
            "since": iso(session.started),
            "reachable": session.node in situation.contact,
        },
    }


def _all_shown(connection: Connection, situation: Situation, skip: int) -> list[dict[str, Any]]:
    """Judging a thousand people takes half a second: in the database's thread, for the reactor must go on."""
    page = accounts.list_accounts(connection, skip=skip, limit=PAGE)
    return [shown(person, situation) for person in standings(connection, situation, page)]


def _one_standing(connection: Connection, situation: Situation, name: str, at: int | None) -> Standing:
    return standing(connection, situation, _known(connection, name), at=at)


def _known(connection: Connection, name: str) -> StoredAccount:
    stored = accounts.find_account(connection, name) if names.is_account_name(name) else None
    if stored is None:
        raise UnknownAccount(f"There is no account {name[:40]}.")
    return stored


def _changed(connection: Connection, name: str, **values: Any) -> None:
    _known(connection, name)
    accounts.change_account(connection, name, **values)


async def _change(context: Context, verb: str, name: str, details: str = "", **values: Any) -> None:
    def change(connection: Connection) -> None:
        _changed(connection, name, **values)

    await context.people.act(act_of(context, verb, name, details), change, user=name)


def _hours(seconds: int | None) -> float | None:
    return None if seconds is None else seconds / HOUR


def _hours_words(seconds: int | None) -> str:
    return "no limit" if seconds is None else in_words(seconds)


def _quota_words(account: Account) -> str:
    return f"daily {_hours_words(account.daily)}, weekly {_hours_words(account.weekly)}"


VERBS: dict[str, Verb] = {
    "user add": Verb(Role.OPERATOR, UserAdd, add),
    "user list": Verb(Role.OPERATOR, UserList, list_users),
    "user show": Verb(Role.OPERATOR, UserShow, show),
    "user password": Verb(Role.OPERATOR, UserPassword, password),
    "user enable": Verb(Role.OPERATOR, UserNamed, enable),
    "user disable": Verb(Role.OPERATOR, UserNamed, disable),
    "user restrict": Verb(Role.OPERATOR, UserNamed, restrict),
    "user unrestrict": Verb(Role.OPERATOR, UserNamed, unrestrict),
    "user quota": Verb(Role.OPERATOR, UserQuota, quota),
    "user grant": Verb(Role.OPERATOR, UserGrant, grant),
    "user message": Verb(Role.OPERATOR, UserMessage, message),
    "user kick": Verb(Role.OPERATOR, UserNamed, kick),
    "user unlock": Verb(Role.OPERATOR, UserNamed, unlock),
    "user delete": Verb(Role.OPERATOR, UserNamed, delete),
    "audit list": Verb(Role.OPERATOR, AuditArgs, acts),
}

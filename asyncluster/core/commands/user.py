"""`asyncluster user`: accounts, their hours, and the people who use them."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from getpass import GetPassWarning
from typing import Any

import click

from asyncluster.core.commands.asking import (
    Column,
    ask,
    json_option,
    local_time,
    print_facts,
    print_json,
    print_rows,
    say,
)
from asyncluster.core.commands.options import GlobalOptions, pass_options
from asyncluster.core.errors import UsageError
from asyncluster.core.people.durations import in_words
from asyncluster.core.people.names import HOUR
from asyncluster.core.wire.verbs.people import PAGE

_LONGEST_INPUT = 16384  # bytes; more is no password


class Hours(click.ParamType):
    """A number of hours, or "none" for no limit."""

    name = "HOURS|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | str:
        if isinstance(value, float) or value == "none":
            return value  # type: ignore[no-any-return]
        try:
            return float(value)
        except ValueError:
            self.fail(f"{value!r} is no number of hours; for no limit write none.", param, ctx)


def hours_words(hours: float) -> str:
    """Hours as people say them."""
    return in_words(round(hours * HOUR))


def _no_limit(hours: float | str) -> float | None:
    return None if isinstance(hours, str) else hours


def _yes(value: bool) -> str:
    return "yes" if value else "no"


_COLUMNS = (
    Column("Name", "name"),
    Column("Enabled", "enabled", show=_yes),
    Column("Restricted", "restricted", show=_yes),
    Column("Today", "used_today_hours", right=True, show=hours_words),
    Column("of", "daily_hours", right=True, show=hours_words),
    Column("Week", "used_week_hours", right=True, show=hours_words),
    Column("of", "weekly_hours", right=True, show=hours_words),
    Column("Left", "left_hours", right=True, show=hours_words),
    Column("At", "session", show=lambda session: session["node"]),
    Column("May not log in because", "reason"),
)

_stdin_option = click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
_daily = click.option("--daily-hours", type=Hours(), help="Hours a day, 0 to 24; none: no limit.")
_weekly = click.option("--weekly-hours", type=Hours(), help="Hours a week, 0 to 168; none: no limit.")


@click.command
@click.argument("name")
@_stdin_option
@_daily
@_weekly
@click.option("--unrestricted", is_flag=True, help="Opening hours and quotas do not hold.")
@click.option("--disabled", is_flag=True, help="May not log in yet.")
@pass_options
def add(
    options: GlobalOptions,
    name: str,
    password_stdin: bool,
    daily_hours: float | str | None,
    weekly_hours: float | str | None,
    unrestricted: bool,
    disabled: bool,
) -> None:
    """Adds an account; it is enabled and restricted unless you say otherwise."""
    ask(
        options,
        "user add",
        name=name,
        password=_read_password(password_stdin),
        daily_hours=None if daily_hours is None else _no_limit(daily_hours),
        weekly_hours=None if weekly_hours is None else _no_limit(weekly_hours),
        restricted=not unrestricted,
        enabled=not disabled,
    )
    say(options, f"{name} was added.")


@click.command
@json_option
@pass_options
def list_users(options: GlobalOptions, as_json: bool) -> None:
    """Lists the accounts and how they stand."""
    people = list(pages(options, "user list"))
    if as_json:
        print_json(people)
        return
    print_rows(people, _COLUMNS, "There are no accounts. Add one with: asyncluster user add NAME")


@click.command
@click.argument("name")
@click.option("--at", metavar="TIME", help='Answer for another time, like "2026-12-24 19:00".')
@json_option
@pass_options
def show(options: GlobalOptions, name: str, at: str | None, as_json: bool) -> None:
    """Shows one account: hours used and left, and whether it may log in."""
    person = ask(options, "user show", name=name, at=at)
    if as_json:
        print_json(person)
        return
    print_facts(_facts(person))


def _facts(person: dict[str, Any]) -> list[tuple[str, object]]:
    def hours(key: str) -> str:
        return "no limit" if person[key] is None else hours_words(person[key])

    session = person["session"]
    return [
        ("Name", person["name"]),
        ("Enabled", _yes(person["enabled"])),
        ("Restricted", _yes(person["restricted"])),
        ("At", local_time(person["at"])),
        ("Today", f"{hours('used_today_hours')} used of {hours('daily_hours')}"),
        ("This week", f"{hours('used_week_hours')} used of {hours('weekly_hours')}"),
        ("Granted today", hours("granted_today_hours")),
        ("Left", hours("left_hours")),
        ("May log in", _yes(person["may_log_in"])),
        ("Reason", person["reason"]),
        ("Logged in", None if session is None else f"{session['node']} since {local_time(session['since'])}"),
    ]


@click.command
@click.argument("name")
@_stdin_option
@pass_options
def password(options: GlobalOptions, name: str, password_stdin: bool) -> None:
    """Sets a new password."""
    ask(options, "user password", name=name, password=_read_password(password_stdin))
    say(options, f"{name} has a new password.")


@click.command
@click.argument("name")
@pass_options
def enable(options: GlobalOptions, name: str) -> None:
    """Lets an account log in."""
    ask(options, "user enable", name=name)
    say(options, f"{name} may log in.")


@click.command
@click.argument("name")
@pass_options
def disable(options: GlobalOptions, name: str) -> None:
    """Keeps an account from logging in, and ends its session."""
    ask(options, "user disable", name=name)
    say(options, f"{name} may not log in.")


@click.command
@click.argument("name")
@pass_options
def restrict(options: GlobalOptions, name: str) -> None:
    """Lets opening hours and quotas hold for an account."""
    ask(options, "user restrict", name=name)
    say(options, f"Opening hours and quotas hold for {name}.")


@click.command
@click.argument("name")
@pass_options
def unrestrict(options: GlobalOptions, name: str) -> None:
    """Lets an account log in at any time."""
    ask(options, "user unrestrict", name=name)
    say(options, f"{name} may log in at any time.")


@click.command
@click.argument("name")
@_daily
@_weekly
@pass_options
def quota(options: GlobalOptions, name: str, daily_hours: float | str | None, weekly_hours: float | str | None) -> None:
    """Changes the hours of a day or a week; what is not given stays."""
    given = {"daily_hours": daily_hours, "weekly_hours": weekly_hours}
    changes = {key: _no_limit(hours) for key, hours in given.items() if hours is not None}
    if not changes:
        raise UsageError("Say which hours: --daily-hours, --weekly-hours, or both.")
    ask(options, "user quota", name=name, **changes)
    say(options, f"The hours of {name} were changed.")


@click.command
@click.argument("name")
@click.argument("duration")
@pass_options
def grant(options: GlobalOptions, name: str, duration: str) -> None:
    """Gives somebody more time today: DURATION is like 15min or 1h30min.

    It holds past closing time and past the quotas. What is not used by midnight is gone.
    """
    person = ask(options, "user grant", name=name, duration=duration)
    left = person["left_hours"]
    say(options, f"{name} has {'no limit' if left is None else f'{hours_words(left)} left'}.")


@click.command
@click.argument("name")
@click.argument("text")
@pass_options
def message(options: GlobalOptions, name: str, text: str) -> None:
    """Shows TEXT in somebody's session."""
    shown = ask(options, "user message", name=name, text=text)
    say(options, f"{name} was told, on {shown['node']}.")


@click.command
@click.argument("name")
@pass_options
def kick(options: GlobalOptions, name: str) -> None:
    """Ends somebody's session now."""
    ended = ask(options, "user kick", name=name)
    if ended["reached"]:
        say(options, f"The session of {name} on {ended['node']} ends.")
    else:
        say(options, f"{ended['node']} does not answer; the session of {name} ends there when it does, at the latest.")


@click.command
@click.argument("name")
@pass_options
def unlock(options: GlobalOptions, name: str) -> None:
    """Forgets the wrong passwords that somebody must wait for."""
    ask(options, "user unlock", name=name)
    say(options, f"{name} need not wait.")


@click.command
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@pass_options
def delete(options: GlobalOptions, name: str, yes: bool) -> None:
    """Deletes an account, and ends its session; the timesheet keeps what was.

    An account that is added again under the name continues it.
    """
    if not yes and not _sure(f"Delete the account {name}?"):
        raise click.Abort
    ask(options, "user delete", name=name)
    say(options, f"{name} was deleted.")


def _read_password(from_stdin: bool) -> str:
    """A password that nobody sees: from standard input (its first line), or typed twice."""
    if from_stdin:
        try:
            line = sys.stdin.buffer.readline(_LONGEST_INPUT).decode()
        except UnicodeDecodeError:
            raise UsageError("The password on standard input is not UTF-8 text.") from None
        return line.removesuffix("\n").removesuffix("\r")
    with warnings.catch_warnings():
        warnings.simplefilter("error", GetPassWarning)  # that what is typed would be seen
        try:
            typed: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        except GetPassWarning:
            raise UsageError("There is no terminal to type the password at. Use --password-stdin.") from None
    return typed


def _sure(question: str) -> bool:
    try:
        return click.confirm(question)
    except click.Abort:
        raise UsageError("Nobody answered, so nothing was done. With --yes nobody is asked.") from None


def pages(options: GlobalOptions, verb: str, **arguments: Any) -> Iterator[Any]:
    """All rows of a listing that the master answers page by page."""
    skip = 0
    while True:
        page = ask(options, verb, skip=skip, **arguments)
        yield from page
        skip += len(page)
        if len(page) < PAGE:
            return

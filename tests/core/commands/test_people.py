"""`asyncluster user`, `opening` and `timesheet` as they are typed, on the master's real handlers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from support.people import PASSWORD, Room

from asyncluster.core.commands import opening, timesheet, user
from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.errors import AsynClusterError, ExitCode, NotAllowed, UsageError
from asyncluster.core.wire.people import SessionGranted

Run = Callable[..., Result]


@pytest.fixture
def run(room: Room, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Types `asyncluster NOUN VERB ARGUMENTS`; an AsynClusterError comes through, as the top-level program gets it."""

    def ask(_options: GlobalOptions, verb: str, **arguments: Any) -> Any:
        # Through JSON, so that what a command gives and gets is plain data.
        return json.loads(json.dumps(room.ask(verb, **json.loads(json.dumps(arguments)))))

    for module in (user, opening, timesheet):
        monkeypatch.setattr(module, "ask", ask)

    def run(command: click.Command, *arguments: str, input: str = "") -> Result:
        result = CliRunner().invoke(command, arguments, obj=GlobalOptions(), input=input)
        if isinstance(result.exception, AsynClusterError):
            raise result.exception
        return result

    return run


def shown(run: Run, name: str, *arguments: str) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(run(user.show, name, *arguments, "--json").stdout)
    return result


def test_an_account_is_added_with_a_password_that_is_typed_twice(room: Room, run: Run) -> None:
    result = run(user.add, "ada", "--daily-hours", "2", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert result.exit_code == 0
    assert PASSWORD not in result.output
    person = shown(run, "ada")
    assert (person["name"], person["enabled"], person["restricted"]) == ("ada", True, True)
    assert (person["daily_hours"], person["weekly_hours"]) == (2.0, None)
    assert run(user.add, "bob", input="one-password\nanother-password\n").exit_code != 0
    assert room.ask("user list")[-1]["name"] == "ada"


def test_an_account_is_added_from_a_script(room: Room, run: Run) -> None:
    run(user.add, "ada", "--password-stdin", "--unrestricted", "--disabled", input=f"{PASSWORD}\r\nmore\n")
    person = shown(run, "ada")
    assert (person["enabled"], person["restricted"], person["left_hours"]) == (False, False, None)
    assert (person["may_log_in"], person["reason"]) == (False, "This account is disabled. Ask the operator.")
    run(user.enable, "ada")
    assert shown(run, "ada")["may_log_in"] is True
    room.node("pc1").report()
    assert isinstance(room.node("pc1").greet("ada"), SessionGranted)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["Ada"], UsageError, "small letters"),
        (["ada", "--daily-hours", "25"], UsageError, "between 0 and 24"),
        (["ada", "--weekly-hours", "-1"], UsageError, "between 0 and 168"),
        (["ada", "--daily-hours", "nan"], UsageError, "between 0 and 24"),
    ],
)
def test_what_cannot_be_an_account_is_refused(
    run: Run, arguments: list[str], error: type[AsynClusterError], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        run(user.add, *arguments, "--password-stdin", input=PASSWORD)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_name_is_given_once_and_a_short_password_never(room: Room, run: Run) -> None:
    room.add("ada")
    with pytest.raises(NotAllowed, match="ada already"):
        run(user.add, "ada", "--password-stdin", input=PASSWORD)
    with pytest.raises(UsageError, match="at least 8"):
        run(user.add, "bob", "--password-stdin", input="short\n")
    with pytest.raises(UsageError, match="at least 8"):
        run(user.add, "bob", "--password-stdin", input="")


def test_show_answers_for_another_time(room: Room, run: Run) -> None:
    room.open_daily("09:00", "18:00")
    room.add("ada", daily_hours=2.0, weekly_hours=5.0)
    person = shown(run, "ada", "--at", "2006-07-23 17:00")
    assert (person["left_hours"], person["may_log_in"], person["limit"]) == (1.0, True, "opening")
    assert person["at"] == "2006-07-23T17:00:00+02:00"
    late = shown(run, "ada", "--at", "2006-07-23 19:00")
    assert (late["left_hours"], late["may_log_in"]) == (0.0, False)
    assert late["reason"] == "Closed now; opens tomorrow at 09:00."
    assert late["next"] == "2006-07-24T09:00:00+02:00"
    with pytest.raises(UsageError, match="YYYY-MM-DD HH:MM"):
        run(user.show, "ada", "--at", "teatime")
    with pytest.raises(AsynClusterError, match="no account nobody"):
        run(user.show, "nobody")


def test_hours_are_changed_one_by_one(room: Room, run: Run) -> None:
    room.add("ada", daily_hours=2.0, weekly_hours=5.0)
    run(user.quota, "ada", "--daily-hours", "1.5")
    assert [shown(run, "ada")[key] for key in ("daily_hours", "weekly_hours")] == [1.5, 5.0]
    run(user.quota, "ada", "--weekly-hours", "none")
    assert [shown(run, "ada")[key] for key in ("daily_hours", "weekly_hours")] == [1.5, None]
    with pytest.raises(UsageError, match="which hours"):
        run(user.quota, "ada")
    assert run(user.quota, "ada", "--daily-hours", "some").exit_code == ExitCode.USAGE


def test_a_grant_is_told_as_what_is_left(room: Room, run: Run) -> None:
    room.add("ada", daily_hours=0.0)
    room.open_daily()
    assert "15 minutes left" in run(user.grant, "ada", "15min").output
    assert shown(run, "ada")["granted_today_hours"] == 0.25
    with pytest.raises(UsageError, match="15min"):
        run(user.grant, "ada", "15")
    with pytest.raises(AsynClusterError, match="no account"):
        run(user.grant, "nobody", "15min")


def test_people_are_messaged_kicked_and_deleted(room: Room, run: Run) -> None:
    room.add("ada", restricted=False)
    node = room.node("pc1")
    node.report()
    with pytest.raises(AsynClusterError, match="not logged in"):
        run(user.kick, "ada")
    node.greet("ada")
    assert "on pc1" in run(user.message, "ada", "Fire drill at noon").output
    assert "ends" in run(user.kick, "ada").output
    node.report()
    assert node.live == {}
    room.people.node_lost("pc1")
    assert run(user.delete, "ada", input="n\n").exit_code == 1
    assert shown(run, "ada")["name"] == "ada"
    run(user.delete, "ada", "--yes")
    with pytest.raises(AsynClusterError, match="no account"):
        run(user.show, "ada")


def test_the_table_of_people_is_for_people(room: Room, run: Run) -> None:
    assert "user add" in run(user.list_users).output
    room.add("ada", daily_hours=2.0)
    room.add("bob", restricted=False)
    output = run(user.list_users).output
    assert "ada" in output
    assert "Closed now; no opening is planned." in output
    assert [row["name"] for row in json.loads(run(user.list_users, "--json").stdout)] == ["ada", "bob"]
    for line in ("Restricted", "no limit", "used of"):
        assert line in run(user.show, "bob").output


def test_every_act_is_in_the_audit_and_no_password_is(room: Room, run: Run) -> None:
    run(user.add, "ada", "--password-stdin", "--daily-hours", "2", input=PASSWORD)
    run(user.password, "ada", "--password-stdin", input=f"{PASSWORD}-2")
    for command in (user.disable, user.enable, user.unrestrict, user.restrict, user.unlock):
        run(command, "ada")
    run(user.quota, "ada", "--daily-hours", "1")
    run(user.grant, "ada", "15min")
    run(opening.add, "mon", "09:00", "18:00")
    run(opening.make_exception, "2026-12-24", "closed")
    run(opening.remove, "mon", "09:00", "18:00")
    run(user.delete, "ada", "--yes")
    acts = room.ask("audit list")
    assert [act["verb"] for act in reversed(acts)] == [
        "user add",
        "user password",
        *("user disable", "user enable", "user unrestrict", "user restrict", "user unlock"),
        *("user quota", "user grant", "opening add", "opening except", "opening remove", "user delete"),
    ]
    assert {act["who"] for act in acts} == {"root"}
    assert "S3NTINEL" not in json.dumps(acts)


# --- Openings -------------------------------------------------------------------------------------------------


def test_openings_are_added_listed_and_removed(room: Room, run: Run) -> None:
    assert "no openings" in run(opening.list_openings).output
    run(opening.add, "sun", "09:00", "18:00")
    run(opening.add, "0", "20:00", "24:00")
    with pytest.raises(NotAllowed, match="sun 09:00-18:00 already"):
        run(opening.add, "6", "9:00", "18:00")
    rows = json.loads(run(opening.list_openings, "--json").stdout)
    assert rows == [
        {"kind": "weekly", "day": "mon", "date": None, "start": "20:00", "end": "24:00"},
        {"kind": "weekly", "day": "sun", "date": None, "start": "09:00", "end": "18:00"},
    ]
    run(opening.remove, "sunday", "09:00", "18:00")
    assert "sun" not in run(opening.list_openings).output
    with pytest.raises(AsynClusterError, match="no opening"):
        run(opening.remove, "sun", "09:00", "18:00")


def test_an_opening_over_midnight_is_refused_with_what_to_enter(run: Run) -> None:
    with pytest.raises(UsageError, match="Enter two: 20:00 to 24:00"):
        run(opening.add, "mon", "20:00", "02:00")


def test_a_date_has_openings_of_its_own(room: Room, run: Run) -> None:
    run(opening.make_exception, "2026-12-24", "closed")
    run(opening.make_exception, "2026-12-31", "14:00", "16:00", "10:00", "12:00")
    rows = json.loads(run(opening.list_openings, "--json").stdout)
    assert [(row["date"], row["start"], row["end"]) for row in rows] == [
        ("2026-12-24", None, None),
        ("2026-12-31", "10:00", "12:00"),
        ("2026-12-31", "14:00", "16:00"),
    ]
    assert "closed" in run(opening.list_openings).output
    run(opening.make_exception, "2026-12-24", "10:00", "14:00")
    run(opening.make_exception, "2026-12-31", "remove")
    rows = json.loads(run(opening.list_openings, "--json").stdout)
    assert [(row["date"], row["start"], row["end"]) for row in rows] == [("2026-12-24", "10:00", "14:00")]
    with pytest.raises(AsynClusterError, match="no exception"):
        run(opening.make_exception, "2026-12-31", "remove")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["2026-12-24"], "After the date comes"),
        (["2026-12-24", "10:00"], "After the date comes"),
        (["2026-12-24", "10:00", "14:00", "12:00", "16:00"], "overlap"),
        (["24.12.2026", "closed"], "YYYY-MM-DD"),
        (["2026-12-24", "14:00", "10:00"], "Enter two"),
    ],
)
def test_other_exceptions_are_refused(run: Run, arguments: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        run(opening.make_exception, *arguments)


# --- Timesheet ------------------------------------------------------------------------------------------------


@pytest.fixture
def sat(room: Room) -> Room:
    """Ada sat an hour on Sunday night into Monday, Bob half an hour on Monday; Ada sits again."""
    for name in ("ada", "bob"):
        room.add(name, restricted=False)
    for name, node, start, seconds in (
        ("ada", "pc1", "2026-05-31 23:30", 3600),
        ("bob", "pc2", "2026-06-01 09:00", 1800),
        ("ada", "pc2", "2026-06-01 10:00", None),
    ):
        room.set_clock(start)
        pc = room.node(node)
        pc.report()
        pc.greet(name)
        if seconds is not None:
            room.pass_(seconds)
            pc.logout()
            pc.report()
    return room


def test_the_timesheet_lists_who_sat_where(sat: Room, run: Run) -> None:
    rows = json.loads(run(timesheet.timesheet, "--json").stdout)
    assert [(row["name"], row["node"], row["hours"]) for row in rows[:2]] == [("ada", "pc1", 1.0), ("bob", "pc2", 0.5)]
    assert rows[0]["from"] == "2026-05-31T23:30:00+02:00"
    assert rows[0]["to"] == "2026-06-01T00:30:00+02:00"
    assert rows[2]["to"] is None
    assert [row["name"] for row in json.loads(run(timesheet.timesheet, "bob", "--json").stdout)] == ["bob"]
    assert "pc1" in run(timesheet.timesheet).output
    assert "Nobody sat there." in run(timesheet.timesheet, "eve").output


def test_a_period_has_both_its_dates(sat: Room, run: Run) -> None:
    def names(*arguments: str) -> list[str]:
        return [row["name"] for row in json.loads(run(timesheet.timesheet, "--json", *arguments).stdout)]

    assert names("--to", "2026-05-31") == ["ada"]
    assert names("--from", "2026-06-01", "--to", "2026-06-01") == ["ada", "bob", "ada"]
    assert names("--from", "2026-06-02") == ["ada"]  # sits still
    with pytest.raises(UsageError, match="must not come after"):
        names("--from", "2026-06-02", "--to", "2026-06-01")


def test_reports_are_exact_over_the_change_of_weeks(sat: Room, run: Run) -> None:
    def report(by: str, *arguments: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(run(timesheet.timesheet, "--by", by, "--json", *arguments).stdout)
        return rows

    until = ("--to", "2026-06-01")
    assert [(row["week"], row["hours"]) for row in report("week", "--to", "2026-05-31")] == [("2026-05-25", 0.5)]
    assert [(row["week"], row["sessions"]) for row in report("week", *until)] == [("2026-05-25", 1), ("2026-06-01", 3)]
    assert [(row["name"], row["sessions"]) for row in report("person", *until)] == [("ada", 2), ("bob", 1)]
    assert [(row["node"], row["people"]) for row in report("node", *until)] == [("pc1", 1), ("pc2", 2)]
    assert "Week" in run(timesheet.timesheet, "--by", "week").output


def test_a_spreadsheet_gets_the_same(sat: Room, run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run(timesheet.timesheet, "--csv").stdout)))
    assert [(row["name"], row["node"], row["to"]) for row in rows][2] == ("ada", "pc2", "")
    sums = list(csv.DictReader(io.StringIO(run(timesheet.timesheet, "--csv", "--by", "person").stdout)))
    assert list(sums[0]) == ["name", "hours", "sessions", "nodes"]
    with pytest.raises(UsageError, match="--csv or --json"):
        run(timesheet.timesheet, "--csv", "--json")


def test_a_spreadsheet_runs_nothing(room: Room, run: Run) -> None:
    room.add("ada", restricted=False)
    node = room.node("=cmd|calc")
    node.report()
    node.greet("ada")
    (row,) = csv.DictReader(io.StringIO(run(timesheet.timesheet, "--csv").stdout))
    assert row["node"] == "'=cmd|calc"


def test_long_listings_come_in_pages(sat: Room, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncluster.core.master.verbs.timesheets.PAGE", 2)
    monkeypatch.setattr(user, "PAGE", 2)
    assert len(json.loads(run(timesheet.timesheet, "--json").stdout)) == 3
    sat.add("eve")
    monkeypatch.setattr("asyncluster.core.master.verbs.users.PAGE", 2)
    assert [row["name"] for row in json.loads(run(user.list_users, "--json").stdout)] == ["ada", "bob", "eve"]

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from asyncluster.core import failpoints
from asyncluster.core.database import accounts, openings, sessions
from asyncluster.core.database.database import Database
from asyncluster.core.database.errors import DatabaseError
from asyncluster.core.database.importing import ACCOUNT_BATCH, Outcome, import_legacy
from asyncluster.core.database.legacy import read_legacy
from asyncluster.core.errors import UsageError
from asyncluster.core.people.calendar import Calendar, Opening
from asyncluster.core.people.passwords import Hasher

BERLIN = Calendar(ZoneInfo("Europe/Berlin"))
QUICK = Hasher(passes=1, memory=8, lanes=1)
SCHEMA = """
CREATE TABLE users (id VARCHAR(20) NOT NULL PRIMARY KEY, password VARCHAR(40) NOT NULL, enabled BOOLEAN NOT NULL,
    restricted BOOLEAN NOT NULL, daily_hours FLOAT, weekly_hours FLOAT);
CREATE TABLE openings (weekday INTEGER, start_hour FLOAT, end_hour FLOAT, PRIMARY KEY (weekday, start_hour, end_hour));
CREATE TABLE timesheet (user_id VARCHAR(20), date DATE, start_hour FLOAT, end_hour FLOAT,
    PRIMARY KEY (user_id, date, start_hour, end_hour));
"""
USERS: list[Sequence[object]] = [
    ("alpha", "male", 1, 1, 1.2, 3.4),
    ("bravo", "awards", 1, 0, None, None),
    ("echo", "canyon", 0, 1, 5.0, 5.0),
]


def legacy_file(
    path: Path,
    users: Sequence[Sequence[object]] = USERS,
    opened: Sequence[Sequence[object]] = ((6, 9.0, 18.0),),
    sheet: Sequence[Sequence[object]] = (("alpha", "2006-07-23", 9.0, 10.0), ("alpha", "2006-07-23", 12.0, 13.5)),
) -> str:
    connection = sqlite3.connect(path)
    connection.executescript(SCHEMA)
    connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?)", users)
    connection.executemany("INSERT INTO openings VALUES (?, ?, ?)", opened)
    connection.executemany("INSERT INTO timesheet VALUES (?, ?, ?, ?)", sheet)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def taken_over(database: Database, url: str) -> Outcome:
    return import_legacy(database, read_legacy(url, BERLIN), QUICK, now=1)


def spans(database: Database) -> list[tuple[str, int, int | None]]:
    rows = database.call(sessions.timesheet, user=None, since=0, until=1 << 40)
    return [(row.user, row.started, row.ended) for row in rows]


def test_everything_is_taken_over_and_the_source_is_not_touched(database: Database, tmp_path: Path) -> None:
    url = legacy_file(tmp_path / "old.db")
    before = hashlib.sha256((tmp_path / "old.db").read_bytes()).digest()
    outcome = taken_over(database, url)
    assert (outcome.accounts, outcome.openings, outcome.sessions, outcome.notes) == (3, 1, 2, [])
    found = {stored.account.name: stored for stored in database.call(accounts.list_accounts)}
    assert found["alpha"].account.daily == 4320
    assert (found["bravo"].account.restricted, found["bravo"].account.weekly) == (False, None)
    assert found["echo"].account.enabled is False
    assert QUICK.verify("male", found["alpha"].password_hash)
    assert not QUICK.verify("awards", found["alpha"].password_hash)
    assert database.call(openings.list_openings) == [Opening(6, 32400, 64800)]
    assert spans(database) == [
        ("alpha", 1153638000, 1153641600),  # 9 to 10 in Berlin's summer
        ("alpha", 1153648800, 1153654200),
    ]
    assert hashlib.sha256((tmp_path / "old.db").read_bytes()).digest() == before
    assert [file.name for file in tmp_path.iterdir()] == ["old.db"]


def test_it_can_be_run_again_and_leaves_what_is_there(database: Database, tmp_path: Path) -> None:
    url = legacy_file(tmp_path / "old.db")
    taken_over(database, url)
    database.call(accounts.change_account, "alpha", enabled=False, daily=60)
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute("INSERT INTO timesheet VALUES ('alpha', '2006-07-24', 9.0, 10.0)")
    connection.execute("INSERT INTO users VALUES ('golf', 'illinois', 1, 1, 24.0, 168.0)")
    connection.commit()
    connection.close()
    again = taken_over(database, url)
    assert (again.accounts, again.accounts_known, again.sessions, again.sessions_known) == (1, 3, 1, 2)
    assert (again.openings, again.openings_known) == (0, 1)
    alpha = database.call(accounts.find_account, "alpha")
    assert alpha is not None
    assert (alpha.account.enabled, alpha.account.daily) == (False, 60)


def test_a_session_over_midnight_is_repaired(database: Database, tmp_path: Path) -> None:
    url = legacy_file(tmp_path / "old.db", sheet=[("alpha", "2006-07-23", 23.0, 1.0)])
    outcome = taken_over(database, url)
    ((_, start, end),) = spans(database)
    assert (end or 0) - start == 7200
    assert start == 1153602000  # 23:00 on the 22nd
    assert "over midnight" in outcome.notes[0].text
    assert not outcome.notes[0].left_out


def test_rows_that_cannot_be_used_are_told_and_the_others_are(database: Database, tmp_path: Path) -> None:
    url = legacy_file(
        tmp_path / "old.db",
        users=[
            *USERS,
            ("No Name", "x", 1, 1, 1.0, 1.0),
            ("empty", "", 1, 1, 1.0, 1.0),
            ("odd", "secret", 1, 1, "many", -5.0),
            ("much", "secret", 1, 1, 30.0, 500.0),
            ("long", "x" * 2000, 1, 1, 1.0, 1.0),
            ("esc\x1b[2J", "x", 1, 1, 1.0, 1.0),
        ],
        opened=[(6, 9.0, 18.0), (7, 9.0, 18.0), (1, 20.0, 2.0), (2, "x", 3.0), (3, 0.0, 25.0)],
        sheet=[
            ("alpha", "2006-07-23", 9.0, 10.0),
            ("alpha", "not a date", 9.0, 10.0),
            ("alpha", "2006-07-24", 9.0, 30.0),
            ("No Name", "2006-07-24", 9.0, 10.0),
            ("gone", "2006-07-24", 9.0, 10.0),
            ("alpha", None, 9.0, 10.0),
        ],
    )
    outcome = taken_over(database, url)
    found = {stored.account.name: stored for stored in database.call(accounts.list_accounts)}
    assert set(found) == {"alpha", "bravo", "echo", "empty", "odd", "much", "long"}
    assert found["empty"].password_hash is found["long"].password_hash is None
    assert (found["odd"].account.daily, found["odd"].account.weekly) == (0, 0)
    assert (found["much"].account.daily, found["much"].account.weekly) == (86400, 604800)
    assert database.call(openings.list_openings) == [Opening(3, 0, 86400), Opening(6, 32400, 64800)]
    assert [name for name, _, _ in spans(database)] == ["alpha", "gone"]
    assert sum(note.left_out for note in outcome.notes) == 2 + 3 + 4
    assert all("\x1b" not in note.row for note in outcome.notes)
    assert not any("secret" in note.text + note.row for note in outcome.notes)


def test_rows_that_overlap_are_counted_once(database: Database, tmp_path: Path) -> None:
    sheet = [
        ("alpha", "2006-07-23", 9.0, 11.0),
        ("alpha", "2006-07-23", 10.0, 12.0),
        ("alpha", "2006-07-23", 10.0, 10.5),
    ]
    url = legacy_file(tmp_path / "old.db", sheet=sheet)
    for _ in range(2):
        outcome = taken_over(database, url)
        assert sum((end or 0) - start for _, start, end in spans(database)) == 3 * 3600
        assert sum("overlaps" in note.text for note in outcome.notes) == 2


def test_a_row_of_the_hour_that_never_was_has_no_negative_length(database: Database, tmp_path: Path) -> None:
    sheet = [("alpha", "2026-03-29", 2.25, 2.75), ("alpha", "2026-10-25", 2.75, 2.9)]
    taken_over(database, legacy_file(tmp_path / "old.db", sheet=sheet))
    assert all((end or 0) - start >= 0 for _, start, end in spans(database))


@pytest.mark.parametrize("point", ["import-accounts", "import-openings", "import-sessions", "transaction-committed"])
def test_an_import_that_dies_is_simply_started_again(database: Database, tmp_path: Path, point: str) -> None:
    users = [(f"user{n}", "secret", 1, 1, 1.0, 1.0) for n in range(ACCOUNT_BATCH + 20)]
    sheet = [(f"user{n}", "2006-07-23", 9.0, 10.0) for n in range(20)]
    url = legacy_file(tmp_path / "old.db", users=users, sheet=sheet)
    failpoints.arm(f"{point}:1:raise")
    try:
        with pytest.raises(failpoints.FailPointReached):
            taken_over(database, url)
    finally:
        failpoints.arm("")
    taken_over(database, url)
    assert len(database.call(accounts.list_accounts)) == ACCOUNT_BATCH + 20
    assert len(spans(database)) == 20


def test_what_is_no_old_database_is_refused(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE users (name)").connection.close()
    with pytest.raises(UsageError, match=r"0\.3"):
        read_legacy(f"sqlite:///{tmp_path}/other.db", BERLIN)
    with Database(f"sqlite:///{tmp_path}/new.db"), pytest.raises(UsageError, match=r"0\.3"):
        read_legacy(f"sqlite:///{tmp_path}/new.db", BERLIN)
    with pytest.raises(DatabaseError, match="right place"):
        read_legacy(f"sqlite:///{tmp_path}/missing.db", BERLIN)
    with pytest.raises(UsageError, match="Name the file"):
        read_legacy("sqlite://", BERLIN)
    assert not (tmp_path / "missing.db").exists()


def test_names_and_passwords_of_another_age_are_read(database: Database, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.executescript(SCHEMA)
    connection.execute("INSERT INTO users VALUES ('alpha', CAST(x'E46E64657267' AS TEXT), 1, 1, 1.0, 1.0)")
    connection.commit()
    connection.close()
    taken_over(database, f"sqlite:///{tmp_path}/old.db")
    stored = database.call(accounts.find_account, "alpha")
    assert stored is not None
    assert QUICK.verify("änderg", stored.password_hash)


def test_an_old_database_on_postgresql_is_read_too(database: Database, postgresql_server: str) -> None:
    import psycopg

    with psycopg.connect(postgresql_server, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS old CASCADE; CREATE SCHEMA old; SET search_path = old")
        connection.execute(SCHEMA)
        connection.execute("INSERT INTO users VALUES ('alpha', 'male', true, true, 1.2, NULL)")
        connection.execute("INSERT INTO timesheet VALUES ('alpha', '2006-07-23', 9.0, 10.0)")
    taken_over(database, f"{postgresql_server}&options=-csearch_path%3Dold")
    assert spans(database) == [("alpha", 1153638000, 1153641600)]

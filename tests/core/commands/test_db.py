from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from support.people import Room

from asyncluster.core.commands import db
from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.database.accounts import list_accounts
from asyncluster.core.database.database import Database
from asyncluster.core.errors import AsynClusterError, ExitCode, UsageError
from asyncluster.core.people.passwords import Hasher

# The example of AsynCluster 0.3's own tests, with its disabled accounts and an unrestricted one.
OLD = """
CREATE TABLE users (id VARCHAR(20) PRIMARY KEY, password VARCHAR(40), enabled BOOLEAN, restricted BOOLEAN,
    daily_hours FLOAT, weekly_hours FLOAT);
CREATE TABLE openings (weekday INTEGER, start_hour FLOAT, end_hour FLOAT);
CREATE TABLE timesheet (user_id VARCHAR(20), date DATE, start_hour FLOAT, end_hour FLOAT);
INSERT INTO users VALUES ('alpha', 'S3NTINEL-7f3a', 1, 1, 1.2, 3.4);
INSERT INTO users VALUES ('bravo', 'S3NTINEL-7f3a', 1, 0, NULL, NULL);
INSERT INTO users VALUES ('charlie', 'S3NTINEL-7f3a', 1, 1, 4.5, 5.6);
INSERT INTO users VALUES ('delta', 'S3NTINEL-7f3a', 1, 1, 5.0, 5.0);
INSERT INTO users VALUES ('echo', 'S3NTINEL-7f3a', 0, 1, 5.0, 5.0);
INSERT INTO users VALUES ('golf', 'S3NTINEL-7f3a', 0, 0, 24.0, 168.0);
INSERT INTO openings VALUES (6, 9.0, 18.0);
INSERT INTO timesheet VALUES ('alpha', '2006-07-23', 9.0, 10.0);
INSERT INTO timesheet VALUES ('alpha', '2006-07-23', 12.0, 13.0);
INSERT INTO timesheet VALUES ('charlie', '2006-07-23', 9.0, 12.0);
INSERT INTO timesheet VALUES ('delta', '2006-07-22', 9.0, 14.0);
INSERT INTO timesheet VALUES ('echo', '2006-07-22', 9.0, 12.0);
"""


class Place:
    """A configuration, an old database, and where the new one will be."""

    def __init__(self, folder: Path) -> None:
        self.database = f"sqlite:///{folder}/asyncluster.db"
        self.old = f"sqlite:///{folder}/old.db"
        connection = sqlite3.connect(folder / "old.db")
        connection.executescript(OLD)
        connection.close()
        config = folder / "asyncluster.conf"
        config.write_text(
            f"[server]\ndatabase = {self.database}\nsubnets = 127.0.0.1\n"
            "[client]\nhost = main\nuser = test\npassword = a-long-client-password\n"
            "[common]\ntcp port = 9080\nserver password = a-long-server-password\n"
            f"socket = {folder}/control.sock\n"
        )
        config.chmod(0o600)
        self.options = GlobalOptions(config=config)

    def run(self, command: click.Command, *arguments: str) -> Result:
        result = CliRunner().invoke(command, arguments, obj=self.options)
        if isinstance(result.exception, AsynClusterError):
            raise result.exception
        return result


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("asyncluster.core.people.passwords.Hasher", lambda: Hasher(passes=1, memory=8))
    return Place(tmp_path)


def test_upgrade_makes_the_database_and_tells_of_the_copy(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "up to date" in place.run(db.upgrade).output
    monkeypatch.setattr("asyncluster.core.database.upgrading.REVISION", "0003")
    assert "asyncluster.db.before-0002" in place.run(db.upgrade).output


@pytest.mark.parametrize(
    ("name", "time", "left", "may", "reason"),
    [
        ("alpha", "19:00", 0.0, False, "Closed now; opens on 2006-07-30 at 09:00."),
        ("alpha", "10:00", 0.2, True, None),
        ("alpha", "13:00", 0.0, False, "Your 1 h 12 min for today are used up. You have time again on 2006-07-30"),
        ("bravo", "19:00", None, True, None),
        ("charlie", "19:00", 0.0, False, "Closed now"),
        ("charlie", "12:00", 1.5, True, None),
        ("charlie", "17:30", 0.5, True, None),
        ("charlie", "08:59", 0.0, False, "Closed now; opens today at 09:00."),
        ("delta", "10:00", 0.0, False, "Your 5 hours for this week are used up."),
        ("echo", "10:00", 2.0, False, "This account is disabled."),
        ("golf", "19:00", None, False, "This account is disabled."),
    ],
)
def test_an_imported_account_has_its_exact_hours(
    place: Place, name: str, time: str, left: float | None, may: bool, reason: str | None
) -> None:
    assert place.run(db.import_legacy, place.old).exit_code == 0
    with Database(place.database) as database:
        person = Room(database).show(name, at=f"2006-07-23 {time}")
    assert person["left_hours"] == pytest.approx(left)
    assert person["may_log_in"] is may
    assert (person["reason"] is None) if reason is None else person["reason"].startswith(reason)


def test_import_counts_and_can_be_run_again(place: Place) -> None:
    first = json.loads(place.run(db.import_legacy, place.old, "--json").stdout)
    assert first["accounts"] == {"added": 6, "known": 0}
    assert first["sessions"] == {"added": 5, "known": 0}
    assert first["notes"] == []
    output = place.run(db.import_legacy, place.old).output
    assert "Accounts: 0 added, 6 there already." in output
    with Database(place.database) as database:
        assert len(database.call(list_accounts)) == 6


def test_rows_that_were_left_out_are_told_and_the_exit_code_says_so(place: Place, tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "old.db")
    connection.execute("INSERT INTO users VALUES ('No Name', 'x', 1, 1, 1.0, 1.0)")
    connection.commit()
    connection.close()
    result = place.run(db.import_legacy, place.old)
    assert result.exit_code == ExitCode.PARTLY
    assert "No Name" in result.output
    assert "6 of 6 passwords hashed" in result.output


def test_no_clear_password_is_left_anywhere(place: Place, tmp_path: Path) -> None:
    output = place.run(db.import_legacy, place.old).output
    with Database(place.database) as database:
        database.call(list_accounts)
        files = [file for file in tmp_path.iterdir() if file.name != "old.db"]
        assert len(files) >= 4
        assert not any(b"S3NTINEL" in file.read_bytes() for file in files)
    assert "S3NTINEL" not in output


def test_another_file_is_refused(place: Place, tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "other.db").close()
    with pytest.raises(UsageError, match=r"0\.3"):
        place.run(db.import_legacy, f"sqlite:///{tmp_path}/other.db")

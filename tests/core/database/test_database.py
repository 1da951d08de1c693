from __future__ import annotations

import sqlite3
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from asyncluster.core import failpoints
from asyncluster.core.database.database import Database
from asyncluster.core.database.errors import (
    Conflict,
    DatabaseBusy,
    DatabaseError,
    DatabaseTooNew,
    DatabaseUnreachable,
)
from asyncluster.core.database.migrating import known_revisions, migrate
from asyncluster.core.database.schema import REVISION, metadata

ADD_USER = text("INSERT INTO users (name, enabled, restricted, created) VALUES (:name, :yes, :yes, 0)").bindparams(
    yes=True
)
COUNT_USERS = text("SELECT count(*) FROM users")
NAMES = [table.name for table in metadata.sorted_tables]


def add_user(connection: Connection, name: str) -> None:
    connection.execute(ADD_USER, {"name": name})


def count_users(connection: Connection) -> int:
    return int(connection.execute(COUNT_USERS).scalar_one())


def test_the_migrations_lead_to_the_schema(new_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    def empty(connection: Connection) -> None:
        metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))

    with Database(new_url) as database:
        created = database.call(tables)
        database.call(empty)
        assert database.call(tables) == {}
        database.call(migrate)
        assert database.call(differences) == []
        assert database.call(tables) == created
    assert known_revisions()[0] == REVISION


def tables(connection: Connection) -> dict[str, object]:
    """All that can be seen of them."""
    seen = inspect(connection)
    return {
        name: (
            [{**column, "type": str(column["type"])} for column in seen.get_columns(name)],
            seen.get_pk_constraint(name),
            sorted(map(index_text, seen.get_indexes(name))),
            sorted(map(str, seen.get_foreign_keys(name))),
            sorted(map(str, seen.get_check_constraints(name))),
            sorted(map(str, seen.get_unique_constraints(name))),
        )
        for name in seen.get_table_names()
    }


def index_text(index: Any) -> str:
    return str(index | {"dialect_options": {name: str(value) for name, value in index["dialect_options"].items()}})


def test_a_database_that_holds_something_else_is_left_alone(new_url: str) -> None:
    with Database(new_url) as database:
        database.call(lambda connection: connection.execute(text("DROP TABLE alembic_version")))
    with pytest.raises(DatabaseError):
        Database(new_url)


def test_what_is_stored_is_there_after_a_restart(new_url: str) -> None:
    with Database(new_url) as database:
        database.call(add_user, "ada")
    with Database(new_url) as database:
        assert database.call(count_users) == 1
        assert database.backup is None


def test_a_transaction_that_fails_changes_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        add_user(connection, "ada")
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        database.call(half)
    assert database.call(count_users) == 0


def test_a_contradiction_is_a_conflict_that_shows_no_values(database: Database) -> None:
    database.call(add_user, "ada")
    with pytest.raises(Conflict) as caught:
        database.call(add_user, "ada")
    assert "ada" not in str(caught.value)


def test_the_file_belongs_to_its_owner_alone_and_is_synced_at_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "asyncluster.db"
    with Database(f"sqlite:///{path}") as database:
        modes = [stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()]
        settings = database.call(
            lambda c: [
                c.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout")
            ]
        )
    assert len(modes) >= 3
    assert set(modes) == {0o600}
    assert settings == ["wal", 2, 1, 1, 5000]


def test_the_classic_spelling_means_a_database_in_memory(tmp_path: Path) -> None:
    with Database("sqlite://:memory:") as database:
        database.call(add_user, "ada")
        assert database.call(count_users) == 1


def test_a_locked_database_is_said_to_be_locked_and_nothing_is_stored(tmp_path: Path) -> None:
    path = tmp_path / "asyncluster.db"
    with Database(f"sqlite:///{path}", lock_wait=0.05) as database:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(DatabaseBusy, match="locked"):
            database.call(add_user, "ada")
        other.execute("ROLLBACK")
        other.close()
        assert database.call(count_users) == 0
        database.call(add_user, "ada")


def test_a_full_disk_is_said_to_be_full_and_nothing_is_stored(tmp_path: Path) -> None:
    with Database(f"sqlite:///{tmp_path}/asyncluster.db") as database:

        def fill(connection: Connection) -> None:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
            for number in range(5000):
                add_user(connection, f"user{number}")

        with pytest.raises(DatabaseError, match="no room left"):
            database.call(fill)
        assert database.call(count_users) == 0


@pytest.mark.parametrize(
    "url",
    [
        "not a url",
        "sqlite:////nonexistent/folder/asyncluster.db",
        "nosuchdb://host/name",
        "mysql://user:S3NTINEL@host/name",
        "postgresql://asyncluster:S3NTINEL@/x?host=/nonexistent",
    ],
)
def test_a_database_that_cannot_be_opened_is_explained_without_its_password(url: str) -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        Database(url)
    assert "S3NTINEL" not in str(caught.value)


def test_a_newer_schema_is_refused_and_left_alone(new_url: str) -> None:
    with Database(new_url) as database:
        database.call(lambda c: c.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(DatabaseTooNew, match="9999"):
        Database(new_url)
    with pytest.raises(DatabaseTooNew):
        Database(new_url)


def test_an_older_sqlite_file_is_copied_before_it_is_upgraded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "asyncluster.db"
    with Database(f"sqlite:///{path}") as database:
        database.call(add_user, "ada")
    monkeypatch.setattr("asyncluster.core.database.upgrading.REVISION", "0003")
    with Database(f"sqlite:///{path}") as database:
        assert database.backup == tmp_path / f"asyncluster.db.before-{REVISION}"
    assert stat.S_IMODE(database.backup.stat().st_mode) == 0o600
    copy = sqlite3.connect(database.backup)
    assert copy.execute("SELECT name FROM users").fetchall() == [("ada",)]
    copy.close()


def dies_at(point: str, url: str) -> None:
    failpoints.arm(f"{point}:1:raise")
    try:
        with pytest.raises(failpoints.FailPointReached):
            Database(url)
    finally:
        failpoints.arm("")


def test_a_creation_that_dies_on_its_way_is_done_again(new_url: str) -> None:
    dies_at("schema-created", new_url)
    with Database(new_url) as database:
        assert database.call(count_users) == 0


@pytest.mark.parametrize("point", ["schema-backed-up", "schema-upgraded"])
def test_an_upgrade_that_dies_on_its_way_is_done_again(
    new_url: str, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(new_url) as database:
        database.call(add_user, "ada")
    monkeypatch.setattr("asyncluster.core.database.upgrading.REVISION", "0003")
    dies_at(point, new_url)
    with Database(new_url) as database:
        assert database.call(count_users) == 1


def test_run_keeps_the_order_and_leaves_the_reactor_thread(database: Database) -> None:
    reactor = _ThreadCallsReactor()
    database._reactor = reactor  # type: ignore[assignment]
    seen: list[object] = []

    def step(connection: Connection, name: str) -> tuple[str, bool]:
        add_user(connection, name)
        return name, threading.current_thread() is threading.main_thread()

    deferreds: list[Deferred[tuple[str, bool]]] = [database.run(step, f"user{n}") for n in range(20)]
    for deferred in deferreds:
        deferred.addBoth(seen.append)
    failing: Deferred[None] = database.run(add_user, "user1")
    failing.addErrback(lambda failure: seen.append(failure.type))
    reactor.run_until(lambda: len(seen) == 21)
    assert seen == [(f"user{n}", False) for n in range(20)] + [Conflict]
    assert database._thread is not None
    database._thread.stop()
    database._thread = None


class _ThreadCallsReactor(MemoryReactorClock):
    """Runs what threads hand to the reactor, in the test's own thread."""

    def __init__(self) -> None:
        super().__init__()
        self._calls: list[tuple[object, tuple[object, ...]]] = []
        self._more = threading.Condition()

    def callFromThread(self, function: object, *args: object, **_kwargs: object) -> None:
        with self._more:
            self._calls.append((function, args))
            self._more.notify()

    def run_until(self, done) -> None:  # type: ignore[no-untyped-def]
        while not done():
            with self._more:
                assert self._more.wait_for(lambda: self._calls, timeout=30)
                calls, self._calls = self._calls, []
            for function, args in calls:
                function(*args)  # type: ignore[operator]

"""Bringing the schema up to date, one migration after the other, all or nothing.

The migrations live in `migrations/versions` and run in one transaction under a lock, so a process that is killed
in their middle leaves the old schema, and of two that start together the second finds the work done. Before an
existing SQLite file is changed it is copied to `<file>.before-<revision>`. An empty database gets the newest schema
at once; a test compares it with what the migrations make.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from asyncluster.core.database.engine import is_memory
from asyncluster.core.database.errors import DatabaseTooNew
from asyncluster.core.database.schema import REVISION, metadata
from asyncluster.core.failpoints import failpoint

_UPGRADE_LOCK = 0x6173796E  # any number that PostgreSQL's advisory locks do not use for anything else

# As Alembic would make it, which finds it there when it migrates.
_VERSION_TABLE = """
CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""


def current_revision(connection: Connection) -> str | None:
    """The revision of the database, None if it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def upgrade(engine: Engine) -> Path | None:
    """Upgrade the schema if it is not the newest.

    Returns:
        The backup copy that was made, if one was needed.

    Raises:
        DatabaseTooNew: the database has a revision that this version does not know.
    """
    with engine.begin() as connection:
        _lock(connection)
        revision = current_revision(connection)
        if revision == REVISION:
            return None
        if revision is None and not inspect(connection).get_table_names():
            _create(connection)
            failpoint("schema-created")
            return None
    return _migrate(engine, revision)


def _create(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    connection.execute(text(_VERSION_TABLE))
    connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": REVISION})


def _migrate(engine: Engine, revision: str | None) -> Path | None:
    from asyncluster.core.database import migrating

    if revision is not None and revision not in migrating.known_revisions():
        raise DatabaseTooNew(
            f"The database was upgraded by a newer version of AsynCluster (schema {revision[:40]}). "
            "Install that version, or restore the backup that was made before the upgrade."
        )
    backup = None if revision is None else _back_up(engine, revision)
    failpoint("schema-backed-up")
    with engine.begin() as connection:
        _lock(connection)
        migrating.migrate(connection)
        failpoint("schema-upgraded")
    return backup


def _lock(connection: Connection) -> None:
    """On SQLite every transaction holds the write lock already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})


def _back_up(engine: Engine, revision: str) -> Path | None:
    if engine.dialect.name != "sqlite" or is_memory(engine.url):
        return None
    assert engine.url.database is not None
    backup = Path(f"{engine.url.database}.before-{revision}")
    backup.unlink(missing_ok=True)  # of an upgrade that did not finish
    os.close(os.open(backup, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    source = engine.raw_connection()
    with closing(source), closing(sqlite3.connect(backup)) as copy:
        assert source.driver_connection is not None
        source.driver_connection.backup(copy)
    return backup

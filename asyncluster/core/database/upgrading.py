"""Bringing the schema up to date, one migration after the other, all or nothing.

The migrations live in `migrations/versions` and run in one transaction under a lock, so a process that is killed
in their middle leaves the old schema, and of two that start together the second finds the work done. Before an
existing SQLite file is changed it is copied to `<file>.before-<revision>`.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from asyncluster.core.database.engine import is_memory
from asyncluster.core.database.errors import DatabaseTooNew
from asyncluster.core.failpoints import failpoint

_UPGRADE_LOCK = 0x6173796E  # any number that PostgreSQL's advisory locks do not use for anything else


def newest_revision() -> str:
    """The revision that this version of AsynCluster needs."""
    head = _scripts().get_current_head()
    assert head is not None
    return head


def current_revision(connection: Connection) -> str | None:
    """The revision of the database, None if it is empty."""
    return MigrationContext.configure(connection).get_current_revision()


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
        if revision == newest_revision():
            return None
        if revision is not None:
            _refuse_newer(revision)
    backup = None if revision is None else _back_up(engine, revision)
    failpoint("schema-backed-up")
    with engine.begin() as connection:
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        failpoint("schema-upgraded")
    return backup


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _refuse_newer(revision: str) -> None:
    if revision not in {script.revision for script in _scripts().walk_revisions()}:
        raise DatabaseTooNew(
            f"The database was upgraded by a newer version of AsynCluster (schema {revision[:40]}). "
            "Install that version, or restore the backup that was made before the upgrade."
        )


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

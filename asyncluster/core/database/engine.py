"""Opening the database: one SQLAlchemy engine that treats SQLite and PostgreSQL alike.

Every transaction takes its write lock at the beginning (`BEGIN IMMEDIATE`), so it never finds out in its middle
that another process was faster. SQLite runs with a write-ahead log that is synced at every commit: what was
acknowledged survives a power cut. The file belongs to its owner alone, for it holds password hashes.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import StaticPool

from asyncluster.core.database.errors import DatabaseUnreachable

LOCK_WAIT = 5.0  # seconds that a transaction waits for another process
CONNECT_WAIT = 5  # seconds until a PostgreSQL server counts as unreachable

_SQLITE_SETTINGS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
)

_NO_URL = (
    "That is no URL of a database; one is like sqlite:////var/lib/asyncluster/asyncluster.db or postgresql:///people."
)


def parse_url(text: str) -> URL:
    """The URL of a database; the classic `sqlite://:memory:` and `postgresql://` (meaning psycopg) included.

    Raises:
        DatabaseUnreachable: the text is no URL of a database.
    """
    if text == "sqlite://:memory:":
        text = "sqlite://"
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # whose message would repeat the URL, and it may hold a password
        raise DatabaseUnreachable(_NO_URL) from None
    if url.drivername in ("postgresql", "postgres"):
        return url.set(drivername="postgresql+psycopg")
    return url


def open_engine(url: URL, *, lock_wait: float = LOCK_WAIT) -> Engine:
    """An engine for `url`, not connected yet.

    Raises:
        DatabaseUnreachable: the URL needs a driver that is not installed.
    """
    try:
        if url.get_backend_name() == "sqlite":
            return _open_sqlite(url, lock_wait)
        if url.get_backend_name() == "postgresql":
            return _open_postgresql(url, lock_wait)
        return create_engine(url, pool_size=1, max_overflow=1)
    except (NoSuchModuleError, ImportError):
        raise DatabaseUnreachable(
            f"No driver for {url.drivername} databases is installed. Use SQLite, or install asyncluster[postgresql]."
        ) from None


def is_memory(url: URL) -> bool:
    """Does the database live in this process only?"""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def _open_sqlite(url: URL, lock_wait: float) -> Engine:
    arguments: dict[str, Any] = {"timeout": lock_wait, "check_same_thread": False}
    if is_memory(url):
        engine = create_engine(url, poolclass=StaticPool, connect_args=arguments)
    else:
        assert url.database is not None
        _keep_private(Path(url.database))
        engine = create_engine(url, pool_size=1, max_overflow=1, connect_args=arguments)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


def _keep_private(path: Path) -> None:
    """Create the file for its owner alone. SQLite gives its log and shared memory the rights of the file."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise DatabaseUnreachable(f"The database {path} cannot be opened: {error.strerror}.") from None


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins no transactions of its own
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting)


def _begin_immediately(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _open_postgresql(url: URL, lock_wait: float) -> Engine:
    given = url.query.get("options", "")  # the configuration's own come first
    options = f"{given} -c lock_timeout={int(lock_wait * 1000)} -c timezone=UTC"
    return create_engine(
        url,
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,  # a restarted server must cost nobody an error
        connect_args={"connect_timeout": CONNECT_WAIT, "options": options},
    )

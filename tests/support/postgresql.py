"""A private PostgreSQL server for the test run, and databases of either kind for tests.

The server listens on a UNIX socket in a directory of its own and is gone with the run. It refuses to run as root,
so for root it runs as `postgres` (or `nobody`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from asyncluster.core.database.database import Database
from asyncluster.core.database.schema import metadata


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of an empty database on a server of our own."""
    programs = _programs()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed")
    account = _account()
    home = Path(tempfile.mkdtemp(prefix="asyncluster-pg-", dir="/tmp"))
    if account is not None:
        entry = pwd.getpwnam(account)
        os.chown(home, entry.pw_uid, entry.pw_gid)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", home / "data", *arguments],
            check=True,
            user=account,
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )

    run("initdb", "-A", "trust", "-U", "asyncluster", "-E", "UTF8", "--no-locale", "--no-sync")
    settings = f"-k {home} -c listen_addresses= -c fsync=off -c shared_buffers=16MB -c max_connections=20"
    run("pg_ctl", "start", "-w", "-l", str(home / "log"), "-o", settings)
    try:
        yield f"postgresql://asyncluster@/postgres?host={home}"
    finally:
        run("pg_ctl", "stop", "-w", "-m", "immediate")
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql_database(postgresql_server: str) -> Iterator[Database]:
    """One database with our tables, shared by the tests; `database` empties it for each."""
    with Database(postgresql_server) as database:
        yield database


def _emptied(database: Database) -> Database:
    tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
    database.call(lambda connection: connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")))
    return database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """An empty database with our tables: every test that uses it runs on SQLite and on PostgreSQL."""
    if request.param == "postgresql":
        yield _emptied(request.getfixturevalue("postgresql_database"))
        return
    with Database("sqlite://") as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def new_url(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a database that nobody has opened yet: a file, or one on the server."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/asyncluster.db"
        return
    server: str = request.getfixturevalue("postgresql_server")
    manage: Callable[[str], None] = _manager(server)
    manage("DROP DATABASE IF EXISTS fresh WITH (FORCE)")
    manage("CREATE DATABASE fresh")
    yield server.replace("/postgres?", "/fresh?")
    manage("DROP DATABASE fresh WITH (FORCE)")


def _manager(server: str) -> Callable[[str], None]:
    import psycopg

    def manage(statement: str) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[arg-type]

    return manage

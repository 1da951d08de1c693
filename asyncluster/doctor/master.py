"""The master of this machine: whether it answers, which version it is, and its database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from asyncluster import __version__
from asyncluster.core.config import Settings
from asyncluster.core.errors import AsynClusterError
from asyncluster.doctor.files import sqlite_file
from asyncluster.doctor.findings import Finding, ok, problem, warning

TOPIC = "Master"


@dataclass(frozen=True)
class Facts:
    """Attributes:
    release: version of the master that answers at the control socket; "" if none does.
    silence: why none does.
    schema: revision of the database; None if there is none yet, "memory" for one that evaporates.
    needed_schema: the revision that this version works with.
    database_trouble: why the database cannot be used; "" if it can.
    """

    release: str
    silence: str
    schema: str | None
    needed_schema: str
    database_trouble: str


def look(settings: Settings) -> Facts:
    """Asks the master and reads the database; neither is changed."""
    from asyncluster.core.database.schema import REVISION

    release, silence = _ask(settings.common.socket)
    schema, trouble = _schema(settings.server.database if settings.server else "", settings.common.state)
    return Facts(release, silence, schema, REVISION, trouble)


def judge(facts: Facts) -> Iterator[Finding]:
    """What is wrong with the master."""
    if not facts.release:
        yield problem(TOPIC, facts.silence, "Start it, or read why it ended: journalctl -u asyncluster-master")
    elif facts.release != __version__:
        yield warning(
            TOPIC,
            f"The master that runs is version {facts.release}, but {__version__} is installed.",
            "systemctl restart asyncluster-master (no job is lost)",
        )
    else:
        yield ok(TOPIC, f"The master answers; it is version {facts.release}.")
    yield _judge_database(facts)


def _judge_database(facts: Facts) -> Finding:
    if facts.database_trouble:
        return problem(TOPIC, facts.database_trouble, "Check [server] database, and whether its server runs.")
    if facts.schema == "memory":
        return warning(
            TOPIC,
            "The database is in memory: accounts and the timesheet are gone when the master ends.",
            "Set [server] database to a file, such as sqlite:////var/lib/asyncluster/asyncluster.db",
        )
    if facts.schema is None:
        return ok(TOPIC, "The database is empty; the master sets it up when it starts.")
    if facts.schema != facts.needed_schema:
        return problem(
            TOPIC,
            f"The database has schema {facts.schema[:40]}, this version needs {facts.needed_schema}.",
            "asyncluster db upgrade",
        )
    return ok(TOPIC, "The database can be read and is up to date.")


def _ask(socket: Path) -> tuple[str, str]:
    from asyncluster.core.client.cluster import Cluster

    try:
        with Cluster(socket=socket, patience=5) as cluster:
            return str(cluster.ask("status")["release"]), ""
    except AsynClusterError as error:
        return "", str(error)


def _schema(url: str, state: Path) -> tuple[str | None, str]:
    if url.startswith("sqlite"):
        file = sqlite_file(url)
        return _sqlite_schema(file, state) if file is not None else ("memory", "")
    from asyncluster.core.database.engine import open_engine, parse_url
    from asyncluster.core.database.upgrading import current_revision

    try:
        engine = open_engine(parse_url(url))
        with engine.connect() as connection:
            return current_revision(connection), ""
    except AsynClusterError as error:
        return None, str(error)
    except Exception as error:  # a driver's own; its first line names no password
        return None, f"The database cannot be reached: {type(error).__name__}."


def _sqlite_schema(file: Path, state: Path) -> tuple[str | None, str]:
    if not file.exists():
        made = file.parent in (state, *state.parents) or file.parent.is_dir()
        return None, "" if made else f"The directory of the database {file} does not exist."
    # A file that nobody has open is left alone: even a reader would make a log beside it.
    mode = "mode=ro" if file.with_name(f"{file.name}-wal").exists() else "immutable=1"
    try:
        with closing(sqlite3.connect(f"{file.as_uri()}?{mode}", uri=True, timeout=5)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        if "no such table" in str(error):
            return None, ""
        return None, f"The database {file} cannot be read: {error}."
    return (str(row[0]) if row else None), ""

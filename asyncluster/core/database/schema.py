"""The tables of the privilege & usage database, as the newest migration leaves them.

Instants are whole seconds since 1970 in UTC (`Instant`), lengths of time are whole seconds, times of day are
seconds since local midnight and dates are dates in the master's time zone. Accounts are named, not numbered:
the timesheet of a deleted account stays, and an account that is added again under the name continues it.

`migrations/versions` creates and changes the tables; a test compares its outcome with this module.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Date,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

#: The migration that makes these tables.
REVISION = "0002"

NAME_LENGTH = 32  # of an account
NODE_LENGTH = 255  # of a node: a host name
WORD_LENGTH = 40  # of reason codes, states, displays

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of exactly the type INTEGER.
RowNumber = BigInteger().with_variant(Integer(), "sqlite")
Instant = BigInteger

users = Table(
    "users",
    metadata,
    Column("name", String(NAME_LENGTH), primary_key=True),
    Column("password_hash", String(255)),  # a PHC string; NULL: nobody can log in with a password
    Column("enabled", Boolean, nullable=False),
    Column("restricted", Boolean, nullable=False),
    Column("daily", Integer),  # seconds; NULL: no limit
    Column("weekly", Integer),
    Column("created", Instant, nullable=False),
)

openings = Table(
    "openings",
    metadata,
    Column("weekday", Integer, primary_key=True, autoincrement=False),  # 0 = Monday
    Column("start", Integer, primary_key=True, autoincrement=False),  # seconds since local midnight
    Column("end", Integer, primary_key=True, autoincrement=False),  # up to 86400
    CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
    CheckConstraint('0 <= start AND start < "end" AND "end" <= 86400', name="span"),
)

# A date that is listed here has these openings instead of its weekday's. A closed date is one row from 0 to 0.
exceptions = Table(
    "exceptions",
    metadata,
    Column("date", Date, primary_key=True),
    Column("start", Integer, primary_key=True, autoincrement=False),
    Column("end", Integer, primary_key=True, autoincrement=False),
    CheckConstraint('0 <= start AND start <= "end" AND "end" <= 86400', name="span"),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("uuid", String(36), nullable=False, unique=True),  # made by the node
    Column("user_name", String(NAME_LENGTH), nullable=False),
    Column("node", String(NODE_LENGTH), nullable=False),
    Column("display", String(WORD_LENGTH), nullable=False),
    Column("started", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),  # started + what the node has counted
    Column("heard", Instant, nullable=False),  # when the node said so, by the master's clock
    Column("deadline", Instant),  # promised to the node; NULL: no limit
    Column("ordered", String(WORD_LENGTH)),  # why the master wants it ended
    Column("ended", Instant),  # NULL: open
    Column("charged_until", Instant),  # what the budget counts if the node has not confirmed the end
    Column("confirmed", Boolean, nullable=False),  # the node itself has reported the end
    Column("end_reason", String(WORD_LENGTH)),
    Index("ix_sessions_user_name_started", "user_name", "started"),
    Index("ix_sessions_node_started", "node", "started"),
    CheckConstraint("ended IS NULL OR ended >= started", name="order"),
)
_open_user = Index("uq_sessions_open_user", sessions.c.user_name, unique=True)


@event.listens_for(sessions, "before_create")
def _only_open_sessions(_table: Table, connection: Connection, **_options: object) -> None:
    """Each account has one open session at most. To say it above would import all dialects that are named."""
    if connection.dialect.name in ("sqlite", "postgresql"):
        _open_user.dialect_kwargs[f"{connection.dialect.name}_where"] = text("ended IS NULL")


grants = Table(
    "grants",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("user_name", String(NAME_LENGTH), nullable=False),
    Column("at", Instant, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("by", String(NODE_LENGTH), nullable=False),
    Index("ix_grants_user_name_at", "user_name", "at"),
)

# Wrong passwords of the last hour. A name that belongs to nobody is throttled like any other.
failures = Table(
    "failures",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("user_name", String(NAME_LENGTH), nullable=False),
    Column("node", String(NODE_LENGTH), nullable=False),
    Column("at", Instant, nullable=False),
    Column("cleared", Boolean, nullable=False),  # a right password came after it, from the same node
    Index("ix_failures_user_name", "user_name"),
    Index("ix_failures_node", "node"),
    Index("ix_failures_at", "at"),
)

jobs = Table(
    "jobs",
    metadata,
    Column("number", RowNumber, primary_key=True),  # what people see
    Column("key", BigInteger, nullable=False, unique=True),  # what the wire uses, made by the client
    Column("name", String(255), nullable=False),
    Column("owner_uid", BigInteger, nullable=False),
    Column("owner", String(NODE_LENGTH), nullable=False),
    Column("niceness", Integer, nullable=False),
    Column("state", String(WORD_LENGTH), nullable=False),
    Column("created", Double, nullable=False),  # seconds since 1970; a job may be shorter than a second
    Column("finished", Double),
    Column("submitted", BigInteger, nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("busy", Double, nullable=False),  # seconds of all workers together
    Column("error", Text),
    Index("ix_jobs_finished", "finished"),
    sqlite_autoincrement=True,  # the number of a pruned job is never given to another
)

job_samples = Table(
    "job_samples",
    metadata,
    Column(
        "number",
        RowNumber,
        ForeignKey("jobs.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("minute", Instant, primary_key=True, autoincrement=False),  # its beginning
    Column("done", BigInteger, nullable=False),
    Column("failed", BigInteger, nullable=False),
    Column("busy", Double, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowNumber, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("uid", BigInteger, nullable=False),
    Column("who", String(NODE_LENGTH), nullable=False),
    Column("verb", String(WORD_LENGTH), nullable=False),
    Column("subject", String(255), nullable=False),  # whom or what it concerned
    Column("details", Text, nullable=False),  # never a password
    Index("ix_audit_at", "at"),
)

environments = Table(
    "environments",
    metadata,
    Column("key", String(64), primary_key=True),  # of the manifest, hexadecimal
    Column("name", String(64), unique=True),
    Column("python", String(WORD_LENGTH), nullable=False),
    Column("wheels", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),  # bytes
    Column("created", Double, nullable=False),  # seconds since 1970
    Column("by", String(NODE_LENGTH), nullable=False),
    Column("standing", String(WORD_LENGTH), nullable=False),  # "current", "previous" or ""
)

"""The first schema: accounts, openings, sessions, grants, throttling, job history, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Migrations say everything themselves: they must not change when `schema` does.
_row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _people()
    _sessions()
    _jobs()
    op.create_table(
        "audit",
        sa.Column("id", _row_number),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("uid", sa.BigInteger, nullable=False),
        sa.Column("who", sa.String(255), nullable=False),
        sa.Column("verb", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])


def _people() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String(32)),
        sa.Column("password_hash", sa.String(255)),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("restricted", sa.Boolean, nullable=False),
        sa.Column("daily", sa.Integer),
        sa.Column("weekly", sa.Integer),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "openings",
        sa.Column("weekday", sa.Integer, autoincrement=False),
        sa.Column("start", sa.Integer, autoincrement=False),
        sa.Column("end", sa.Integer, autoincrement=False),
        sa.PrimaryKeyConstraint("weekday", "start", "end", name="pk_openings"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="ck_openings_weekday"),
        sa.CheckConstraint('0 <= start AND start < "end" AND "end" <= 86400', name="ck_openings_span"),
    )
    op.create_table(
        "exceptions",
        sa.Column("date", sa.Date),
        sa.Column("start", sa.Integer, autoincrement=False),
        sa.Column("end", sa.Integer, autoincrement=False),
        sa.PrimaryKeyConstraint("date", "start", "end", name="pk_exceptions"),
        sa.CheckConstraint('0 <= start AND start <= "end" AND "end" <= 86400', name="ck_exceptions_span"),
    )
    op.create_table(
        "grants",
        sa.Column("id", _row_number),
        sa.Column("user_name", sa.String(32), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
    )
    op.create_index("ix_grants_user_name_at", "grants", ["user_name", "at"])
    op.create_table(
        "failures",
        sa.Column("id", _row_number),
        sa.Column("user_name", sa.String(32), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("cleared", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failures"),
    )
    op.create_index("ix_failures_user_name", "failures", ["user_name"])
    op.create_index("ix_failures_node", "failures", ["node"])
    op.create_index("ix_failures_at", "failures", ["at"])


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", _row_number),
        sa.Column("uuid", sa.String(36), nullable=False),
        sa.Column("user_name", sa.String(32), nullable=False),
        sa.Column("node", sa.String(255), nullable=False),
        sa.Column("display", sa.String(40), nullable=False),
        sa.Column("started", sa.BigInteger, nullable=False),
        sa.Column("last_seen", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.BigInteger, nullable=False),
        sa.Column("deadline", sa.BigInteger),
        sa.Column("ordered", sa.String(40)),
        sa.Column("ended", sa.BigInteger),
        sa.Column("charged_until", sa.BigInteger),
        sa.Column("confirmed", sa.Boolean, nullable=False),
        sa.Column("end_reason", sa.String(40)),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("uuid", name="uq_sessions_uuid"),
        sa.CheckConstraint("ended IS NULL OR ended >= started", name="ck_sessions_order"),
    )
    op.create_index("ix_sessions_user_name_started", "sessions", ["user_name", "started"])
    op.create_index("ix_sessions_node_started", "sessions", ["node", "started"])
    op.create_index(
        "uq_sessions_open_user",
        "sessions",
        ["user_name"],
        unique=True,
        sqlite_where=sa.text("ended IS NULL"),
        postgresql_where=sa.text("ended IS NULL"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("number", _row_number),
        sa.Column("key", sa.BigInteger, nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("owner_uid", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("niceness", sa.Integer, nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("finished", sa.Double),
        sa.Column("submitted", sa.BigInteger, nullable=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("busy", sa.Double, nullable=False),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("number", name="pk_jobs"),
        sa.UniqueConstraint("key", name="uq_jobs_key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_finished", "jobs", ["finished"])
    op.create_table(
        "job_samples",
        sa.Column("number", _row_number, autoincrement=False),
        sa.Column("minute", sa.BigInteger, autoincrement=False),
        sa.Column("done", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.BigInteger, nullable=False),
        sa.Column("busy", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("number", "minute", name="pk_job_samples"),
        sa.ForeignKeyConstraint(["number"], ["jobs.number"], name="fk_job_samples_number", ondelete="CASCADE"),
    )

"""Environments: which ones the master keeps, and which of them is current."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "environments",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64)),
        sa.Column("python", sa.String(40), nullable=False),
        sa.Column("wheels", sa.Integer, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("by", sa.String(255), nullable=False),
        sa.Column("standing", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_environments"),
        sa.UniqueConstraint("name", name="uq_environments_name"),
    )

"""Alembic calls this for every upgrade: run the migrations on the connection that `upgrading` holds."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], transaction_per_migration=False)
context.run_migrations()

"""Time that the operator has given."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, insert, select

from asyncluster.core.database.schema import grants
from asyncluster.core.failpoints import failpoint
from asyncluster.core.people.budget import Grant


def add_grant(connection: Connection, user: str, grant: Grant, *, by: str) -> None:
    """Store a grant and who gave it."""
    connection.execute(insert(grants).values(user_name=user, at=grant.at, seconds=grant.seconds, by=by))
    failpoint("grant-added")


def grants_since(connection: Connection, since: int, *, user: str | None = None) -> dict[str, list[Grant]]:
    """Grants (to one person) at or after the instant `since`, by the name of whom they are for."""
    query = select(grants.c.user_name, grants.c.at, grants.c.seconds).where(grants.c.at >= since)
    if user is not None:
        query = query.where(grants.c.user_name == user)
    found: dict[str, list[Grant]] = defaultdict(list)
    for name, at, seconds in connection.execute(query.order_by(grants.c.at)):
        found[name].append(Grant(at, seconds))
    return found

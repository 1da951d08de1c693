"""Wrong passwords, remembered for an hour over every restart."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from asyncluster.core.database.schema import failures
from asyncluster.core.failpoints import failpoint
from asyncluster.core.people.throttle import WINDOW, Failures, wait

_NOBODY = ""  # all names that cannot be anybody's are throttled together


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to log in.

    Attributes:
        wait: seconds to wait first; the attempt is not counted then.
        number: names the attempt for `clear`, if it may be made now.
        next_wait: seconds to wait after it, if it turns out wrong.
    """

    wait: int
    number: int | None
    next_wait: int = 0


def attempt(connection: Connection, user: str | None, node: str, *, now: int) -> Attempt:
    """Count an attempt as a failure, if it may be made now; `clear` it when the password was right.

    Args:
        connection: to the database.
        user: a name, whether or not there is such an account; None if it cannot be a name at all.
        node: where the name was typed.
        now: seconds since 1970.
    """
    name = user or _NOBODY
    # Failures "of the future" are kept: the clock was set back, and they count as just now.
    connection.execute(delete(failures).where(failures.c.at <= now - WINDOW))
    if seconds := wait(_failures(connection, name, node), now):
        return Attempt(seconds, None)
    row = insert(failures).values(user_name=name, node=node, at=now, cleared=False)
    number = connection.execute(row.returning(failures.c.id)).scalar_one()
    failpoint("attempt-counted")
    return Attempt(0, int(number), next_wait=wait(_failures(connection, name, node), now))


def clear(connection: Connection, number: int) -> None:
    """The attempt had the right password: it was no failure, and the person's earlier ones at the node are over."""
    row = connection.execute(select(failures).where(failures.c.id == number)).first()
    if row is None:
        return
    connection.execute(delete(failures).where(failures.c.id == number))
    failpoint("login-cleared")
    pair = (failures.c.user_name == row.user_name) & (failures.c.node == row.node)
    connection.execute(update(failures).where(pair).values(cleared=True))


def unlock(connection: Connection, user: str) -> int:
    """Forget a person's wrong passwords. Returns how many there were."""
    return connection.execute(delete(failures).where(failures.c.user_name == user)).rowcount


def _failures(connection: Connection, user: str, node: str) -> Failures:
    query = select(failures.c.user_name, failures.c.node, failures.c.at, failures.c.cleared)
    rows = connection.execute(query.where((failures.c.user_name == user) | (failures.c.node == node))).all()
    return Failures(
        pair=[row.at for row in rows if row.user_name == user and row.node == node and not row.cleared],
        user=[row.at for row in rows if row.user_name == user],
        node=[row.at for row in rows if row.node == node],
    )

"""Which environments the master keeps, and which of them is current. The wheels themselves are files."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select, update

from asyncluster.core.database.schema import environments
from asyncluster.core.environments.kept import CURRENT, PREVIOUS, Kept
from asyncluster.core.failpoints import failpoint


def list_environments(connection: Connection) -> list[Kept]:
    """All of them, the oldest first."""
    rows = connection.execute(select(environments).order_by(environments.c.created, environments.c.key)).mappings()
    return [Kept(**row) for row in rows]


def add_environment(connection: Connection, new: Kept) -> None:
    """Stores one, unless it is here already, and makes it current. A name that another one has is its from now on."""
    if new.name is not None:
        connection.execute(update(environments).where(environments.c.name == new.name).values(name=None))
    this = environments.c.key == new.key
    if connection.execute(select(environments.c.key).where(this)).first() is None:
        columns = {field: getattr(new, field) for field in Kept.__slots__}
        connection.execute(insert(environments).values(columns | {"standing": ""}))
    elif new.name is not None:
        connection.execute(update(environments).where(this).values(name=new.name))
    failpoint("environment-added")
    use_environment(connection, new.key)


def use_environment(connection: Connection, key: str | None) -> None:
    """Makes one current, or none. What was current is the previous one then."""
    standing = environments.c.standing
    now_current = connection.execute(select(environments.c.key).where(standing == CURRENT)).scalar()
    if now_current == key:
        return
    connection.execute(update(environments).where(standing != "").values(standing=""))
    for row, place in ((now_current, PREVIOUS), (key, CURRENT)):
        if row is not None:
            connection.execute(update(environments).where(environments.c.key == row).values(standing=place))


def remove_environments(connection: Connection, keys: Collection[str]) -> None:
    """Forgets some."""
    connection.execute(delete(environments).where(environments.c.key.in_(keys)))

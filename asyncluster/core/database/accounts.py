"""Accounts: who may log in, with which password, and how much time they have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from asyncluster.core.database.schema import failures, grants, users
from asyncluster.core.failpoints import failpoint
from asyncluster.core.people.budget import Account


@dataclass(frozen=True, slots=True)
class StoredAccount:
    """An account with what only the database needs to know.

    Attributes:
        account: what the budget needs.
        password_hash: None if nobody can log in with a password.
        created: seconds since 1970.
    """

    account: Account
    password_hash: str | None = field(repr=False)
    created: int


def add_account(connection: Connection, account: Account, password_hash: str | None, *, now: int) -> None:
    """Store a new account.

    Raises:
        Conflict: there is one of this name.
    """
    row = insert(users).values(
        name=account.name,
        password_hash=password_hash,
        enabled=account.enabled,
        restricted=account.restricted,
        daily=account.daily,
        weekly=account.weekly,
        created=now,
    )
    connection.execute(row)


def find_account(connection: Connection, name: str) -> StoredAccount | None:
    """The account of this name."""
    row = connection.execute(select(users).where(users.c.name == name)).mappings().first()
    return None if row is None else _account(row)


def list_accounts(connection: Connection, *, skip: int = 0, limit: int | None = None) -> list[StoredAccount]:
    """Accounts by name: all, or `limit` of them after the first `skip`."""
    query = select(users).order_by(users.c.name).offset(skip).limit(limit)
    return [_account(row) for row in connection.execute(query).mappings()]


def change_account(connection: Connection, name: str, **values: Any) -> bool:
    """Change columns of an account. Returns whether there is one of this name."""
    return connection.execute(update(users).where(users.c.name == name).values(**values)).rowcount == 1


def replace_hash(connection: Connection, name: str, old: str, new: str) -> None:
    """Store a stronger hash of the same password, unless the password has been changed meanwhile."""
    same = (users.c.name == name) & (users.c.password_hash == old)
    connection.execute(update(users).where(same).values(password_hash=new))


def delete_account(connection: Connection, name: str) -> bool:
    """Delete an account, its grants and its failures; the timesheet keeps its sessions."""
    connection.execute(delete(grants).where(grants.c.user_name == name))
    connection.execute(delete(failures).where(failures.c.user_name == name))
    failpoint("user-deleted")
    return connection.execute(delete(users).where(users.c.name == name)).rowcount == 1


def _account(row: RowMapping) -> StoredAccount:
    return StoredAccount(
        Account(row["name"], row["enabled"], row["restricted"], row["daily"], row["weekly"]),
        row["password_hash"],
        row["created"],
    )

"""What the database can refuse, in words for the person who asked; nothing was stored whenever one is raised."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from asyncluster.core.errors import AsynClusterError


class DatabaseError(AsynClusterError):
    """The database did not do what was asked; nothing was changed."""


class DatabaseBusy(DatabaseError):
    """Another process keeps the database locked."""


class DatabaseFull(DatabaseError):
    """There is no room left for the database."""


class DatabaseUnreachable(DatabaseError):
    """The database cannot be opened."""


class DatabaseTooNew(DatabaseError):
    """A newer version of AsynCluster has upgraded the database."""


class Conflict(DatabaseError):
    """The change contradicts what is stored, as a second account of one name does."""


# Parts of the messages of SQLite and of PostgreSQL's client library, which say more than the error classes.
_TELLTALES: tuple[tuple[type[DatabaseError], tuple[str, ...], str], ...] = (
    (
        DatabaseBusy,
        ("database is locked", "lock timeout", "statement timeout"),
        "The database is locked by another process; nothing was changed. Try again in a moment.",
    ),
    (
        DatabaseFull,
        ("disk is full", "no space left", "disk full"),
        "There is no room left for the database; nothing was changed. Free some space and try again.",
    ),
    (
        DatabaseUnreachable,
        ("readonly database", "read-only", "permission denied"),
        "The database cannot be written by this account; nothing was changed. Check its owner and rights.",
    ),
    (
        DatabaseUnreachable,
        ("unable to open", "connection", "could not translate", "does not exist", "authentication"),
        "The database cannot be reached. Check [server] database in the configuration, and that it runs.",
    ),
)


def explained(error: DBAPIError) -> DatabaseError:
    """The error in our words. SQLAlchemy's own text would show statements and values: it must not be shown."""
    if isinstance(error, IntegrityError):
        return Conflict("This contradicts what is stored already; nothing was changed.")
    text = str(error.orig).lower()
    for kind, parts, message in _TELLTALES:
        if any(part in text for part in parts):
            return kind(message)
    if isinstance(error, OperationalError):
        return DatabaseUnreachable(_TELLTALES[-1][2])
    return DatabaseError(f"The database refused the change ({type(error.orig).__name__}); nothing was changed.")

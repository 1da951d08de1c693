"""The sessions: open ones, and the timesheet that they become."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import fields

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, or_, select, update

from asyncluster.core.database.schema import sessions
from asyncluster.core.people.ends import End
from asyncluster.core.people.sessions import Session

_FIELDS = [field.name for field in fields(Session)]
_COLUMNS = {name: "user_name" if name == "user" else name for name in _FIELDS}


def add_session(connection: Connection, session: Session) -> None:
    """Store a new session.

    Raises:
        Conflict: its uuid is known, or its person has another open one.
    """
    connection.execute(insert(sessions).values(_values(session)))


def save_session(connection: Connection, session: Session) -> None:
    """Store what has changed in a session."""
    connection.execute(update(sessions).where(sessions.c.uuid == session.uuid).values(_values(session)))


def find_session(connection: Connection, uuid: str) -> Session | None:
    """The session with this uuid."""
    found = _load(connection, sessions.c.uuid == uuid)
    return found[0] if found else None


def sessions_since(connection: Connection, since: int, *, user: str | None = None) -> list[Session]:
    """Sessions (of one person) that are open, or are counted for time at or after the instant `since`."""
    reaches: ColumnElement[bool] = or_(
        sessions.c.ended.is_(None), sessions.c.ended >= since, sessions.c.charged_until >= since
    )
    return _load(connection, reaches if user is None else (sessions.c.user_name == user) & reaches)


def open_sessions(connection: Connection, users: Collection[str] | None = None) -> list[Session]:
    """The open sessions, of all or of these people."""
    condition: ColumnElement[bool] = sessions.c.ended.is_(None)
    if users is not None:
        condition &= sessions.c.user_name.in_(users)
    return _load(connection, condition)


def open_sessions_on(connection: Connection, node: str) -> list[Session]:
    """The open sessions of a node."""
    return _load(connection, sessions.c.ended.is_(None) & (sessions.c.node == node))


def latest_end(connection: Connection, user: str) -> int:
    """The instant at which a person's latest ended session ended, 0 if there is none."""
    query = select(sessions.c.ended).where(sessions.c.user_name == user, sessions.c.ended.is_not(None))
    return connection.execute(query.order_by(sessions.c.ended.desc()).limit(1)).scalar() or 0


def next_start(connection: Connection, session: Session) -> int | None:
    """When the same person's next session began, if one did."""
    own = select(sessions.c.id).where(sessions.c.uuid == session.uuid).scalar_subquery()
    # Two sessions may begin within one second; then the row that was stored later is the next one.
    same_second = (sessions.c.started == session.started) & (sessions.c.id > own)
    later = (sessions.c.started > session.started) | same_second
    query = select(sessions.c.started).where(sessions.c.user_name == session.user, later)
    return connection.execute(query.order_by(sessions.c.started).limit(1)).scalar()


def timesheet(
    connection: Connection, *, user: str | None, since: int, until: int, skip: int = 0, limit: int | None = None
) -> list[Session]:
    """Sessions of any part of [since, until), in the order in which they began; `limit` of them after `skip`."""
    condition: ColumnElement[bool] = (sessions.c.started < until) & or_(
        sessions.c.ended.is_(None), sessions.c.ended >= since
    )
    if user is not None:
        condition &= sessions.c.user_name == user
    return _load(connection, condition, skip=skip, limit=limit)


def shift_heard(connection: Connection, seconds: int) -> None:
    """The master's clock was set: what was heard is as long ago as before."""
    change = update(sessions).where(sessions.c.ended.is_(None))
    connection.execute(change.values(heard=sessions.c.heard + seconds))


def known_uuids(connection: Connection, uuids: Iterable[str]) -> set[str]:
    """Which of these sessions are stored."""
    query = select(sessions.c.uuid).where(sessions.c.uuid.in_(list(uuids)))
    return set(connection.execute(query).scalars())


def _load(
    connection: Connection, condition: ColumnElement[bool], *, skip: int = 0, limit: int | None = None
) -> list[Session]:
    columns = [sessions.c[column] for column in _COLUMNS.values()]
    query = select(*columns).where(condition).order_by(sessions.c.started, sessions.c.id)
    return [_session(row) for row in connection.execute(query.offset(skip).limit(limit)).mappings()]


def _session(row: RowMapping) -> Session:
    values = {name: row[column] for name, column in _COLUMNS.items()}
    for name in ("ordered", "end_reason"):
        values[name] = None if values[name] is None else End(values[name])
    return Session(**values)


def _values(session: Session) -> dict[str, object]:
    return {column: getattr(session, name) for name, column in _COLUMNS.items()}

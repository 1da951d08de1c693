"""Reading a database of AsynCluster 0.3, which is never changed.

Its tables are `users(id, password, enabled, restricted, daily_hours, weekly_hours)`, `openings(weekday, start_hour,
end_hour)` and `timesheet(user_id, date, start_hour, end_hour)`; hours are wall-clock floats, passwords are in clear.
A session over midnight was stored with the date of its *end* and a start that comes after it. Whatever cannot be used
becomes a `Note`; the other rows are read all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, Engine, Row, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from asyncluster.core.database.engine import open_engine, parse_url
from asyncluster.core.database.errors import DatabaseError
from asyncluster.core.errors import UsageError
from asyncluster.core.people.budget import Account
from asyncluster.core.people.calendar import ONE_DAY, Calendar, Opening
from asyncluster.core.people.names import FIRST_DATE, HOUR, LAST_DATE, WEEK_HOURS, is_account_name
from asyncluster.core.people.passwords import LONGEST
from asyncluster.core.people.sessions import Session

NODE = "unknown"  # the old timesheet does not say where somebody sat
_NAMESPACE = UUID("6d0c2f0e-6f0e-5c41-9a3c-0d6b7f3b1a52")  # of the uuids of imported sessions: any constant will do
_DAY_HOURS = 24


@dataclass(frozen=True, slots=True)
class Note:
    """A row that could not be used as it is: which one, what was done, and whether nothing of it was used."""

    table: str
    row: str
    text: str
    left_out: bool = False


@dataclass(frozen=True, slots=True)
class LegacyAccount:
    """An account and its password in clear, "" if it has none."""

    account: Account
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Legacy:
    """All that could be read."""

    accounts: tuple[LegacyAccount, ...]
    openings: tuple[Opening, ...]
    sessions: tuple[Session, ...]
    notes: tuple[Note, ...]


def read_legacy(url: str, calendar: Calendar) -> Legacy:
    """Read everything from the database at `url`; the wall-clock times are those of the calendar's zone.

    Raises:
        UsageError: there is no AsynCluster 0.3 database.
        DatabaseError: it cannot be opened.
    """
    parsed = parse_url(url)
    engine = _read_only(parsed)
    try:
        with engine.connect() as connection:
            return _read(connection, calendar)
    except DBAPIError as error:
        shown = parsed.render_as_string(hide_password=True)
        raise DatabaseError(f"{shown} cannot be read: {type(error.orig).__name__}. Is that the right place?") from None
    finally:
        engine.dispose()


def _read_only(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return open_engine(url)
    if not url.database:
        raise UsageError("Name the file of the old database: sqlite:////path/to/file.db")
    engine = create_engine(
        url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"}),
    )
    event.listen(engine, "connect", _decode_leniently)
    return engine


def _decode_leniently(connection: Any, _record: object) -> None:
    def decode(raw: bytes) -> str:
        try:
            return raw.decode()
        except UnicodeDecodeError:
            return raw.decode("latin-1")

    connection.text_factory = decode


def _read(connection: Connection, calendar: Calendar) -> Legacy:
    notes: list[Note] = []
    columns = "id, password, enabled, restricted, daily_hours, weekly_hours"
    users = _rows(connection, f"SELECT {columns} FROM users ORDER BY id")  # noqa: S608
    if users is None:
        raise UsageError("That is no database of AsynCluster 0.3: its table of users cannot be read.")
    openings = _rows(connection, "SELECT weekday, start_hour, end_hour FROM openings")
    sheet = _rows(connection, "SELECT user_id, date, start_hour, end_hour FROM timesheet")
    for name, rows in (("openings", openings), ("timesheet", sheet)):
        if rows is None:
            notes.append(Note(name, "-", "There is no such table; nothing was taken from it.", left_out=True))
    return Legacy(
        tuple(_accounts(users, notes)),
        tuple(_openings(openings or (), notes)),
        tuple(_apart(sorted(_sessions(sheet or (), calendar, notes), key=lambda s: (s.user, s.started)), notes)),
        tuple(notes),
    )


def _rows(connection: Connection, query: str) -> Sequence[Row[Any]] | None:
    with connection.begin_nested() if connection.in_transaction() else connection.begin() as transaction:
        try:
            return connection.execute(text(query)).all()
        except DBAPIError:
            transaction.rollback()
            return None


def _accounts(rows: Iterable[Row[Any]], notes: list[Note]) -> Iterator[LegacyAccount]:
    for row in rows:
        name, password = str(row.id), "" if row.password is None else str(row.password)
        if not is_account_name(name):
            notes.append(Note("users", _shown(name), "No account can have this name; left out.", left_out=True))
            continue
        if not 0 < len(password.encode()) <= LONGEST:
            notes.append(Note("users", name, "It has no usable password; nobody can log in until one is set."))
            password = ""
        account = Account(
            name,
            _true(row.enabled),
            _true(row.restricted),
            _quota(row.daily_hours, _DAY_HOURS, name, notes),
            _quota(row.weekly_hours, WEEK_HOURS, name, notes),
        )
        yield LegacyAccount(account, password)


def _quota(value: object, most: int, name: str, notes: list[Note]) -> int | None:
    """Hours above what a day or week has never mattered, and none at all was no time."""
    if value is None:
        return None
    hours = _number(value)
    if hours is None:
        notes.append(Note("users", name, f"{_shown(value)} is no number of hours; 0 was taken."))
        return 0
    return round(min(max(hours, 0.0), most) * HOUR)


def _openings(rows: Iterable[Row[Any]], notes: list[Note]) -> Iterator[Opening]:
    for row in rows:
        day, start, end = _number(row.weekday), _number(row.start_hour), _number(row.end_hour)
        shown = f"{_shown(row.weekday)} {_shown(row.start_hour)}-{_shown(row.end_hour)}"
        if day is None or day not in range(7) or start is None or end is None:
            notes.append(Note("openings", shown, "It is no opening; left out.", left_out=True))
            continue
        first, last = (round(min(max(hour, 0.0), _DAY_HOURS) * HOUR) for hour in (start, end))
        if first >= last:
            notes.append(
                Note("openings", shown, "It ends before it begins, so it never opened; left out.", left_out=True)
            )
            continue
        yield Opening(int(day), first, last)


def _sessions(rows: Iterable[Row[Any]], calendar: Calendar, notes: list[Note]) -> Iterator[Session]:
    for row in rows:
        name, day = str(row.user_id), _date(row.date)
        start, end = _number(row.start_hour), _number(row.end_hour)
        shown = f"{_shown(name)} {_shown(row.date)} {_shown(row.start_hour)}-{_shown(row.end_hour)}"
        if not is_account_name(name):
            notes.append(Note("timesheet", shown, "No account can have this name; left out.", left_out=True))
            continue
        if day is None or start is None or end is None or not (0 <= start <= _DAY_HOURS and 0 <= end <= _DAY_HOURS):
            notes.append(Note("timesheet", shown, "It has no date or no time of day; left out.", left_out=True))
            continue
        first_day = day - ONE_DAY if start > end else day
        if first_day != day:
            notes.append(Note("timesheet", shown, f"It went over midnight: it began on {first_day}."))
        started = calendar.instant(first_day, round(start * HOUR))
        ended = max(started, calendar.instant(day, round(end * HOUR)))
        uuid = str(uuid5(_NAMESPACE, f"{name}|{day}|{start!r}|{end!r}"))
        yield _session(uuid, name, started, ended)


def _session(uuid: str, user: str, started: int, ended: int) -> Session:
    return Session(
        uuid, user, NODE, "", started, last_seen=ended, heard=ended, deadline=None, ended=ended, confirmed=True
    )


def _apart(sessions: Iterable[Session], notes: list[Note]) -> Iterator[Session]:
    """Of sessions that overlap, nothing is counted twice: the later one begins when the earlier one ends."""
    until: dict[str, int] = {}
    for session in sessions:
        assert session.ended is not None
        started = max(session.started, until.get(session.user, session.started))
        if started == session.started:
            yield session
        else:
            shown = f"{session.user} {datetime.fromtimestamp(session.started).isoformat(' ', 'minutes')}"
            notes.append(Note("timesheet", shown, "It overlaps an earlier row; the overlap was counted once."))
            if started < session.ended:
                yield _session(session.uuid, session.user, started, session.ended)
        until[session.user] = max(started, session.ended)


def _true(value: object) -> bool:
    return value if isinstance(value, bool) else str(value).strip().lower() in ("1", "1.0", "t", "true", "y", "yes")


def _number(value: object) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _date(value: object) -> date | None:
    if isinstance(value, datetime):
        value = value.date()
    if not isinstance(value, date):
        try:
            value = date.fromisoformat(str(value)[:10])
        except ValueError:
            return None
    return value if FIRST_DATE < value <= LAST_DATE else None


def _shown(value: object) -> str:
    """A value of theirs, in a form that is fit for a terminal."""
    words = str(value)[:40]
    return words if words.isprintable() else ascii(words)

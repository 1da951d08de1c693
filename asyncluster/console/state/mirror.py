"""The console's copy of what the master publishes. The master owns the rows; nothing here changes one.

A `Table` holds the rows of one topic and tells its listeners what has changed, once for each message of the feed.
While the master does not answer the rows stay, and `heard` says how old they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar, cast

import msgspec

from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire.feed import MasterRow, Row, RowId, row_type
from asyncluster.core.wire.messages import Feed

R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Change:
    """What one message did to a table: ids of rows that are new or different, and of those that are gone."""

    changed: frozenset[RowId]
    gone: frozenset[RowId] = frozenset()


Listener: TypeAlias = Callable[[Change], None]


class Table(Generic[R]):
    """The rows of a topic.

    Attributes:
        rows: by id.
        filled: whether the master has sent a snapshot yet.
    """

    def __init__(self) -> None:
        self.rows: dict[RowId, R] = {}
        self.filled = False
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tells `listener` of every change from now on."""
        self._listeners.append(listener)

    def forget(self, listener: Listener) -> None:
        """Tells it nothing more."""
        self._listeners.remove(listener)

    def receive(self, rows: list[R], gone: list[RowId], *, full: bool) -> None:
        """Takes over a snapshot (`full`) or a difference."""
        new = {cast(RowId, getattr(row, row.__struct_fields__[0])): row for row in rows}
        lost = set(self.rows) - set(new) if full else self.rows.keys() & set(gone)
        changed = frozenset(row_id for row_id, row in new.items() if self.rows.get(row_id) != row)
        for row_id in lost:
            del self.rows[row_id]
        self.rows.update(new)
        news = not self.filled or changed or lost
        self.filled = True
        if news:
            change = Change(changed, frozenset(lost))
            for listener in list(self._listeners):
                listener(change)


class Mirror:
    """All tables, and the master's clock.

    Args:
        monotonic: seconds of a clock that nobody sets.
        wall: seconds since 1970 here, for as long as the master has said nothing.

    Attributes:
        heard: what the master's clock showed when it last said something; None: never.
    """

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self.heard: float | None = None
        self._monotonic = monotonic
        self._ahead = wall() - monotonic()  # of our monotonic clock is the master's wall clock
        self._tables: dict[str, Table[Any]] = {}

    def table(self, topic: str) -> Table[Any]:
        """The table of a topic, empty as long as nobody watches it."""
        found = self._tables.get(topic)
        if found is None:
            found = self._tables[topic] = Table()
        return found

    def drop(self, topic: str) -> None:
        """Forgets a topic that nobody looks at any more."""
        self._tables.pop(topic, None)

    def now(self) -> float:
        """The master's clock, seconds since 1970."""
        return self._monotonic() + self._ahead

    @property
    def master(self) -> MasterRow | None:
        """The master's own row."""
        return next(iter(self.table("master").rows.values()), None)

    def receive(self, message: Feed) -> None:
        """Takes over a message of the feed.

        Raises:
            ProtocolError: its rows are not those of its topic.
        """
        self.heard = message.at
        self._ahead = message.at - self._monotonic()
        try:
            rows = _decoder(message.topic).decode(message.rows)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise ProtocolError("The master sent rows that are none.") from error
        if message.topic in self._tables:
            self._tables[message.topic].receive(rows, message.gone, full=message.full)


@cache
def _decoder(topic: str) -> msgspec.msgpack.Decoder[list[Row]]:
    kind = row_type(topic)
    if kind is None:
        raise ProtocolError("The master sent rows of a topic that is none.")
    return msgspec.msgpack.Decoder(list[kind])  # type: ignore[valid-type]

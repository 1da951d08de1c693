"""The calls of a job that wait at the master, first come first served.

A million of them may wait, so a call is nothing but the row that came from the client: one entry in a dict, which
finds it by number, and its number in a deque, which keeps the order. Taking a call out of the middle leaves its
number behind; it is skipped later. (A number that comes back at the end before that takes its old place again.)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from asyncluster.core.wire.messages import CallRow

_SLACK = 64


class CallQueue:
    """Rows in order, by number. A number is in it at most once."""

    __slots__ = ("_order", "_rows")

    def __init__(self) -> None:
        self._rows: dict[int, CallRow] = {}
        self._order: deque[int] = deque()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, call: object) -> bool:
        return call in self._rows

    def __iter__(self) -> Iterator[CallRow]:
        return iter(self._rows.values())

    def get(self, call: int) -> CallRow | None:
        return self._rows.get(call)

    def extend(self, rows: dict[int, CallRow]) -> None:
        """Puts new rows, by number, at the end."""
        self._rows.update(rows)
        self._order.extend(rows)

    def put_first(self, rows: list[CallRow]) -> None:
        """Puts rows before all others, in their order."""
        self._rows.update((row[0], row) for row in rows)
        self._order.extendleft(row[0] for row in reversed(rows))

    def discard(self, call: int) -> CallRow | None:
        """Takes one row out, wherever it is; None if it is not there."""
        row = self._rows.pop(call, None)
        if len(self._order) > 2 * len(self._rows) + _SLACK:
            self._order = deque(number for number in dict.fromkeys(self._order) if number in self._rows)
        return row

    def head(self) -> CallRow | None:
        """The first row, which stays."""
        while self._order:
            row = self._rows.get(self._order[0])
            if row is not None:
                return row
            self._order.popleft()
        return None

    def take(self, count: int) -> list[CallRow]:
        """Takes up to `count` rows from the front, as long as they are of one kind."""
        head = self.head()
        taken: list[CallRow] = []
        if head is None:
            return taken
        kind = head[1]
        first, pop, append = self._order.popleft, self._rows.pop, taken.append
        count = min(count, len(self._rows))
        while len(taken) < count:
            number = first()
            row = pop(number, None)
            if row is None:
                continue
            if row[1] != kind:
                self._rows[number] = row
                self._order.appendleft(number)
                break
            append(row)
        return taken

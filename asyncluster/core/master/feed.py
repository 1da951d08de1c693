"""Publishes what the master knows to the clients that look at it, as little of it as possible.

The master's parts publish whole rows whenever they like; the feed keeps the newest of each and remembers which ids a
client lacks. `tick` sends each client what it lacks, in one message a topic. So a row that changes a hundred times
between two ticks travels once, a client that does not keep up gets fewer and larger steps but never a backlog, and
nothing is encoded twice however many clients look at it.

    publish, remove, event  -->  tables  -->  tick(now)  -->  Feed messages of each subscription

The order between ids is kept; the order between topics is not. Nothing here knows a clock or a socket.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import msgspec

from asyncluster.core.errors import UsageError
from asyncluster.core.wire import limits
from asyncluster.core.wire.feed import TOPICS, EventRow, Options, Row, RowId, Severity, is_detail
from asyncluster.core.wire.messages import Feed as FeedMessage

#: Ticks a second that the master makes.
RATE = 4

#: Events that are kept.
EVENTS = 10_000

#: Seconds between two looks at the details of a job or a node.
DETAIL_SECONDS = 0.7  # of what is to be shown within one

#: Jobs and nodes whose details one client may watch at once.
DETAILS = 8

#: Row data in bytes that one client gets in one tick. What has been sent cannot be taken back when it is out of date,
#: so at the other end of a slow line this is how old the picture gets.
STEP = 128 * 1024

Send: TypeAlias = Callable[[FeedMessage], None]
Details: TypeAlias = Callable[[str], Row | None]

_encode = msgspec.msgpack.Encoder().encode


class _Table:
    """The rows of one topic, encoded when somebody needs them.

    Attributes:
        dirty: ids that have changed since the last tick.
    """

    def __init__(self) -> None:
        self.rows: dict[RowId, Row] = {}
        self.dirty: dict[RowId, None] = {}
        self._encoded: dict[RowId, msgspec.Raw] = {}

    def put(self, row_id: RowId, row: Row) -> None:
        if self.rows.get(row_id) != row:
            self.rows[row_id] = row
            self._touched(row_id)

    def drop(self, row_id: RowId) -> None:
        if self.rows.pop(row_id, None) is not None:
            self._touched(row_id)

    def _touched(self, row_id: RowId) -> None:
        self._encoded.pop(row_id, None)
        self.dirty[row_id] = None

    def encoded(self, row_id: RowId) -> msgspec.Raw | None:
        """The row as bytes; None if there is none."""
        raw = self._encoded.get(row_id)
        if raw is None and (row := self.rows.get(row_id)) is not None:
            raw = self._encoded[row_id] = msgspec.Raw(_encode(row))
        return raw


class _View:
    """What one subscription has of one topic.

    Attributes:
        lacks: ids whose newest state it has not got, the longest waiting first.
        full: it has nothing yet.
        only: ids that it looks at; None: all.
    """

    def __init__(self, table: _Table, options: Options) -> None:
        self.full = True
        self.only = _ids(options)
        self.lacks: dict[RowId, None] = dict.fromkeys(self._seen(reversed(table.rows)))

    def change(self, options: Options, table: _Table) -> None:
        """Looks at other rows of the same table: what comes into sight is lacking, what leaves it is forgotten."""
        before, self.only = self.only, _ids(options)
        if self.only == before:
            return
        if self.only is None or before is None:  # the client may hold rows that went out of its sight and are gone
            self.full = True
            self.lacks = dict.fromkeys(self._seen(table.rows))
        else:
            came = [row_id for row_id in options.only or () if row_id not in before]
            self.lacks = dict.fromkeys(self._seen([*self.lacks, *came]))

    def touch(self, ids: Iterable[RowId]) -> None:
        """These have changed."""
        self.lacks.update(dict.fromkeys(self._seen(ids)))

    def _seen(self, ids: Iterable[RowId]) -> Iterable[RowId]:
        return ids if self.only is None else (row_id for row_id in ids if row_id in self.only)

    def take(self, table: _Table, room: int) -> tuple[list[msgspec.Raw], list[RowId], int]:
        """Takes rows, and ids of rows that are gone, until `room` bytes are used; the third is how many that was."""
        rows: list[msgspec.Raw] = []
        gone: list[RowId] = []
        size = 0
        while self.lacks and size < room:
            row_id = next(iter(self.lacks))
            del self.lacks[row_id]
            raw = table.encoded(row_id)
            if raw is None:
                gone.append(row_id)
                size += 16
            else:
                rows.append(raw)
                size += len(memoryview(raw))
        return rows, gone, size


def _ids(options: Options) -> frozenset[RowId] | None:
    return None if options.only is None else frozenset(options.only)


class Subscription:
    """One client's view of the feed. Made by `Feed.subscribe`, ended by `close`."""

    def __init__(self, feed: Feed, send: Send, ready: Callable[[], bool]) -> None:
        self._feed = feed
        self._send = send
        self._ready = ready
        self._views: dict[str, _View] = {}
        self._details: dict[str, bytes] = {}  # by topic, what was sent last

    def change(self, topics: Mapping[str, Options]) -> None:
        """Looks at these topics instead; those that it looks at already go on without a new snapshot.

        Raises:
            UsageError: there is no such topic, or too many details are looked at; nothing has changed.
        """
        details = [topic for topic in topics if is_detail(topic)]
        unknown = [topic for topic in topics if topic not in TOPICS and topic not in details]
        if unknown:
            known = f"{', '.join(TOPICS)}, job:NUMBER and node:NAME"
            raise UsageError(f"There is no topic {unknown[0][:40]!r}. There are {known}.")
        if len(details) > DETAILS:
            raise UsageError(f"The details of at most {DETAILS} jobs and nodes can be watched at once.")
        self._views = {topic: self._view(topic, topics[topic]) for topic in topics if topic not in details}
        if not self._details.keys() >= set(details):
            self._feed.hurry()
        self._details = {topic: self._details.get(topic, b"") for topic in details}

    def close(self) -> None:
        """Sends nothing more."""
        self._feed.forget(self)

    # --- from the feed -----------------------------------------------------------------------------------

    @property
    def details(self) -> list[str]:
        """Topics of the jobs and nodes whose details it looks at."""
        return list(self._details)

    def touch(self, topic: str, ids: Iterable[RowId]) -> None:
        view = self._views.get(topic)
        if view is not None:
            view.touch(ids)

    def emit(self, now: float, details: Mapping[str, bytes]) -> None:
        """Sends what it lacks, unless it is still busy with what it got."""
        if not self._ready():
            return
        room = STEP
        for topic, view in self._views.items():
            table = self._feed.table(topic)
            while (view.full or view.lacks) and room > 0:
                rows, gone, size = view.take(table, min(room, limits.BATCH))
                room -= size
                self._send(FeedMessage(topic, now, view.full, msgspec.Raw(_encode(rows)), [] if view.full else gone))
                view.full = False
        for topic in self._details:
            row = details.get(topic, self._details[topic])
            if row != self._details[topic]:
                self._details[topic] = row
                self._send(FeedMessage(topic, now, True, msgspec.Raw(row)))

    def _view(self, topic: str, options: Options) -> _View:
        table = self._feed.table(topic)
        view = self._views.get(topic)
        if view is None:
            return _View(table, options)
        view.change(options, table)
        return view


class Feed:
    """All topics and all subscriptions.

    Args:
        detail: tells the row of a topic like "job:214" or "node:pc07" when somebody looks at it; None for a job or
            a node that nobody knows.
    """

    def __init__(self, detail: Details) -> None:
        self._detail = detail
        self._tables = {topic: _Table() for topic in TOPICS}
        self._subscriptions: set[Subscription] = set()
        self._events: deque[int] = deque()
        self._next_event = 1
        self._detailed_at = float("-inf")

    # --- from the master's parts ---------------------------------------------------------------------------

    def publish(self, topic: str, row_id: RowId, row: Row) -> None:
        """The newest state of a row. One that is equal to the last costs nobody anything."""
        self._tables[topic].put(row_id, row)

    def remove(self, topic: str, row_id: RowId) -> None:
        """A row is gone; harmless if it never was."""
        self._tables[topic].drop(row_id)

    def event(self, severity: Severity, actor: str, subject: str, text: str, now: float) -> None:
        """Something happened; see `EventRow`. The oldest of more than `EVENTS` are forgotten."""
        row = EventRow(self._next_event, now, severity, actor, subject, text)
        self._next_event += 1
        self._events.append(row.id)
        self.publish("events", row.id, row)
        if len(self._events) > EVENTS:
            self.remove("events", self._events.popleft())

    @property
    def watched(self) -> bool:
        """Whether anybody looks."""
        return bool(self._subscriptions)

    def ids(self, topic: str) -> list[RowId]:
        """Ids of a topic's rows: what a publisher compares with what there still is."""
        return list(self._tables[topic].rows)

    # --- for clients ---------------------------------------------------------------------------------------

    def subscribe(
        self, send: Send, topics: Mapping[str, Options], ready: Callable[[], bool] = lambda: True
    ) -> Subscription:
        """Sends topics from the next tick on, the snapshot first.

        Args:
            send: takes messages.
            topics: what to send, with options for each.
            ready: whether the client has taken what was sent; while it has not, it gets nothing.

        Raises:
            UsageError: as `Subscription.change`.
        """
        self._distribute()  # what is dirty now is in the snapshot
        subscription = Subscription(self, send, ready)
        subscription.change(topics)
        self._subscriptions.add(subscription)
        return subscription

    def tick(self, now: float) -> None:
        """Sends what is due. `now` is the master's clock, seconds since 1970; to be called `RATE` times a second."""
        self._distribute()
        details = self._details(now)
        for subscription in list(self._subscriptions):
            subscription.emit(now, details)

    # --- within --------------------------------------------------------------------------------------------

    def table(self, topic: str) -> _Table:
        """The rows of a topic, for subscriptions."""
        return self._tables[topic]

    def hurry(self) -> None:
        """Somebody looks at other details: they are due at the next tick."""
        self._detailed_at = float("-inf")

    def forget(self, subscription: Subscription) -> None:
        """A subscription is closed."""
        self._subscriptions.discard(subscription)

    def _distribute(self) -> None:
        for topic, table in self._tables.items():
            if table.dirty:
                for subscription in self._subscriptions:
                    subscription.touch(topic, table.dirty)
                table.dirty = {}

    def _details(self, now: float) -> dict[str, bytes]:
        """The details that somebody looks at, if it is time, as encoded lists of one row or none."""
        if 0 <= now - self._detailed_at < DETAIL_SECONDS:
            return {}
        self._detailed_at = now
        found = {}
        for topic in {topic for subscription in self._subscriptions for topic in subscription.details}:
            row = self._detail(topic)
            found[topic] = _encode([] if row is None else [row])
        return found

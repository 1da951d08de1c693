"""Numbered messages of a node: each is kept until the master has acknowledged it, and sent again after a reconnect."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from typing import TypeAlias

from asyncluster.core.wire.messages import Broke, Done, DoneLarge, Returned

Numbered: TypeAlias = Done | DoneLarge | Broke | Returned


class Outbox:
    """Unacknowledged messages, in order.

    Attributes:
        size: bytes of results in it, blobs included.
    """

    def __init__(self) -> None:
        self._messages: deque[Numbered] = deque()
        self._named: Counter[tuple[int, bytes]] = Counter()
        self._serial = 0
        self.size = 0

    def __iter__(self) -> Iterator[Numbered]:
        return iter(self._messages)

    def next_serial(self) -> int:
        """The number for the next message; it must be posted."""
        self._serial += 1
        return self._serial

    def post(self, message: Numbered) -> None:
        """Keeps a message."""
        self._messages.append(message)
        if isinstance(message, DoneLarge):
            self._named.update((message.job, name) for name, _size in message.blobs)
        self.size += _size(message)

    def names(self, job: int, blob: bytes) -> bool:
        """Whether a message in here belongs together with this blob."""
        return (job, blob) in self._named

    def acknowledge(self, serial: int) -> list[tuple[int, bytes]]:
        """Forgets all messages up to `serial`; returns the blobs (job, name) that none in here needs any more."""
        freed: list[tuple[int, bytes]] = []
        while self._messages and self._messages[0].serial <= serial:
            message = self._messages.popleft()
            self.size -= _size(message)
            if isinstance(message, DoneLarge):
                freed += self._unname(message)
        return freed

    def _unname(self, message: DoneLarge) -> list[tuple[int, bytes]]:
        keys = [(message.job, name) for name, _size in message.blobs]
        self._named.subtract(keys)
        freed = [key for key in dict.fromkeys(keys) if self._named[key] == 0]
        for key in freed:
            del self._named[key]
        return freed

    def drop_job(self, job: int) -> None:
        """Forgets the messages of a job that is over."""
        self._messages = deque(message for message in self._messages if message.job != job)
        self._named = Counter({key: count for key, count in self._named.items() if key[0] != job})
        self.size = sum(map(_size, self._messages))


def _size(message: Numbered) -> int:
    match message:
        case Done():
            return sum([len(row[4]) + 32 for row in message.rows])
        case DoneLarge():
            return sum(size for _name, size in message.blobs) + len(message.row[4])
        case _:
            return 64

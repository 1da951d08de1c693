"""Numbered messages of a node: each is kept until the master has acknowledged it, and sent again after a reconnect."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from asyncluster.core.wire.messages import BlobRef, Broke, Done, DoneLarge, Returned

Numbered: TypeAlias = Done | DoneLarge | Broke | Returned


class Outbox:
    """Unacknowledged messages, in order.

    Attributes:
        size: bytes of results in it, blobs included.
    """

    def __init__(self) -> None:
        self._messages: deque[Numbered] = deque()
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
        self.size += _size(message)

    def acknowledge(self, serial: int) -> list[tuple[int, BlobRef]]:
        """Forgets all messages up to `serial`; returns the blobs (job, blob) that belonged to them."""
        freed: list[tuple[int, BlobRef]] = []
        while self._messages and self._messages[0].serial <= serial:
            message = self._messages.popleft()
            self.size -= _size(message)
            if isinstance(message, DoneLarge):
                freed.extend((message.job, blob) for blob in message.blobs)
        return freed

    def drop_job(self, job: int) -> None:
        """Forgets the messages of a job that is over."""
        self._messages = deque(message for message in self._messages if message.job != job)
        self.size = sum(map(_size, self._messages))


def _size(message: Numbered) -> int:
    match message:
        case Done():
            return sum([len(row[4]) + 32 for row in message.rows])
        case DoneLarge():
            return sum(size for _, size in message.blobs) + len(message.row[4])
        case _:
            return 64

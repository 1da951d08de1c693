"""The large data that one job of a client sends: each blob once a link, and dropped when nobody needs it.

A blob is needed by the log entries that name it, for as long as the job lives, and by the calls that wait for their
result. After its last call a blob is kept for a while: the next call often has the same argument, and then neither
this link nor those to the nodes carry it again. Descriptors are closed by the last reference to their blob, which may
well be the link's: it still has to send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from asyncluster.core.blobs import Blob
from asyncluster.core.wire.messages import DropBlob, PassBlob

#: Bytes of blobs that are kept after their last call.
IDLE_BYTES = 256 * 1024 * 1024


class Handover(NamedTuple):
    """A `PassBlob` message together with the descriptor that must go with it."""

    message: PassBlob
    blob: Blob


class Parcels:
    """What of a job's large data is needed, and what the master has of it."""

    def __init__(self, job: int) -> None:
        self._job = job
        self._blobs: dict[bytes, Blob] = {}
        self._needs: dict[bytes, int] = {}
        self._idle: dict[bytes, None] = {}  # in the order in which they fell idle
        self._idle_bytes = 0
        self._sent: set[bytes] = set()

    def need(self, blobs: Iterable[Blob]) -> tuple[Blob, ...]:
        """Counts one more need for each; returns the blobs to keep, which are the known ones of equal content."""
        return tuple([self._need(blob) for blob in blobs])

    def _need(self, blob: Blob) -> Blob:
        name = blob.name
        known = self._blobs.setdefault(name, blob)
        if name in self._idle:
            del self._idle[name]
            self._idle_bytes -= known.size
        self._needs[name] = self._needs.get(name, 0) + 1
        return known

    def release(self, blobs: Iterable[Blob]) -> list[DropBlob]:
        """Takes one need from each; returns what to tell the master, if that is connected."""
        for blob in blobs:
            self._needs[blob.name] -= 1
            if not self._needs[blob.name]:
                del self._needs[blob.name]
                self._idle[blob.name] = None
                self._idle_bytes += blob.size
        return list(self._trim())

    def _trim(self) -> Iterator[DropBlob]:
        while self._idle_bytes > IDLE_BYTES:
            name = next(iter(self._idle))
            del self._idle[name]
            blob = self._blobs.pop(name)
            self._idle_bytes -= blob.size
            if name in self._sent:
                self._sent.remove(name)
                yield DropBlob(self._job, name)

    def hand_over(self, blobs: Iterable[Blob]) -> list[Handover]:
        """What must be sent before a message that names these."""
        new = [blob for blob in blobs if blob.name not in self._sent]
        self._sent.update(blob.name for blob in new)
        return [Handover(PassBlob(self._job, blob.name, blob.size), blob) for blob in new]

    def link_lost(self) -> None:
        """Whoever answers next has none of it."""
        self._sent.clear()

    def close(self) -> None:
        """The job is over."""
        self._blobs.clear()
        self._needs.clear()
        self._idle.clear()

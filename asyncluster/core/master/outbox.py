"""What goes to one peer of the master, with the large data that belongs to it.

Messages of a job arrive in the order in which they were sent, each after the blobs it names. Blobs reach the peer in
one of three ways, and a job's later messages wait behind them while other jobs' pass by:

    to a client of this machine     as a descriptor; nothing waits
    to a node of this machine       as the place of a descriptor, `BlobAt`; the node answers `BlobSeen`
    to any other node               in chunks, as fast as the connection takes them
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from asyncluster.core.blobs import Blob, Shelf
from asyncluster.core.net.control import ControlProtocol
from asyncluster.core.net.link import Link
from asyncluster.core.wire import limits
from asyncluster.core.wire import messages as m


class Carrier(Protocol):
    """How blobs travel on one link."""

    def begin(self, job: int, blob: Blob) -> bool:
        """Sends a blob, or its beginning; True if a message that names it may follow at once."""

    def proceed(self) -> bool:
        """Goes on with the blob that was begun, as far as the link takes it; True when it is over."""


class Outbox:
    """Sends messages and their blobs over one link.

    Args:
        link: for the messages; nothing is sent before `flush`.
        carrier: for the blobs.
        shelf: where the master keeps blobs.
    """

    def __init__(self, link: Link, carrier: Carrier, shelf: Shelf) -> None:
        self._link = link
        self._carrier = carrier
        self._shelf = shelf
        self._ready: list[bytes] = []
        self._sent: set[tuple[int, bytes]] = set()
        self._waiting: dict[int, deque[m.Message | bytes]] = {}  # by job, in order; the first is the name of a blob
        self._under_way: int | None = None  # job whose blob the carrier has begun

    def send(self, message: m.Message) -> None:
        """Sends a message in its job's turn. It leaves with the next `flush`."""
        job: int = getattr(message, "job", 0)
        missing = self._missing(job, message)
        if isinstance(message, m.DropBlob):
            self._sent.discard((job, message.blob))
        elif isinstance(message, m.DropJob):
            self._sent = {key for key in self._sent if key[0] != job}
        if job not in self._waiting and not missing:
            self._ready.append(m.encode(message))
            return
        self._sent.update((job, name) for name in missing)
        self._waiting.setdefault(job, deque()).extend([*missing, message])

    def drop(self, job: int, name: bytes) -> None:
        """Tells the peer that a blob will not be named again, if it has it."""
        if (job, name) in self._sent:
            self.send(m.DropBlob(job, name))

    def flush(self) -> None:
        """Lets everything go that may go.

        If the system has nothing left to send a blob with, this peer loses its connection, comes back and is sent it
        again; whoever made us flush has nothing to do with it.
        """
        try:
            while self._waiting and self._send_blob():
                pass
        except OSError as error:
            self._link.abort(f"large data cannot be sent: {error.strerror}")
            return
        self._send_ready()

    def blob_arrived(self) -> None:
        """The peer has the blob that was under way."""
        if self._under_way is not None:
            self._proceed(self._under_way)
            self.flush()

    def carry_by(self, carrier: Carrier) -> None:
        """The peer could not open the blob under way: it and all later ones go another way."""
        self._carrier = carrier
        self._under_way = None
        self.flush()

    def _missing(self, job: int, message: m.Message) -> list[bytes]:
        names = [name for name, _ in getattr(message, "blobs", ())]
        return [name for name in dict.fromkeys(names) if (job, name) not in self._sent]

    def _send_blob(self) -> bool:
        """Goes on with one blob; False if it has to wait."""
        if self._under_way is not None:
            job, over = self._under_way, self._carrier.proceed()
        else:
            job = next(iter(self._waiting))
            over = self._begin(job)
        if over:
            self._proceed(job)
        else:
            self._under_way = job
        return over

    def _begin(self, job: int) -> bool:
        name = self._waiting[job][0]
        assert isinstance(name, bytes)
        blob = self._shelf.get(job, name)
        if blob is None:  # its job has ended meanwhile
            return True
        self._send_ready()  # it was there before the blob
        return self._carrier.begin(job, blob)

    def _proceed(self, job: int) -> None:
        """The first blob of a job is over: lets the job's messages go up to the next one."""
        self._under_way = None
        queue = self._waiting.pop(job)
        queue.popleft()
        while queue and not isinstance(queue[0], bytes):
            self._ready.append(m.encode(queue.popleft()))
        if queue:
            self._waiting[job] = queue  # behind the other jobs

    def _send_ready(self) -> None:
        if self._ready:
            bodies, self._ready = self._ready, []
            self._link.send(bodies)


class Passing:
    """Carrier to a client: the descriptor itself."""

    def __init__(self, link: ControlProtocol) -> None:
        self._link = link

    def begin(self, job: int, blob: Blob) -> bool:
        self._link.send_descriptor(blob.fd, m.encode(m.PassBlob(job, blob.name, blob.size)))
        return True

    def proceed(self) -> bool:
        return True


class Pointing:
    """Carrier to a node of this machine: where to find the descriptor.

    The blob is kept open until the node has answered.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._held: int | None = None

    def begin(self, job: int, blob: Blob) -> bool:
        self._held = os.dup(blob.fd)
        self._link.send(m.encode(m.BlobAt(job, blob.name, blob.size, os.getpid(), self._held)))
        return False

    def proceed(self) -> bool:
        return False  # `Outbox.blob_arrived` ends it

    def release(self) -> None:
        """The node has answered."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


class Streaming:
    """Carrier to a node of another machine: chunks."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._chunks: Iterable[bytes] = iter(())

    def begin(self, job: int, blob: Blob) -> bool:
        self._chunks = _chunks(job, blob)
        return self.proceed()

    def proceed(self) -> bool:
        for chunk in self._chunks:
            self._link.send(chunk)
            if self._link.paused:
                return False
        return True


def _chunks(job: int, blob: Blob) -> Iterable[bytes]:
    keep = os.dup(blob.fd)  # the shelf may drop it while it is under way
    try:
        for offset in range(0, max(blob.size, 1), limits.CHUNK):
            data = os.pread(keep, limits.CHUNK, offset)
            yield m.encode(m.BlobChunk(job, blob.name, blob.size, offset, memoryview(data)))
    finally:
        os.close(keep)

"""What goes to the master, in order, each message after the large data that it names.

Numbered messages must not overtake each other, so everything waits behind data that are under way, but for what
is news only while it is new (`send_now`). Data for a master on this very machine are not copied: it is told where they
are (`BlobAt`). One that cannot open them says so, and gets this and all later ones in pieces.
"""

from __future__ import annotations

from collections import deque

from asyncluster.core.blobs import Shelf
from asyncluster.core.master.outbox import Pointing, Streaming
from asyncluster.core.net.link import Link
from asyncluster.core.wire import messages as m


class Uplink:
    """One connection's output.

    Args:
        link: the connection; nothing of an earlier one has arrived for sure.
        results: the large data of results.
    """

    def __init__(self, link: Link, results: Shelf) -> None:
        self._link = link
        self._results = results
        self._waiting: deque[m.Message] = deque()
        self._sent: set[tuple[int, bytes]] = set()
        self._pointing: Pointing | None = Pointing(link)
        self._streaming = Streaming(link)
        self._under_way: tuple[int, bytes] | None = None

    def send(self, message: m.Message) -> None:
        """Sends a message when its turn has come."""
        self._waiting.append(message)
        if len(self._waiting) == 1:
            self.proceed()

    def send_now(self, message: m.Message) -> None:
        """Sends a message that need not wait, unless so much waits already that it would only be in the way."""
        if not self._link.paused:
            self._link.send(m.encode(message))

    def seen(self, message: m.BlobSeen) -> None:
        """The master's answer to `BlobAt`."""
        if self._pointing is None or self._under_way != (message.job, message.blob):
            return
        self._pointing.release()
        if message.ok:
            self._arrived()
        else:
            self._pointing = None
            self._under_way = None
        self.proceed()

    def proceed(self) -> None:
        """Sends as much as the connection takes.

        If the system has nothing left to send large data with, the connection is dropped: on the next one all is sent
        again.
        """
        try:
            self._send_waiting()
        except OSError as error:
            self._link.abort(f"large data cannot be sent: {error.strerror}")

    def _send_waiting(self) -> None:
        ready: list[bytes] = []
        while self._waiting:
            message = self._waiting[0]
            missing = self._missing(message)
            if missing is not None:
                self._link.send(ready)
                ready = []
                if not self._carry(*missing):
                    return
                continue
            self._waiting.popleft()
            if isinstance(message, m.DropBlob):
                self._sent.discard((message.job, message.blob))
            ready.append(m.encode(message))
        self._link.send(ready)

    def close(self) -> None:
        """The connection is gone."""
        if self._pointing is not None:
            self._pointing.release()
        self._waiting.clear()

    def _missing(self, message: m.Message) -> tuple[int, bytes] | None:
        if isinstance(message, m.DoneLarge):
            for name, _size in message.blobs:
                if (message.job, name) not in self._sent:
                    return message.job, name
        return None

    def _carry(self, job: int, name: bytes) -> bool:
        """Brings a blob on its way, or goes on with it; True when the messages behind it may follow."""
        if self._under_way is not None:
            over = self._pointing is None and self._streaming.proceed()
        else:
            blob = self._results.get(job, name)
            self._under_way = job, name
            carrier = self._pointing or self._streaming
            over = blob is None or carrier.begin(job, blob)  # without a blob its job is over
        if over:
            self._arrived()
        return over

    def _arrived(self) -> None:
        if self._under_way is not None:
            self._sent.add(self._under_way)
            self._under_way = None

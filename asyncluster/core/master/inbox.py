"""Large data that arrive on one of the master's links, until they stand on its shelf."""

from __future__ import annotations

import os

from asyncluster.core.blobs import NoRoom, Shelf, adopt
from asyncluster.core.errors import ProtocolError
from asyncluster.core.wire import messages as m

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # whatever a node points to, opening it takes no time
_MOST = 10_000  # blobs of one peer that were refused, and that no message has named


class Inbox:
    """Takes the blobs of one peer.

    What does not fit is not an offence of the peer's: its blob is remembered as refused, so that the message which
    names it can be answered for what it is.

    Args:
        shelf: where the master keeps blobs.
    """

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._refused: set[tuple[int, bytes]] = set()
        self._unnamed: set[tuple[int, bytes]] = set()

    def chunk(self, message: m.BlobChunk) -> None:
        """A piece of a blob.

        Raises:
            ProtocolError: pieces are out of order.
        """
        if (message.job, message.blob) in self._refused:
            return
        try:
            self._shelf.receive(message.job, message.blob, message.size, message.offset, message.data, self)
            self._brought(message.job, message.blob)
        except NoRoom:
            self._refuse(message.job, message.blob)

    def passed(self, message: m.PassBlob, descriptor: int) -> None:
        """A blob as a descriptor, which is taken over.

        Raises:
            ProtocolError: it is not a sealed memory file.
        """
        try:
            self._shelf.add(message.job, adopt(descriptor, message.blob, message.size))
            self._brought(message.job, message.blob)
        except NoRoom:
            self._refuse(message.job, message.blob)

    def at(self, message: m.BlobAt) -> bool:
        """A blob of another process of this machine; False if it cannot be opened from here.

        Raises:
            ProtocolError: as `passed`.
        """
        try:
            descriptor = os.open(f"/proc/{message.pid}/fd/{message.fd}", _FLAGS)
        except OSError:
            return False
        self.passed(m.PassBlob(message.job, message.blob, message.size), descriptor)
        return True

    def complete(self, message: m.SubmitLarge | m.RunLarge | m.DoneLarge | m.Code | m.Update) -> bool:
        """Whether the blobs that a message names are all here; False if one had to be refused.

        Raises:
            ProtocolError: one was never sent.
        """
        names = [name for name, _ in message.blobs]
        if any((message.job, name) in self._refused for name in names):
            return False
        self._shelf.require(message.job, names)
        self._unnamed.difference_update((message.job, name) for name in names)
        return True

    def close(self) -> None:
        """The peer is gone, and with it what it has sent and no message has named."""
        self._shelf.abandon(self, self._unnamed)

    def _brought(self, job: int, blob: bytes) -> None:
        if len(self._unnamed) >= _MOST:
            raise ProtocolError("A peer sends large data that nobody asks for.")
        self._unnamed.add((job, blob))

    def _refuse(self, job: int, blob: bytes) -> None:
        if len(self._refused) >= _MOST:
            raise ProtocolError("A peer goes on to send large data though there is no room.")
        self._refused.add((job, blob))

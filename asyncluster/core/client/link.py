"""One connection to the master: frames and descriptors over a non-blocking UNIX socket.

It reads and writes when it is told to and never waits; who tells it is the business of the flavours. A descriptor is
sent with the first byte of the frame that announces it, and arrives with it or before.
"""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Iterable

from asyncluster.core.blobs import Blob, adopt
from asyncluster.core.client.joblog import Outgoing
from asyncluster.core.client.parcels import Handover
from asyncluster.core.errors import ProtocolError
from asyncluster.core.receiving import Receiver
from asyncluster.core.wire import limits, messages
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.messages import Message, PassBlob

_decoder = messages.decoder(messages.ToClient)


class Link:
    """Messages in and out of a connected socket, which it owns.

    Args:
        connection: a non-blocking UNIX stream socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._reader = FrameReader(limits.FRAME)
        self._receiver = Receiver(connection, limits.DESCRIPTORS)
        self._waiting: deque[tuple[memoryview, Blob | None]] = deque()  # what the kernel has not taken, oldest first

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def blocked(self) -> bool:
        """Whether something waits until the socket is writable."""
        return bool(self._waiting)

    def receive(self) -> list[Message | tuple[PassBlob, Blob]]:
        """What has arrived; blobs come with their announcement. Empty if nothing has.

        Raises:
            ConnectionError: the other end is gone.
            ProtocolError: it sent nonsense.
        """
        try:
            data = self._receiver.receive()
        except BlockingIOError:
            return []
        if self._receiver.cut or len(self._receiver.arrived) > limits.DESCRIPTORS:
            raise ProtocolError("The master sent more descriptors than it may.")
        if not data:
            raise ConnectionResetError("The master closed the connection.")
        return [self._decode(body) for body in self._reader.receive(data) if body]

    def _decode(self, body: memoryview) -> Message | tuple[PassBlob, Blob]:
        try:
            message = _decoder.decode(body)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("The master sent a message that is none.") from error
        if not isinstance(message, PassBlob):
            return message
        if not self._receiver.arrived:
            raise ProtocolError("The master announced a descriptor that did not come.")
        return message, adopt(self._receiver.arrived.popleft(), message.blob, message.size)

    def send(self, outgoing: Iterable[Outgoing]) -> None:
        """Sends in this order; what the kernel does not take at once waits for `flush`.

        Raises:
            ConnectionError: the other end is gone.
        """
        frames = bytearray()
        for item in outgoing:
            if isinstance(item, Handover):
                self._queue(frames)
                frames = bytearray()
                self._waiting.append((memoryview(frame(messages.encode(item.message))), item.blob))
            else:
                frames += frame(messages.encode(item))
        self._queue(frames)
        self.flush()

    def _queue(self, frames: bytearray) -> None:
        if frames:
            self._waiting.append((memoryview(frames), None))

    def flush(self) -> None:
        """Sends what waits, as far as the kernel takes it. Raises as `send`."""
        waiting = self._waiting
        while waiting:
            data, blob = waiting[0]
            try:
                sent = socket.send_fds(self._socket, [data], [blob.fd]) if blob else self._socket.send(data)
            except BlockingIOError:
                return
            if sent == len(data):
                waiting.popleft()
            else:
                waiting[0] = data[sent:], None

    def close(self) -> None:
        """Closes the connection; what waits is not sent."""
        self._socket.close()
        self._waiting.clear()
        self._receiver.close()

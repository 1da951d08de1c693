"""The worker's end of the socket to its node daemon: blocking, frames and descriptors.

Descriptors of blobs come as SCM_RIGHTS beside the frame that announces them, in the same order. Sending is safe from
any thread, since calls may print from threads of their own. A process that a call forks must not speak in the
worker's name: there, nothing is sent.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Sequence

from asyncluster.core.receiving import Receiver
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import DESCRIPTORS, FRAME

_DO_NOT_WAIT = int(socket.MSG_DONTWAIT)


class Channel:
    """Frames over `sock`, which it owns."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._reader = FrameReader(FRAME)
        self._receiver = Receiver(sock, DESCRIPTORS)
        self._lock = threading.Lock()
        self.forked = False
        os.register_at_fork(after_in_child=self._leave)

    def fileno(self) -> int:
        """The socket's, for whoever waits for several things at once."""
        return self._socket.fileno()

    def receive(self, *, wait: bool) -> list[memoryview]:
        """Bodies of the frames that have arrived; with `wait` at least one, unless it only got part of a frame.

        Raises:
            EOFError: the node daemon is gone.
        """
        try:
            data = self._receiver.receive(0 if wait else _DO_NOT_WAIT)
        except BlockingIOError:
            return []
        except ConnectionError as error:
            raise EOFError from error
        if not data:
            raise EOFError
        return self._reader.receive(data)

    def take_descriptor(self) -> int:
        """The descriptor that came with the oldest frame that announced one; the caller's from now on.

        Raises:
            IndexError: there is none.
        """
        return self._receiver.arrived.popleft()

    def send(self, bodies: Sequence[bytes], descriptor: int | None = None) -> None:
        """Sends frames in order, and a descriptor with the first of them.

        Raises:
            EOFError: the node daemon is gone.
        """
        if self.forked:
            return
        data = memoryview(b"".join([frame(body) for body in bodies]))
        try:
            with self._lock:
                if descriptor is not None:
                    data = data[socket.send_fds(self._socket, [data], [descriptor]) :]
                if data:
                    self._socket.sendall(data)
        except ConnectionError as error:
            raise EOFError from error

    def _leave(self) -> None:
        self.forked = True
        self._lock = threading.Lock()
        self._socket.close()

"""The node daemon's end of the socket to a worker: frames and descriptors, in the reactor.

A worker that computes does not read, for hours perhaps; that is no offence, unlike on other links. So this one has no
heartbeat and no patience. Descriptors travel beside the frames that announce them, in the same order.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IReadWriteDescriptor
from zope.interface import implementer

from asyncluster.core.errors import ProtocolError
from asyncluster.core.receiving import Receiver
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import DESCRIPTORS, FRAME


@implementer(IReadWriteDescriptor)
class WorkerSocket:
    """Owns `sock`.

    Args:
        reactor: Twisted's.
        received: hears the bodies that arrived, in order; an empty one is the worker's sign of life. It may raise
            `ProtocolError`.
        broken: hears once that the worker sent nonsense.
    """

    def __init__(
        self,
        reactor: Any,
        sock: socket.socket,
        received: Callable[[list[memoryview]], None],
        broken: Callable[[], None],
    ) -> None:
        sock.setblocking(False)
        self._reactor = reactor
        self._socket = sock
        self._received = received
        self._broken = broken
        self._reader = FrameReader(FRAME)
        self._receiver = Receiver(sock, DESCRIPTORS)
        self._leaving: deque[tuple[memoryview, int | None]] = deque()  # data, and a descriptor that goes with it
        self._open = True
        self._ended = False  # the other end is closed
        reactor.addReader(self)

    def send(self, body: bytes, descriptor: int | None = None) -> None:
        """Sends a frame, and a descriptor that is taken over with it."""
        if not self._open:
            if descriptor is not None:
                os.close(descriptor)
            return
        waiting = bool(self._leaving)
        self._leaving.append((memoryview(frame(body)), descriptor))
        if not waiting and not self._write():
            self._reactor.addWriter(self)

    def take_descriptor(self) -> int:
        """The descriptor that came with the oldest frame that announced one; the caller's from now on.

        Raises:
            ProtocolError: there is none.
        """
        if not self._receiver.arrived:
            raise ProtocolError("A worker announced a descriptor that did not come.")
        return self._receiver.arrived.popleft()

    def drain(self) -> None:
        """Reads everything that a worker sent before it ended."""
        while self._read():
            pass

    def close(self) -> None:
        """Hears and says nothing more."""
        if not self._open:
            return
        self._open = False
        self._reactor.removeReader(self)
        self._reactor.removeWriter(self)
        self._socket.close()
        for _data, descriptor in self._leaving:
            if descriptor is not None:
                os.close(descriptor)
        self._receiver.close()
        self._leaving.clear()

    # --- From the reactor ---------------------------------------------------------------------------------

    def fileno(self) -> int:
        return self._socket.fileno()

    def logPrefix(self) -> str:
        return "worker"

    def doRead(self) -> None:
        if not self._read() and self._ended:
            self._reactor.removeReader(self)  # its process tells

    def doWrite(self) -> None:
        if self._write():
            self._reactor.removeWriter(self)

    def connectionLost(self, reason: object) -> None:
        """The worker has ended, or the reactor stops."""
        self.drain()
        self.close()

    def _write(self) -> bool:
        """Sends what the kernel takes; False if some of it has to wait."""
        try:
            while self._leaving:
                data, descriptor = self._leaving[0]
                if descriptor is None:
                    sent = self._socket.send(data)
                else:
                    sent = socket.send_fds(self._socket, [data], [descriptor])
                    os.close(descriptor)
                if sent < len(data):
                    self._leaving[0] = data[sent:], None
                    return False
                self._leaving.popleft()
        except BlockingIOError:
            return False
        except OSError:
            pass  # the worker has ended: its process tells
        return True

    def _read(self) -> bool:
        """Reads once; False if there was nothing to read."""
        if not self._open:
            return False
        try:
            data = self._receiver.receive()
        except BlockingIOError:
            return False
        except OSError:
            self._ended = True
            return False
        if not data:
            self._ended = True
            return False
        try:
            if self._receiver.cut or len(self._receiver.arrived) > DESCRIPTORS:
                raise ProtocolError("A worker sent more descriptors than it announced.")
            self._received(self._reader.receive(data))
        except ProtocolError:
            self.close()
            self._broken()
        return True

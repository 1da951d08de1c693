"""Reading a UNIX stream socket that carries descriptors, into one buffer that is kept.

A buffer of this size that is made anew for each read comes from `mmap` and goes back by `munmap`, which takes longer
than everything else that is done about a short message.
"""

from __future__ import annotations

import os
import socket
from collections import deque

_SIZE = 256 * 1024
_INT = 4  # bytes of a descriptor in ancillary data
_CLOSE_ON_EXEC = int(socket.MSG_CMSG_CLOEXEC)  # plain numbers: the flags of the library take microseconds to combine
_CUT = int(socket.MSG_CTRUNC)


class Receiver:
    """Reads from `sock`, which stays the caller's.

    Args:
        descriptors: how many may arrive with one read.

    Attributes:
        arrived: descriptors that came and nobody has taken, oldest first; whoever takes one owns it.
        cut: whether descriptors were lost, since there were more than that.
    """

    def __init__(self, sock: socket.socket, descriptors: int) -> None:
        self.arrived: deque[int] = deque()
        self.cut = False
        self._socket = sock
        self._buffer = bytearray(_SIZE)
        self._view = memoryview(self._buffer)
        self._ancillary = socket.CMSG_SPACE(descriptors * _INT)

    def receive(self, flags: int = 0) -> bytes:
        """What has arrived, in order; empty at the end of the stream.

        Args:
            flags: of `recvmsg`.

        Raises:
            BlockingIOError: nothing has arrived, and the caller does not want to wait.
            OSError: the connection is broken.
        """
        size, ancillary, got, _ = self._socket.recvmsg_into((self._view,), self._ancillary, flags | _CLOSE_ON_EXEC)
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                whole = len(content) // _INT * _INT
                self.arrived.extend(memoryview(content[:whole]).cast("i"))
        if got & _CUT:
            self.cut = True
        return bytes(self._view[:size])

    def close(self) -> None:
        """Closes the descriptors that nobody took."""
        while self.arrived:
            os.close(self.arrived.popleft())

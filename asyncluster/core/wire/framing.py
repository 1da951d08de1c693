"""Frames on a byte stream, sans-IO: bytes in, bodies out, and back.

A frame is a big-endian uint32, the length of the body, and the body. Nothing else travels on any of our stream
links: node and master, client and master, node daemon and worker, greeter and node daemon. What a body means is
`messages`' business (before the login of a node: `login`'s).

A peer that announces more than it may is refused before a byte of the body is kept, so a reader never holds more
than one largest frame and one read.
"""

from __future__ import annotations

import struct

from asyncluster.core.errors import ProtocolError

_LENGTH = struct.Struct("!I")
HEADER_SIZE = _LENGTH.size


def frame(body: bytes | memoryview) -> bytes:
    """The frame that carries `body`."""
    return _LENGTH.pack(len(body)) + body


class FrameReader:
    """Cuts a byte stream into the bodies of its frames.

    Args:
        max_frame: the largest body that is accepted, in bytes. It may be changed at any time, as a login does
            when it is over; it counts for frames whose header has not been read yet.
    """

    def __init__(self, max_frame: int) -> None:
        self.max_frame = max_frame
        self._rest = bytearray()
        self._wanted = HEADER_SIZE  # bytes that must be there before looking again

    @property
    def buffered(self) -> int:
        """Bytes of a frame that is not complete yet."""
        return len(self._rest)

    def receive(self, data: bytes) -> list[memoryview]:
        """Takes what arrived and returns the bodies that are complete now, in order.

        The views stay valid: each read has a buffer of its own.

        Raises:
            ProtocolError: a frame is longer than `max_frame`. The stream is useless from here on.
        """
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return []
            data, self._rest = bytes(self._rest), bytearray()
        view = memoryview(data)
        bodies = []
        start, size = 0, len(data)
        while True:
            body_start = start + HEADER_SIZE
            if body_start > size:
                self._wanted = HEADER_SIZE
                break
            (length,) = _LENGTH.unpack_from(view, start)
            if length > self.max_frame:
                raise ProtocolError(f"A frame of {length} bytes is over the limit of {self.max_frame}.")
            end = body_start + length
            if end > size:
                self._wanted = HEADER_SIZE + length
                break
            bodies.append(view[body_start:end])
            start = end
        if start < size:
            self._rest += view[start:]
        return bodies

"""What C code and child processes of a worker write to descriptors 1 and 2: pipes that the node daemon reads.

The text goes to the master like that of `print`, bounded for each call; the last of it is kept for the case that
the worker dies.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from asyncluster.ndm.worker.capture import BUDGET, CUT

Stream: TypeAlias = Literal["out", "err"]

_READ_SIZE = 64 * 1024
_TAIL = 4096
_TAIL_LINES = 20


class Tail:
    """The last lines of a text that is written piece by piece."""

    def __init__(self) -> None:
        self._text = ""

    def add(self, text: str) -> None:
        self._text = (self._text + text)[-_TAIL:]

    def __str__(self) -> str:
        return "\n".join(self._text.splitlines()[-_TAIL_LINES:])


class Meter:
    """How much of its output a worker may still send, call by call."""

    def __init__(self) -> None:
        self._call = -1
        self._left = BUDGET

    def admit(self, call: int, text: str) -> str:
        """As much of the text as is within the call's budget, and once a mark where that was spent."""
        if call != self._call:
            self._call, self._left = call, BUDGET
        if self._left < 0:
            return ""
        room, self._left = self._left, self._left - len(text)
        return text if self._left >= 0 else text[:room] + CUT


@implementer(IReadDescriptor)
class OutputPipe:
    """The reading end of one of the pipes, which it owns.

    Args:
        reactor: Twisted's.
        fd: the descriptor.
        wrote: hears (stream, text).
    """

    def __init__(self, reactor: Any, fd: int, stream: Stream, wrote: Callable[[Stream, str], None]) -> None:
        os.set_blocking(fd, False)
        self._reactor = reactor
        self._fd = fd
        self._stream: Stream = stream
        self._wrote = wrote
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        reactor.addReader(self)

    def drain(self) -> None:
        """Reads what is in the pipe, but not what somebody may go on writing into it."""
        for _ in range(32):
            if not self._read():
                break

    def close(self) -> None:
        """Hears nothing more."""
        if self._fd >= 0:
            self._reactor.removeReader(self)
            os.close(self._fd)
            self._fd = -1

    def fileno(self) -> int:
        return self._fd

    def logPrefix(self) -> str:
        return "output"

    def doRead(self) -> None:
        if not self._read() and self._fd >= 0:
            self._reactor.removeReader(self)

    def connectionLost(self, reason: object) -> None:
        """Nobody has the other end any more, or the reactor stops."""
        self.close()

    def _read(self) -> bool:
        """Reads once; False at the end, or if there is nothing."""
        if self._fd < 0:
            return False
        try:
            data = os.read(self._fd, _READ_SIZE)
        except BlockingIOError:
            return False
        if data:
            self._wrote(self._stream, self._decoder.decode(data))
        return bool(data)

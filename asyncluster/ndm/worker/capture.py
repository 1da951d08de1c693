"""What calls print: `sys.stdout` and `sys.stderr` of a worker.

Text goes out line by line, with the call that printed it, so that it can be followed live; a line of a call that prints
without end is worth no more than the others, so each call has a budget. What C code and child processes write
does not come here but goes to descriptors 1 and 2, pipes that the node daemon reads.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import Literal, TypeAlias

Stream: TypeAlias = Literal["out", "err"]

#: Characters that one call may print to one stream.
BUDGET = 1024 * 1024
#: What stands where it was spent.
CUT = "\n... (more was printed, but not kept)\n"
_PIECE = 8192


class Capture(io.TextIOBase):
    """A text stream that sends what is written to it.

    Args:
        send: called with (stream, text) for one or more whole lines, and pieces of very long ones.
        descriptor: where the text goes in a process that a call has forked.
    """

    def __init__(self, stream: Stream, send: Callable[[Stream, str], None], descriptor: int) -> None:
        self._stream: Stream = stream
        self._send = send
        self._descriptor = descriptor
        self._line = ""
        self._left = BUDGET
        self._pid = os.getpid()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if os.getpid() != self._pid:
            os.write(self._descriptor, text.encode("utf-8", "backslashreplace"))
        else:
            self._line += text
            if "\n" in text or len(self._line) >= _PIECE:
                whole, newline, self._line = self._line.rpartition("\n")
                self._spend(whole + newline)
                if len(self._line) >= _PIECE:
                    self.flush()
        return len(text)

    def flush(self) -> None:
        """Sends a line that has not ended yet."""
        line, self._line = self._line, ""
        self._spend(line)

    def next_call(self) -> None:
        """What is written from now on is another call's."""
        if self._line:
            self.flush()
        self._left = BUDGET

    def _spend(self, text: str) -> None:
        if self._left <= 0 or not text:
            return
        if len(text) > self._left:
            text = text[: self._left] + CUT
            self._left = 0
        else:
            self._left -= len(text)
        text = text.encode("utf-8", "backslashreplace").decode()  # lone surrogates do not travel
        for start in range(0, len(text), _PIECE):
            self._send(self._stream, text[start : start + _PIECE])

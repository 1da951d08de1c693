"""What jobs printed: the beginning and the end of it, for `job logs`.

A job that prints without end costs a bounded amount of memory, and so does any number of jobs that have ended.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

HEAD = 256 * 1024
TAIL = 768 * 1024
JOBS = 64  # whose output is kept


@dataclass(frozen=True, slots=True)
class Line:
    """A piece of output, as it came.

    Attributes:
        call: number of the call that printed it, 0 outside of any call.
        stream: "out" or "err".
        node: where.
    """

    call: int
    stream: str
    node: str
    text: str


class _Log:
    def __init__(self) -> None:
        self.head: list[Line] = []
        self.tail: deque[Line] = deque()
        self.head_size = 0
        self.tail_size = 0
        self.dropped = 0

    def add(self, line: Line) -> None:
        size = len(line.text) + 64  # the text is not all that a line takes
        if self.head_size + size <= HEAD and not self.tail:
            self.head.append(line)
            self.head_size += size
            return
        self.tail.append(line)
        self.tail_size += size
        while self.tail_size > TAIL:
            gone = self.tail.popleft()
            self.tail_size -= len(gone.text) + 64
            self.dropped += len(gone.text)


class JobLogs:
    """The output of the jobs that printed last."""

    def __init__(self) -> None:
        self._logs: OrderedDict[int, _Log] = OrderedDict()

    def add(self, job: int, line: Line) -> None:
        """Keeps a piece of output."""
        log = self._logs.get(job)
        if log is None:
            log = self._logs[job] = _Log()
            if len(self._logs) > JOBS:
                self._logs.popitem(last=False)
        self._logs.move_to_end(job)
        log.add(line)

    def read(self, job: int, call: int | None = None) -> tuple[list[Line], int]:
        """The output of a job, or of one of its calls, and how many characters of the job's had to be left out."""
        log = self._logs.get(job)
        if log is None:
            return [], 0
        lines = [line for part in (log.head, log.tail) for line in part if call in (None, line.call)]
        return lines, log.dropped

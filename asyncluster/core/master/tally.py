"""What became of calls, counted for people who look: by node, by day, and by the words of a failure."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from asyncluster.core.wire import messages as m

_KINDS_OF_WORDS = 1000  # different failures of one job that are told apart


class Tally:
    """Counts messages as they pass.

    Args:
        today: names the local day; the counts of a day end with it.

    Attributes:
        finished: messages' rows with a result, by node; a chunk is one.
        finished_today, failed_today, sent_back_today: rows of all nodes since midnight.
        failed, sent_back: rows since the master started, by kind of failure and in all.
        failures: of jobs, by key: how often which kind of failure said what in its first line.
    """

    def __init__(self, today: Callable[[], str] = lambda: time.strftime("%F")) -> None:
        self._today = today
        self._day = today()
        self.finished: Counter[str] = Counter()
        self.finished_today = 0
        self.failed_today = 0
        self.sent_back_today = 0
        self.failed: Counter[str] = Counter()
        self.sent_back = 0
        self.failures: dict[int, Counter[tuple[str, str]]] = {}

    def from_node(self, node: str, message: m.Message) -> None:
        """A node says something."""
        if isinstance(message, m.Done):
            self._finished(node, len(message.rows))
        elif isinstance(message, m.DoneLarge):
            self._finished(node, 1)
        elif isinstance(message, m.Returned):
            self._turn_page()
            self.sent_back_today += len(message.calls)
            self.sent_back += len(message.calls)

    def to_client(self, message: m.Message) -> None:
        """A client is told something."""
        if isinstance(message, m.Failed) and message.failure.kind != "split":
            self._turn_page()
            self.failed_today += len(message.calls)
            self.failed[message.failure.kind] += len(message.calls)
            counts = self.failures.setdefault(message.job, Counter())
            words = (message.failure.kind, message.failure.message.partition("\n")[0][:200])
            if len(counts) < _KINDS_OF_WORDS or words in counts:
                counts[words] += len(message.calls)

    def job_closed(self, job: int) -> None:
        """Nobody asks for the failures of a job for long after its end."""
        while len(self.failures) > 100:
            del self.failures[next(iter(self.failures))]

    def _finished(self, node: str, rows: int) -> None:
        self._turn_page()
        self.finished[node] += rows
        self.finished_today += rows

    def _turn_page(self) -> None:
        day = self._today()
        if day != self._day:
            self._day = day
            self.finished_today = self.failed_today = self.sent_back_today = 0

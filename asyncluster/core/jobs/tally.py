"""Counts what became of a job's calls."""

from __future__ import annotations

from asyncluster.core.jobs.records import Counters

_BUCKETS = 54  # durations are below 2**53 microseconds


class Tally:
    """The running counts behind `Counters`; the dispatcher's hot loops write to it directly."""

    __slots__ = ("busy_micros", "done", "durations", "failed", "raised", "stale")

    def __init__(self) -> None:
        self.done = 0
        self.raised = 0
        self.stale = 0
        self.busy_micros = 0
        self.failed: dict[str, int] = {}
        self.durations = [0] * _BUCKETS

    def fail(self, kind: str, units: int) -> None:
        self.failed[kind] = self.failed.get(kind, 0) + units

    def counters(self) -> Counters:
        used = max((i + 1 for i, n in enumerate(self.durations) if n), default=0)
        return Counters(
            done=self.done,
            raised=self.raised,
            failed=dict(self.failed),
            busy=self.busy_micros / 1e6,
            durations=tuple(self.durations[:used]),
            stale=self.stale,
        )

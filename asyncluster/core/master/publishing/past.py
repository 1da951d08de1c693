"""What a node has done in the last hour: calls finished, and what its cores were busy with."""

from __future__ import annotations

from collections import deque

from asyncluster.core.jobs.records import NodeRecord

#: Seconds between two samples of finished calls; a rate is over `RATE_SAMPLES` of them.
RATE_SECONDS = 5
RATE_SAMPLES = 5

#: Seconds between two samples of the load, and how many are kept: an hour.
LOAD_SECONDS = 30
LOAD_SAMPLES = 120


class Past:
    """The samples of one node."""

    def __init__(self) -> None:
        self._totals: deque[int] = deque(maxlen=RATE_SAMPLES)
        self.ours: deque[int] = deque(maxlen=LOAD_SAMPLES)
        self.others: deque[int] = deque(maxlen=LOAD_SAMPLES)

    def finished(self, total: int) -> None:
        """To be told every `RATE_SECONDS` how many calls have been finished in all."""
        self._totals.append(total)

    @property
    def rate(self) -> float:
        """Finished calls per minute, over the last seconds."""
        if len(self._totals) < 2:
            return 0.0
        return round((self._totals[-1] - self._totals[0]) * 60 / RATE_SECONDS / (len(self._totals) - 1), 1)

    def load(self, record: NodeRecord) -> None:
        """To be told every `LOAD_SECONDS` how the node is; percent of all its cores are kept."""
        cores = record.telemetry.cores if record.telemetry is not None and record.state != "lost" else ()
        share = 100 / (len(cores) or 1)
        self.ours.append(round(share * sum(core.ours for core in cores)))
        self.others.append(round(share * sum(core.others for core in cores)))

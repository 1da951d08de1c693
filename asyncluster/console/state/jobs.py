"""What is said about a job and its calls, without Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from asyncluster.console.state import words
from asyncluster.console.state.query import Field
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import JobRow

_BADGES: dict[str, State | str] = {
    "running": State.COMPUTING,
    "waiting": State.IDLE,
    "idle": State.IDLE,
    "opening": State.IDLE,
    "done": "check",
    "cancelled": State.OFFLINE,
    "abandoned": State.OFFLINE,
    "broken": State.ERROR,
}
_ORDER = ("running", "waiting", "idle", "opening", "broken", "cancelled", "abandoned", "done")


def badge_of(job: JobRow) -> State | str:
    """The badge beside its state; finishing is drawn as draining, since nothing more will be handed out."""
    return State.DRAINING if is_finishing(job) else _BADGES[job.state]


def word_of(job: JobRow) -> str:
    """Its state as people say it."""
    return "Finishing" if is_finishing(job) else words.JOB_WORDS[job.state]


def is_finishing(job: JobRow) -> bool:
    """Whether all that is left of it runs already."""
    return job.state == "running" and job.queued == 0 and job.running > 0


def order_of(job: JobRow) -> tuple[int, int]:
    """Sorts by what needs attention: running ones first, those that are over last, the newest of each first."""
    return _ORDER.index(job.state), -job.number


def to_go(job: JobRow, now: float, zone: tzinfo | None) -> str:
    """How long until it is done, or since when it is."""
    if job.finished is not None:
        return words.moment(job.finished, now, zone)
    if job.ends is not None:
        return words.length(max(0.0, job.ends - now))
    return {"waiting": "waits", "idle": words.DASH, "opening": "opens"}.get(job.state, words.DASH)


def fields(now: Callable[[], float]) -> dict[str, Field[JobRow]]:
    """What a search can ask about jobs."""
    return {
        "number": Field(lambda job: str(job.number)),
        "name": Field(lambda job: job.name),
        "state": Field(word_of),
        "owner": Field(lambda job: job.owner),
        "note": Field(lambda job: job.note),
        "nice": Field(lambda job: job.niceness),
        "calls": Field(lambda job: job.submitted),
        "done": Field(lambda job: job.done),
        "failed": Field(lambda job: job.failed),
        "running": Field(lambda job: job.running),
        "queued": Field(lambda job: job.queued),
        "rate": Field(lambda job: job.rate),
        "cores": Field(lambda job: job.workers),
        "left": Field(lambda job: None if job.ends is None else max(0.0, job.ends - now()), seconds=True),
        "age": Field(lambda job: now() - job.created, seconds=True),
    }


@dataclass(frozen=True)
class Spread:
    """How long calls take: the part of the log-scale histogram that has something in it.

    Attributes:
        first: element 0 of `counts` is the number of calls below 2**first microseconds.
        median, most: microseconds; half of the calls took less than the one, 95 % less than the other.
    """

    first: int
    counts: tuple[int, ...]
    median: float
    most: float


def spread_of(durations: Sequence[int]) -> Spread | None:
    """The histogram of a job's calls; None without any."""
    filled = [place for place, count in enumerate(durations) if count]
    if not filled:
        return None
    first, last = max(0, filled[0] - 1), min(len(durations), filled[-1] + 2)
    return Spread(first, tuple(durations[first:last]), quantile(durations, 0.5), quantile(durations, 0.95))


def quantile(durations: Sequence[int], share: float) -> float:
    """Microseconds below which this share of the calls stayed; within a bucket they are taken as evenly spread."""
    wanted = share * sum(durations)
    seen = 0.0
    for place, count in enumerate(durations):
        if count and seen + count >= wanted:
            low = 2.0 ** (place - 1) if place else 0.0
            return low + (2.0**place - low) * (wanted - seen) / count
        seen += count
    return 0.0

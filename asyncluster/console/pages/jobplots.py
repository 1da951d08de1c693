"""What the two plots of a job show: bars, ticks and words from its details."""

from __future__ import annotations

from datetime import tzinfo
from math import log2

from asyncluster.console.parts.bars import Bars, Mark
from asyncluster.console.state import words
from asyncluster.console.state.jobs import Spread
from asyncluster.core.wire.feed import JobDetail

_RECENT = 300  # seconds
_RECENT_BAR = 5
_MOST_BARS = 72


def throughput(detail: JobDetail, now: float, zone: tzinfo | None, *, whole: bool) -> tuple[Bars, str]:
    """Calls per minute: over the job's whole life, or over the last five minutes. The second is the title."""
    last = f"{words.thousands(sum(detail.throughput[-60:]))} now" if detail.throughput else ""
    if whole and detail.minutes:
        width = max(1, -(-len(detail.minutes) // _MOST_BARS))
        values = [total / width for total in _joined(detail.minutes, width)]
        return _bars(values, width * 60, now, zone, last), f"Calls per minute, {words.length(width * 60)} a bar"
    seconds = [0] * (_RECENT - len(detail.throughput)) + detail.throughput
    values = [total * 60 / _RECENT_BAR for total in _joined(seconds, _RECENT_BAR)]
    bars = _bars(values, _RECENT_BAR, now, zone, last)
    minutes = [(place, f"{(len(values) - place) * _RECENT_BAR // 60} min ago") for place in range(12, len(values), 12)]
    return Bars(bars.values, minutes, (), last, bars.explain), f"Calls per minute, {_RECENT_BAR} s a bar"


def _bars(values: list[float], seconds: int, now: float, zone: tzinfo | None, last: str) -> Bars:
    """Bars that end now, each so many seconds wide."""
    count = len(values)

    def instant(place: float) -> float:
        return now - (count - place) * seconds

    def explain(place: int) -> str:
        return f"{words.clock(instant(place), zone)}: {words.thousands(values[place])} calls per minute"

    step = max(1, count // 5)
    ticks = [(place, words.clock(instant(place), zone)) for place in range(step, count, step)]
    return Bars(values, ticks, (), last, explain)


def _joined(values: list[int], width: int) -> list[int]:
    """Sums of `width` values each; the newest are at the end and complete."""
    start = len(values) % width
    return [sum(values[place : place + width]) for place in range(start, len(values), width)]


def durations(spread: Spread | None) -> Bars:
    """How long calls take: each bar is twice as long as the one before it."""
    if spread is None:
        return Bars()

    def place_of(micros: float) -> float:
        return log2(max(micros, 1.0)) - spread.first + 1

    def explain(place: int) -> str:
        low, high = 2.0 ** (spread.first + place - 1), 2.0 ** (spread.first + place)
        said = f"{words.duration_of_call(low)} to {words.duration_of_call(high)}"
        return f"{said}: {words.thousands(spread.counts[place])} calls"

    step = max(1, len(spread.counts) // 6)
    ticks = [
        (place + 1, words.duration_of_call(2.0 ** (spread.first + place)))
        for place in range(0, len(spread.counts), step)
    ]
    marks = [
        Mark(place_of(spread.median), f"median {words.duration_of_call(spread.median)}"),
        Mark(place_of(spread.most), f"95 % under {words.duration_of_call(spread.most)}"),
    ]
    return Bars(spread.counts, ticks, marks, "", explain, joined=True)

"""What the two plots of a job show: bars, ticks and words from its details."""

from __future__ import annotations

from dataclasses import replace
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
        values, failed = ([n / width for n in _joined(of, width)] for of in (detail.minutes, detail.failing_minutes))
        return _bars(values, failed, width * 60, now, zone, last), f"Calls per minute, {words.length(width * 60)} a bar"
    values, failed = (
        [total * 60 / _RECENT_BAR for total in _joined([0] * (_RECENT - len(of)) + of, _RECENT_BAR)]
        for of in (detail.throughput, detail.failing)
    )
    bars = _bars(values, failed, _RECENT_BAR, now, zone, last)
    minutes = [(place, f"{(len(values) - place) * _RECENT_BAR // 60} min ago") for place in range(12, len(values), 12)]
    return replace(bars, ticks=minutes), f"Calls per minute, {_RECENT_BAR} s a bar"


def _bars(values: list[float], failed: list[float], seconds: int, now: float, zone: tzinfo | None, last: str) -> Bars:
    """Bars that end now, each so many seconds wide."""
    count = len(values)

    def instant(place: float) -> float:
        return now - (count - place) * seconds

    def explain(place: int) -> str:
        said = f"{words.clock(instant(place), zone)}: {words.thousands(values[place])} calls per minute"
        return f"{said}, {words.thousands(failed[place])} of them failed" if failed and failed[place] else said

    step = max(1, count // 5)
    ticks = [(place, words.clock(instant(place), zone)) for place in range(step, count, step)]
    return Bars(values, ticks, (), last, explain, failed=failed)


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

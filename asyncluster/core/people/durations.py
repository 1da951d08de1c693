"""Lengths of time in words: "1h 30min" to seconds and back."""

from __future__ import annotations

import re

from asyncluster.core.errors import UsageError
from asyncluster.core.people.names import DAY, HOUR

_UNITS = {"h": HOUR, "hour": HOUR, "hours": HOUR, "m": 60, "min": 60, "minute": 60, "minutes": 60}
_UNITS |= {"s": 1, "sec": 1, "second": 1, "seconds": 1}
_PART = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*([a-z]+)\s*")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-5][0-9])")


def duration(text: str, *, most: int = DAY) -> int:
    """Seconds of a length like `15min`, `1h30m`, `1.5 h`, `90 s` or `1:30` (hours and minutes).

    Raises:
        UsageError: another form, nothing at all, or more than `most` seconds.
    """
    seconds = _seconds(text.strip().lower())
    if seconds is None or not 1 <= seconds <= most:
        raise UsageError(
            f"{text[:40]!r} is no length of time up to {in_words(most)}: write it like 15min, 1h30min or 1:30."
        )
    return seconds


def _seconds(text: str) -> int | None:
    if clock := _CLOCK.fullmatch(text):
        return int(clock[1]) * HOUR + int(clock[2]) * 60
    total, place = 0.0, 0
    while part := _PART.match(text, place):
        if part[2] not in _UNITS:
            return None
        total += float(part[1]) * _UNITS[part[2]]
        place = part.end()
    return round(total) if text and place == len(text) else None


def in_words(seconds: int) -> str:
    """A length as people say it: "2 hours", "1 h 30 min", "45 minutes", "8 s"."""
    hours, rest = divmod(seconds, HOUR)
    minutes, left = divmod(rest, 60)
    if left and not hours:
        return f"{minutes} min {left} s" if minutes else f"{left} s"
    if hours and minutes:
        return f"{hours} h {minutes} min"
    if hours:
        return "1 hour" if hours == 1 else f"{hours} hours"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"

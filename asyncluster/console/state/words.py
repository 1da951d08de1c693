"""Numbers and times as the window says them. Instants are seconds since 1970; zones are the master's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

from asyncluster.core.wire.feed import NodeState

DASH = "\u2013"
_THIN = "\u2009"

STATE_WORDS: dict[NodeState, str] = {
    "in_use": "In use",
    "idle": "Idle",
    "computing": "Computing",
    "suspended": "Suspended",
    "draining": "Draining",
    "offline": "Offline",
    "error": "Error",
}

JOB_WORDS = {
    "opening": "Opening",
    "idle": "No calls",
    "waiting": "Queued",
    "running": "Running",
    "done": "Done",
    "cancelled": "Cancelled",
    "broken": "Broken",
    "abandoned": "Abandoned",
}


def thousands(number: float) -> str:
    """112870 as "112 870", with thin spaces."""
    return f"{number:,.0f}".replace(",", _THIN)


def hours(seconds: float) -> str:
    """A length as hours and minutes, "1:42"; what is less than a minute counts as one if it is not nothing."""
    minutes = int(seconds // 60) if seconds >= 60 else int(seconds > 0)
    return f"{minutes // 60}:{minutes % 60:02}"


def left(seconds: float | None) -> str:
    """Time left, "1:42 left"."""
    if seconds is None:
        return "No limit"
    return "none left" if seconds <= 0 else f"{hours(seconds)} left"


def length(seconds: float) -> str:
    """A rough length: "8 s", "17 min", "2 h 08", "3 d 4 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // 1440} d {minutes % 1440 // 60} h"


def duration_of_call(micros: float) -> str:
    """How long a call takes: "3 µs", "20 ms", "6.9 s", "2 min"."""
    if micros < 1000:
        return f"{micros:.0f} µs"
    if micros < 1e6:
        return f"{_short(micros / 1e3)} ms"
    if micros < 100e6:
        return f"{_short(micros / 1e6)} s"
    return length(micros / 1e6)


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def per_minute(rate: float) -> str:
    """A rate of calls: "412 /min", "9.6 /min"."""
    number = thousands(rate) if rate >= 10 or rate == 0 else f"{rate:.1f}"
    return f"{number}{_THIN}/min"


def size(count: float) -> str:
    """Bytes: "7.4 GB", "512 MB"."""
    if count >= 1e9:
        return f"{count / 1e9:.1f} GB"
    return f"{count / 1e6:.0f} MB"


def percent(share: float) -> str:
    """0.8 as "80 %"."""
    return f"{100 * share:.0f}{_THIN}%"


def clock(instant: float, zone: tzinfo | None) -> str:
    """The time of day, "14:18"."""
    return datetime.fromtimestamp(instant, zone).strftime("%H:%M")


def moment(instant: float, now: float, zone: tzinfo | None) -> str:
    """The time of day, with the date if that is not today's: "11:52", "Mon 23 Nov 11:52"."""
    then, today = datetime.fromtimestamp(instant, zone), datetime.fromtimestamp(now, zone)
    if then.date() == today.date():
        return then.strftime("%H:%M")
    return f"{day(then)} {then:%H:%M}"


def day(moment: date) -> str:
    """A date, "Mon 23 Nov"."""
    return f"{moment:%a} {moment.day} {moment:%b}"


def day_of(day: date) -> str:
    """A date with its year, "Fri 4 Dec 2026"."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def minute_of_day(seconds: int) -> str:
    """Seconds since midnight as "09:00"; the end of a day is "24:00"."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def spans(pairs: Sequence[tuple[int, int]]) -> str:
    """Openings of a day, 09:00 to 12:30, 13:30 to 18:00, with dashes, or "Closed"."""
    return ", ".join(f"{minute_of_day(start)}{DASH}{minute_of_day(end)}" for start, end in pairs) or "Closed"


def sum_of_hours(seconds: float) -> str:
    """A day's sum, "9 h", "7 h 30"."""
    minutes = round(seconds / 60)
    return f"{minutes // 60} h" + (f" {minutes % 60:02}" if minutes % 60 else "")


def names(items: Sequence[str], most: int = 5) -> str:
    """A list in a sentence: "pc01, pc02 and pc03", "pc01, pc02 and 7 more"."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def counted(number: int, one: str, many: str) -> str:
    """ "1 node", "24 nodes"."""
    return f"{thousands(number)} {one if number == 1 else many}"

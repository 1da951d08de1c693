"""The accepted forms of what an operator types: account names, hours, days, dates and times of day.

Every function raises `UsageError` with the accepted form for what it does not accept.
"""

from __future__ import annotations

import math
import re
from datetime import date, datetime, tzinfo

from asyncluster.core.errors import UsageError

HOUR = 3600
DAY = 24 * HOUR
WEEK_HOURS = 168
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SHORT_WEEKDAYS = tuple(name[:3].lower() for name in WEEKDAYS)
# Room for time zones on both sides of what date and time functions can do.
FIRST_DATE, LAST_DATE = date(1970, 1, 2), date(9998, 12, 30)

_NAME = re.compile(r"[a-z_][a-z0-9_.-]{0,31}")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")


def is_account_name(text: str) -> bool:
    """Can this be the name of an account?"""
    return _NAME.fullmatch(text) is not None


def account_name(text: str) -> str:
    """A name as Unix accounts have it."""
    if not is_account_name(text):
        raise UsageError(
            f"{text[:40]!r} is no name for an account: use up to 32 small letters, digits, '.', '_' and '-', "
            "beginning with a letter or '_'."
        )
    return text


def quota(hours: float | None, *, most: int) -> int | None:
    """Seconds of a quota of so many hours, None for no limit; `most` is 24 for a day and 168 for a week."""
    if hours is None:
        return None
    if not (math.isfinite(hours) and 0 <= hours <= most):
        raise UsageError(f"{hours} is no number of hours between 0 and {most}.")
    return round(hours * HOUR)


def weekday(text: str) -> int:
    """A day of the week, 0 = Monday; `mon`, `Monday` and `0` are the same."""
    word = text.strip().lower()
    if word in ("0", "1", "2", "3", "4", "5", "6"):
        return int(word)
    for number, name in enumerate(WEEKDAYS):
        if word in (name.lower(), name[:3].lower()):
            return number
    raise UsageError(f"{text[:40]!r} is no day of the week: use mon, tue, wed, thu, fri, sat or sun (or 0 to 6).")


def day_second(text: str, *, end: bool = False) -> int:
    """A time of day as seconds since midnight; 24:00 is accepted where something ends."""
    match = _TIME.fullmatch(text.strip())
    if match:
        hours, minutes = int(match[1]), int(match[2])
        if (hours < 24 and minutes < 60) or (end and (hours, minutes) == (24, 0)):
            return hours * HOUR + minutes * 60
    raise UsageError(f"{text[:40]!r} is no time of day: use HH:MM from 00:00 to {'24:00' if end else '23:59'}.")


def day_span(start: str, end: str) -> tuple[int, int]:
    """The beginning and end of an opening, within one day."""
    first, last = day_second(start), day_second(end, end=True)
    if first >= last:
        raise UsageError(
            f"An opening from {start} to {end} would not end on the day on which it begins. "
            f"Enter two: {start} to 24:00 on that day, and 00:00 to {end} on the next."
            if first > last > 0
            else f"An opening from {start} to {end} has no length; for the end of the day write 24:00."
        )
    return first, last


def local_date(text: str) -> date:
    """A date like 2026-12-24."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        day = None
    if day is None or not FIRST_DATE <= day <= LAST_DATE:
        raise UsageError(f"{text[:40]!r} is no date: use YYYY-MM-DD.")
    return day


def moment(text: str, zone: tzinfo) -> int:
    """An instant: a date and time in `zone`, like "2006-07-23 19:00", or with an offset of its own."""
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        when = None
    if when is None or not FIRST_DATE <= when.date() <= LAST_DATE:
        raise UsageError(f'{text[:40]!r} is no time: use "YYYY-MM-DD HH:MM".')
    return int((when if when.tzinfo else when.replace(tzinfo=zone)).timestamp())


def clock_time(second: int) -> str:
    """Seconds since midnight as HH:MM, or HH:MM:SS where that is needed."""
    hours, rest = divmod(second, HOUR)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")

"""The words of every refusal and of every end of a session: why, and what happens next.

Wrong name, wrong password and disabled account share one text until the password is right.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from asyncluster.core.people.budget import Account, Limit, Verdict
from asyncluster.core.people.calendar import ONE_DAY, Calendar
from asyncluster.core.people.durations import in_words
from asyncluster.core.people.ends import End
from asyncluster.core.people.names import WEEKDAYS

WRONG = "The name or the password is wrong."
DISABLED = "This account is disabled. Ask the operator."
BUSY = "Many people are logging in. Try again in a moment."
OUT_OF_ORDER = "The master cannot check this now. Try again in a moment, or ask the operator."


_END_WORDS = {
    End.TIME: "Your time is up.",
    End.ELSEWHERE: "You have logged in on another computer, so this session ends.",
    End.KICKED: "The operator ends this session.",
    End.DISABLED: "Your account was disabled, so this session ends.",
    End.DELETED: "Your account was deleted, so this session ends.",
}


def end_words(reason: End) -> str:
    """What a person reads whose session the master ends."""
    return _END_WORDS.get(reason, "This session has ended.")


def wait_words(seconds: float) -> str:
    """What a person reads who guesses too fast."""
    return f"Wait {in_words(max(1, math.ceil(seconds)))} after wrong passwords."


def held(node: str, until: int, calendar: Calendar, now: int) -> str:
    """What a person reads whose earlier session may still go on, on a node that cannot be asked."""
    return (
        f"You are still logged in on {node}, which does not answer; your time is kept for it until "
        f"{when_words(until, calendar, now)}. Ask the operator."
    )


def refusal(account: Account, verdict: Verdict, calendar: Calendar, now: int) -> str:
    """Why `verdict` refuses, and when there is time again."""
    match verdict.limit:
        case Limit.DISABLED:
            return DISABLED
        case Limit.OPENING:
            return _closed(verdict, calendar, now)
        case Limit.DAILY:
            return _used_up(account.daily or 0, "today", "a day", verdict, calendar, now)
        case Limit.WEEKLY:
            return _used_up(account.weekly or 0, "this week", "a week", verdict, calendar, now)
        case None:
            raise ValueError("nothing refuses this")


def _closed(verdict: Verdict, calendar: Calendar, now: int) -> str:
    if verdict.opens is None:
        return "Closed now; no opening is planned."
    text = f"Closed now; opens {when_words(verdict.opens, calendar, now)}."
    if verdict.next == verdict.opens:
        return text
    return f"{text} {_next_words(verdict, calendar, now)}"


def _used_up(quota: int, now_words: str, of: str, verdict: Verdict, calendar: Calendar, now: int) -> str:
    if quota == 0:
        return f"You have no hours {of}. Ask the operator."
    are = "is" if quota in (3600, 60) else "are"
    text = f"Your {in_words(quota)} for {now_words} {are} used up."
    return f"{text} {_next_words(verdict, calendar, now)}"


def _next_words(verdict: Verdict, calendar: Calendar, now: int) -> str:
    if verdict.next is None:
        return "You have no time in any planned opening."
    return f"You have time again {when_words(verdict.next, calendar, now)}."


def when_words(instant: int, calendar: Calendar, now: int) -> str:
    """An instant after `now` as people say it: "today at 14:00", "on Monday at 09:00"."""
    today, day = calendar.day_of(now), calendar.day_of(instant)
    time = datetime.fromtimestamp(instant, calendar.zone).strftime("%H:%M")
    if day == today:
        return f"today at {time}"
    if day == today + ONE_DAY:
        return f"tomorrow at {time}"
    if day < today + timedelta(days=7):
        return f"on {WEEKDAYS[day.weekday()]} at {time}"
    return f"on {day.isoformat()} at {time}"


def hours_words(calendar: Calendar, now: int) -> str:
    """Today's openings as a greeter shows them: "Open today 09:00-12:00 and 14:00-18:00."."""
    today = calendar.day_of(now)
    spans = calendar.open_spans(today)
    if not spans:
        return "Closed today."
    midnight = calendar.day_start(today + ONE_DAY)

    def shown(instant: int) -> str:
        if instant == midnight:
            return "24:00"
        return datetime.fromtimestamp(instant, calendar.zone).strftime("%H:%M")

    words = [f"{shown(start)}-{shown(end)}" for start, end in spans]
    listed = ", ".join(words[:-1]) + (" and " if words[1:] else "") + words[-1]
    return f"Open today {listed}."

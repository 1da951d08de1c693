"""What the time bar says, in the language it speaks."""

from __future__ import annotations

from datetime import datetime

from PyQt6.QtCore import QCoreApplication

from asyncluster.core.qt.sentences import translated
from asyncluster.core.qt.walltime import wall_clock, zone_named
from asyncluster.ndm.timebar.model import Level, TimeModel

translate = QCoreApplication.translate


def headline(model: TimeModel, now: float) -> str:
    """The time that is left: "1:42 left" is hours and minutes, "14 min left", and at the end "0:47 left"."""
    left = model.left(now)
    if left is None:
        return translate("TimeBar", "No time limit")
    if model.level(now) is Level.LAST:
        text = minutes_and_seconds(left)
    elif left >= 3600:
        text = hours_and_minutes(left)
    else:
        text = f"{int(left // 60)} min" if left >= 60 else minutes_and_seconds(left)
    return translate("TimeBar", "{0} left").format(text)


def beside(model: TimeModel, now: float) -> str:
    """What stands beside the headline: the name, and while it warns the time of the end."""
    if model.ending is not None or model.level(now) is Level.CALM or model.state.until is None:
        return model.state.name
    return translate("TimeBar", "until {0}").format(time_of_day(model.state.until, model.state.zone))


def second_line(model: TimeModel, now: float) -> str:
    """What to do, at the last warnings; "" before."""
    if model.ending is not None:
        return " ".join(translated(model.ending.reason, "")).strip()
    match model.level(now):
        case Level.NOW:
            return translate("TimeBar", "Save your work now")
        case Level.LAST if model.state.until is not None:
            at = time_of_day(model.state.until, model.state.zone)
            return translate("TimeBar", "You will be logged out at {0}.").format(at)
        case Level.LAST:
            return translate("TimeBar", "You will be logged out.")
        case _:
            return ""


def details(model: TimeModel, now: float) -> list[tuple[str, str]]:
    """The rows that open under the bar: (what, how much)."""
    state = model.state
    rows = []
    if state.until is not None:
        rows.append((translate("TimeBar", "Ends"), time_of_day(state.until, state.zone)))
    rows.append((translate("TimeBar", "Used today"), _used(model.used_today(now), state.daily)))
    rows.append((translate("TimeBar", "Used this week"), _used(model.used_week(now), state.weekly)))
    if state.closes is not None:
        rows.append((translate("TimeBar", "Room closes"), time_of_day(state.closes, state.zone)))
    return rows


def _used(seconds: float, quota: float | None) -> str:
    if quota is None:
        return hours_and_minutes(seconds)
    return translate("TimeBar", "{0} of {1}").format(hours_and_minutes(seconds), hours_and_minutes(quota))


def time_of_day(instant: float, zone: str) -> str:
    """An instant on the room's clock: "16:00"."""
    moment: datetime = wall_clock(instant, zone_named(zone))
    return moment.strftime("%H:%M")


def hours_and_minutes(seconds: float) -> str:
    """ "2:18", seconds dropped."""
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


def minutes_and_seconds(seconds: float) -> str:
    """ "0:47", rounded up, so that "0:00" is the end."""
    whole = -int(-seconds // 1)
    return f"{whole // 60}:{whole % 60:02d}"

"""What the greeter says, in the language it speaks: sentences for each state of the model, the hours and the clock."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

import msgspec
from PyQt6.QtCore import QCoreApplication, QDate, QLocale

from asyncluster.core.qt.sentences import translated
from asyncluster.core.qt.walltime import wall_clock, zone_named
from asyncluster.core.wire.greeter import MasterState, Openings
from asyncluster.ndm.greeter.hours import Hours
from asyncluster.ndm.greeter.login import LoginModel, Phase

translate = QCoreApplication.translate


class Kind(Enum):
    """How a notice looks."""

    QUIET = "quiet"
    ERROR = "error"
    COUNTDOWN = "countdown"
    WARNING = "warning"


class Notice(msgspec.Struct, frozen=True):
    """What stands under the fields.

    Attributes:
        kind: how it looks.
        head: the first line; of a QUIET notice it is as quiet as the rest.
        text: the second line, or "".
        share: how much of a wait is over, 0 to 1; None: no bar.
    """

    kind: Kind
    head: str
    text: str = ""
    share: float | None = None


def notice(model: LoginModel, now: float, hint: str) -> Notice:
    """What to say about the login as it stands."""
    if model.phase is Phase.CHECKING:
        return Notice(Kind.QUIET, translate("Greeter", "Checking…"))
    if model.phase is Phase.ACCEPTED:
        return Notice(Kind.QUIET, translate("Greeter", "Welcome. Your session starts."))
    if model.refusal is not None:
        reason, advice = translated(model.refusal.reason, model.refusal.advice)
        countdown = model.countdown(now)
        if countdown is None:
            return Notice(Kind.ERROR, reason, advice)
        wait = translate("Greeter", "Wait {0}").format(clock_length(countdown.left))
        return Notice(Kind.COUNTDOWN, wait, reason, countdown.share)
    if model.master_away:
        return Notice(
            Kind.WARNING,
            translate("Greeter", "The master does not answer."),
            translate("Greeter", "Log in again when it is back."),
        )
    if model.unanswered:
        return Notice(Kind.ERROR, translate("Greeter", "No answer came."), translate("Greeter", "Please try again."))
    return Notice(Kind.QUIET, translate("Greeter", "Press Enter to log in."), hint)


def master_words(state: MasterState, openings: Openings | None) -> str:
    """Whether the master answers, as the corner of the screen says it."""
    if state.reachable:
        return translate("Greeter", "Master reachable")
    if state.since is None:
        return translate("Greeter", "Master not reachable")
    zone = zone_named(openings.zone if openings else "")
    since = wall_clock(state.since, zone).strftime("%H:%M")
    return translate("Greeter", "Master not reachable since {0}").format(since)


def hours_heading(hours: Hours) -> str:
    """Today's openings as a heading."""
    if not hours.spans:
        return translate("Greeter", "Closed today")
    spans = ", ".join(f"{clock_time(start)}\N{EN DASH}{clock_time(end)}" for start, end in hours.spans)
    return translate("Greeter", "Open today {0}").format(spans)


def hours_remark(hours: Hours, opens: float | None, now: float, openings: Openings) -> str:
    """When the room closes, or opens next."""
    if hours.closes_in is not None:
        return translate("Greeter", "Closes in {0}").format(length(hours.closes_in))
    if hours.opens_in is not None:
        return translate("Greeter", "Opens in {0}").format(length(hours.opens_in))
    if opens is None:
        return ""
    zone = zone_named(openings.zone)
    moment, today = wall_clock(opens, zone), wall_clock(now, zone)
    time = moment.strftime("%H:%M")
    days = (moment.date() - today.date()).days
    if days == 1:
        return translate("Greeter", "Opens tomorrow, {0}").format(time)
    if days < 7:
        return translate("Greeter", "Opens {0}, {1}").format(weekday(moment), time)
    return translate("Greeter", "Opens {0}, {1}").format(date(moment), time)


def date(moment: datetime) -> str:
    """The day in words: "Monday 23 November"."""
    form = translate("Greeter", "dddd d MMMM", "form of a date, as QLocale has it")
    return QLocale().toString(QDate(moment.year, moment.month, moment.day), form)


def weekday(moment: datetime) -> str:
    """The name of the day."""
    return QLocale().dayName(moment.isoweekday())


def clock_time(minute: int) -> str:
    """A minute of the day on a 24-hour clock; the end of a day is 24:00."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def clock_length(seconds: int) -> str:
    """A short wait that is being counted: "0:08"."""
    return f"{seconds // 60}:{seconds % 60:02d}"


def length(minutes: int) -> str:
    """A length of time: "3 h 42 min"."""
    whole, rest = divmod(minutes, 60)
    parts = [f"{whole} h"] * bool(whole) + [f"{rest} min"] * bool(rest or not whole)
    return " ".join(parts)

"""The words of master and node to people, in the person's language.

The master writes in English why somebody may not log in or why a session ends (`asyncluster.core.people.refusals`), and
so does the node (`asyncluster.ndm.session.accounts` and others): a reason, then perhaps what happens next. Here each
of their sentences is recognised by its form, its times and lengths are taken over, and the sentence is said again in
the language of the window. A sentence that nobody knows is shown as it came; a test says every one that there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QDate, QLocale

translate = QCoreApplication.translate

_TIME = r"\d\d:\d\d"
_WHEN = rf"(?P<when>today at {_TIME}|tomorrow at {_TIME}|on \w+ at {_TIME}|on \d{{4}}-\d\d-\d\d at {_TIME})"
_AMOUNT = r"(?P<amount>\d+ \w+(?: \d+ \w+)*)"

#: Forms of the sentences, and what is translated: {when}, {amount} and the like stand for what was recognised.
_FORMS: list[tuple[str, str]] = [
    (
        r"The name or the password is wrong\.",
        QT_TRANSLATE_NOOP("Master", "User ID or password is wrong."),
    ),
    (r"This account is disabled\.", QT_TRANSLATE_NOOP("Master", "This account is disabled.")),
    (r"Ask the operator\.", QT_TRANSLATE_NOOP("Master", "Ask the operator.")),
    (r"Many people are logging in\.", QT_TRANSLATE_NOOP("Master", "Many people are logging in.")),
    (r"Try again in a moment\.", QT_TRANSLATE_NOOP("Master", "Try again in a moment.")),
    (
        r"Try again in a moment, or ask the operator\.",
        QT_TRANSLATE_NOOP("Master", "Try again in a moment, or ask the operator."),
    ),
    (
        r"The master cannot check this now\.",
        QT_TRANSLATE_NOOP("Master", "The master cannot check this now."),
    ),
    (
        r"Closed now; no opening is planned\.",
        QT_TRANSLATE_NOOP("Master", "Closed now; no opening is planned."),
    ),
    (rf"Closed now; opens {_WHEN}\.", QT_TRANSLATE_NOOP("Master", "Closed now; opens {when}.")),
    (r"You have no hours a day\.", QT_TRANSLATE_NOOP("Master", "You have no hours a day.")),
    (r"You have no hours a week\.", QT_TRANSLATE_NOOP("Master", "You have no hours a week.")),
    (
        rf"Your {_AMOUNT} for today (?:is|are) used up\.",
        QT_TRANSLATE_NOOP("Master", "Your {amount} for today are used up."),
    ),
    (
        rf"Your {_AMOUNT} for this week (?:is|are) used up\.",
        QT_TRANSLATE_NOOP("Master", "Your {amount} for this week are used up."),
    ),
    (rf"You have time again {_WHEN}\.", QT_TRANSLATE_NOOP("Master", "You have time again {when}.")),
    (
        r"You have no time in any planned opening\.",
        QT_TRANSLATE_NOOP("Master", "You have no time in any planned opening."),
    ),
    (rf"Wait {_AMOUNT} after wrong passwords\.", QT_TRANSLATE_NOOP("Master", "Too many wrong passwords.")),
    (r"Your time is up\.", QT_TRANSLATE_NOOP("Master", "Your time is up.")),
    (
        r"You have logged in on another computer, so this session ends\.",
        QT_TRANSLATE_NOOP("Master", "You have logged in on another computer, so this session ends."),
    ),
    (r"The operator ends this session\.", QT_TRANSLATE_NOOP("Master", "The operator ends this session.")),
    (
        r"Your account was disabled, so this session ends\.",
        QT_TRANSLATE_NOOP("Master", "Your account was disabled, so this session ends."),
    ),
    (
        r"Your account was deleted, so this session ends\.",
        QT_TRANSLATE_NOOP("Master", "Your account was deleted, so this session ends."),
    ),
    (r"The master does not answer\.", QT_TRANSLATE_NOOP("Master", "The master does not answer.")),
    (r"Log in again when it is back\.", QT_TRANSLATE_NOOP("Master", "Log in again when it is back.")),
    (r"This session (?:ends|has ended)\.", QT_TRANSLATE_NOOP("Master", "This session ends.")),
    (
        rf"You are still logged in on (?P<name>.+), which does not answer; your time is kept for it until {_WHEN}\.",
        QT_TRANSLATE_NOOP("Master", "You are still logged in on {name}; your time is kept for it until {when}."),
    ),
    (
        r"Somebody else is about to sit down here\.",
        QT_TRANSLATE_NOOP("Master", "Somebody else is about to sit down here."),
    ),
    (r"The login was interrupted\.", QT_TRANSLATE_NOOP("Master", "The login was interrupted.")),
    (r"Try again, or ask the operator\.", QT_TRANSLATE_NOOP("Master", "Try again, or ask the operator.")),
    (
        r"This computer has no account for (?P<name>.+)\.",
        QT_TRANSLATE_NOOP("Master", "This computer has no account for {name}."),
    ),
    (
        r"This computer knows this account by another name\.",
        QT_TRANSLATE_NOOP("Master", "This computer knows this account by another name."),
    ),
    (
        r"(?P<name>.+) is an account of the system; nobody can log in with it here\.",
        QT_TRANSLATE_NOOP("Master", "{name} is an account of the system; nobody can log in with it here."),
    ),
    (
        r"The account (?P<name>.+) is closed on this computer\.",
        QT_TRANSLATE_NOOP("Master", "The account {name} is closed on this computer."),
    ),
    (
        r"This computer cannot look up accounts now\.",
        QT_TRANSLATE_NOOP("Master", "This computer cannot look up accounts now."),
    ),
    (
        r"This computer refuses the login: (?P<words>.+)\.",
        QT_TRANSLATE_NOOP("Master", "This computer refuses the login: {words}."),
    ),
    (
        r"The password of this account on this computer has expired\.",
        QT_TRANSLATE_NOOP("Master", "The password of this account on this computer has expired."),
    ),
]

_UNITS = {"hour": "h", "minute": "min", "second": "s"}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


def translated(reason: str, advice: str) -> tuple[str, str]:
    """Reason and advice as the person reads them; advice that came with the reason is parted from it."""
    first, *others = _SENTENCE_END.split(f"{reason} {advice}".strip())
    return sentence(first), " ".join(sentence(other) for other in others)


def sentence(text: str) -> str:
    """One sentence in the window's language; an unknown one as it is."""
    for form, source in _compiled():
        match = form.fullmatch(text)
        if match:
            parts = {name: _PARTS[name](value) for name, value in match.groupdict().items()}
            return translate("Master", source).format(**parts)
    return text


@cache
def _compiled() -> list[tuple[re.Pattern[str], str]]:
    """The forms; made when the first sentence comes, so that no window waits for them."""
    return [(re.compile(form), source) for form, source in _FORMS]


def _when(text: str) -> str:
    *words, _at, time = text.split()
    day = words[-1]
    if day == "today":
        return translate("Master", "today at {0}").format(time)
    if day == "tomorrow":
        return translate("Master", "tomorrow at {0}").format(time)
    if day.lower() in _WEEKDAYS:
        return translate("Master", "on {0} at {1}").format(QLocale().dayName(_WEEKDAYS.index(day.lower()) + 1), time)
    date = QDate.fromString(day, "yyyy-MM-dd")
    shown = QLocale().toString(date, QLocale.FormatType.ShortFormat) if date.isValid() else day
    return translate("Master", "on {0} at {1}").format(shown, time)


def _amount(text: str) -> str:
    """ "2 hours" as "2 h", which people read in all our languages."""
    if QLocale().language() in (QLocale.Language.English, QLocale.Language.C):
        return text
    words = text.split()
    return " ".join(_UNITS.get(word.rstrip("s"), word) for word in words)


_PARTS: dict[str, Callable[[str], str]] = {"when": _when, "amount": _amount, "name": str, "words": str}

from __future__ import annotations

import pwd
import re
from datetime import UTC, datetime
from itertools import product
from unittest.mock import patch

import pytest

from asyncluster.core.people import refusals
from asyncluster.core.people.budget import Account, Limit, Verdict
from asyncluster.core.people.calendar import Calendar
from asyncluster.core.people.durations import in_words
from asyncluster.core.people.ends import End
from asyncluster.core.qt.sentences import sentence, translated
from asyncluster.core.qt.translations import speak
from asyncluster.ndm.node import desk
from asyncluster.ndm.session.accounts import Unfit, person
from asyncluster.ndm.steward import display


@pytest.fixture
def german(qapp):
    from PyQt6.QtCore import QLocale, QTranslator

    before = QLocale()
    assert speak(qapp, "de_CH.UTF-8") == "de"
    QLocale.setDefault(QLocale("de"))
    yield
    QLocale.setDefault(before)
    for translator in qapp.findChildren(QTranslator):
        qapp.removeTranslator(translator)
        translator.deleteLater()


NOW = int(datetime(2026, 11, 23, 14, 18, tzinfo=UTC).timestamp())
CALENDAR = Calendar(UTC, ())
NAME = "nobody-of-that-name"


def refusals_of(limit: Limit) -> list[str]:
    """Every text that a limit can give: soon, tomorrow, in a few days, in a month, never; of nothing and of hours."""
    account = Account("lena", daily=7200, weekly=36000)
    none = Account("lena", daily=0, weekly=0)
    moments = [None, *(NOW + hours * 3600 for hours in (1, 20, 70, 800))]
    texts = []
    for opens, following in product(moments, moments):
        verdict = Verdict(False, None, 0, limit, opens, following, 0, 0, 0, 0, 0, 0)
        texts += [refusals.refusal(who, verdict, CALENDAR, NOW) for who in (account, none)]
    return texts


def unfit(account: pwd.struct_passwd | None) -> str:
    """What the node says of an account."""
    with (
        patch("pwd.getpwnam", side_effect=KeyError if account is None else [account]),
        pytest.raises(Unfit) as caught,
    ):
        person(NAME)
    return str(caught.value)


def account_with(**fields: object) -> pwd.struct_passwd:
    values = {"pw_name": NAME, "pw_passwd": "", "pw_uid": 5000, "pw_gid": 5000, "pw_gecos": "", "pw_dir": "/"}
    return pwd.struct_passwd({**values, "pw_shell": "/bin/sh", **fields}.values())


def every_text() -> set[str]:
    """All that master and node say to people, made by the functions that make it."""
    texts = {refusals.WRONG, refusals.BUSY, refusals.OUT_OF_ORDER, *map(refusals.end_words, End)}
    texts |= {text for limit in Limit for text in refusals_of(limit)}
    texts |= {refusals.wait_words(seconds) for seconds in (1, 8, 60, 90)}
    texts |= {refusals.held("pc 7", NOW + 3600, CALENDAR, NOW)}
    texts |= {desk.AWAY, desk.AWAY_ADVICE, desk.BUSY, display.BUSY, display.INTERRUPTED}
    accounts = [None, account_with(pw_name="other"), account_with(pw_uid=3), account_with(pw_shell="/bin/false")]
    return texts | {unfit(account) for account in accounts}


@pytest.mark.parametrize("text", sorted(every_text()))
def test_every_sentence_that_there_is_is_known(german, text):
    """Whoever rewords a sentence must reword its form here, or people would read English."""
    reason, advice = translated(text, "")
    said = [reason, *([advice] if advice else [])]
    for part in re.split(r"(?<=\.) ", text):
        assert not any(part in words for words in said)


@pytest.mark.parametrize(
    "when", ["today at 14:00", "tomorrow at 09:00", "on Wednesday at 09:00", "on 2026-12-24 at 08:30"]
)
@pytest.mark.parametrize("form", ["Closed now; opens {}.", "You have time again {}."])
def test_times_are_taken_over(german, form, when):
    shown = sentence(form.format(when))
    assert shown != form.format(when)
    assert when[-5:] in shown
    assert when.split(" at ")[0] not in shown


@pytest.mark.parametrize("seconds", [8, 60, 90, 3600, 5400, 7200, 4 * 3600])
def test_lengths_are_taken_over(german, seconds):
    words = in_words(seconds)
    assert sentence(refusals.wait_words(seconds)) == "Zu viele falsche Passwörter."
    shown = sentence(f"Your {words} for today are used up.")
    assert shown.startswith("Ihre ")
    assert "hour" not in shown
    assert "minute" not in shown


def test_reason_and_advice_are_parted(german):
    assert translated("Your 2 hours for today are used up. You have time again tomorrow at 09:00.", "") == (
        "Ihre 2 h für heute sind verbraucht.",
        "Sie haben wieder Zeit morgen um 09:00.",
    )


def test_days_have_the_names_of_the_language(german):
    assert sentence("Closed now; opens on Wednesday at 09:00.") == "Jetzt geschlossen; öffnet am Mittwoch um 09:00."


def test_an_unknown_sentence_is_shown_as_it_came(german):
    assert translated("The moon is {0} in the way!", "Wait %s. {when}") == (
        "The moon is {0} in the way!",
        "Wait %s. {when}",
    )


def test_in_english_the_words_stay(qapp):
    assert translated(refusals.DISABLED, "") == ("This account is disabled.", "Ask the operator.")

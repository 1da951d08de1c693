from __future__ import annotations

import re

import pytest

from asyncluster.core.people import refusals
from asyncluster.core.people.durations import in_words
from asyncluster.core.qt.sentences import sentence, translated
from asyncluster.core.qt.translations import speak


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


FIXED = [
    refusals.WRONG,
    refusals.DISABLED,
    refusals.BUSY,
    refusals.OUT_OF_ORDER,
    *(refusals.end_words(end) for end in refusals._END_WORDS),
    "Closed now; no opening is planned.",
    "You have no hours a day. Ask the operator.",
    "You have no hours a week. Ask the operator.",
    "You have no time in any planned opening.",
]


@pytest.mark.parametrize("text", FIXED)
def test_every_fixed_sentence_of_the_master_is_known(german, text):
    reason, advice = translated(text, "")
    assert reason != text
    for part in re.split(r"(?<=\.) ", text):
        assert part not in (reason, advice)


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

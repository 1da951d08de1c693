from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asyncluster.core.wire.greeter import MasterState, Openings, Refused
from asyncluster.ndm.greeter import words
from asyncluster.ndm.greeter.hours import hours
from asyncluster.ndm.greeter.login import Field, LoginModel
from asyncluster.ndm.greeter.words import Kind, Notice

NOW = datetime(2026, 11, 23, 14, 18, tzinfo=UTC).timestamp()


@pytest.fixture
def model():
    model = LoginModel()
    model.edit(Field.NAME, "lena")
    model.edit(Field.PASSWORD, "x")
    return model


def test_at_rest_it_says_how_to_log_in_and_whom_to_ask(model):
    assert words.notice(model, 0, "Ask in room 214.") == Notice(
        Kind.QUIET, "Press Enter to log in.", "Ask in room 214."
    )


def test_a_refusal_is_a_reason_and_what_happens_next(model):
    model.submit("", "", 0)
    assert words.notice(model, 0, "").head == "Checking…"
    model.refused(Refused("Closed now; opens today at 14:00."), 0)
    assert words.notice(model, 0, "") == Notice(Kind.ERROR, "Closed now; opens today at 14:00.")


def test_a_wait_is_counted(model):
    model.submit("", "", 0)
    model.refused(Refused("The name or the password is wrong.", "", 80), 0)
    assert words.notice(model, 20, "") == Notice(Kind.COUNTDOWN, "Wait 1:00", "User ID or password is wrong.", 0.25)


def test_the_master_away_is_said_until_it_is_back(model):
    model.master_away = True
    assert words.notice(model, 0, "").kind is Kind.WARNING
    model.master_away = False
    assert words.notice(model, 0, "").kind is Kind.QUIET


def test_the_corner_says_since_when_the_master_is_away():
    openings = Openings([], None, "Europe/Berlin")
    assert words.master_words(MasterState(True), openings) == "Master reachable"
    assert words.master_words(MasterState(False), openings) == "Master not reachable"
    assert words.master_words(MasterState(False, NOW), openings) == "Master not reachable since 15:18"


@pytest.mark.parametrize(
    ("today", "minute", "heading", "remark"),
    [
        ([(540, 1080)], 858, "Open today 09:00–18:00", "Closes in 3 h 42 min"),  # noqa: RUF001
        ([(540, 720), (780, 1440)], 500, "Open today 09:00–12:00, 13:00–24:00", "Opens in 40 min"),  # noqa: RUF001
        ([(540, 720)], 660, "Open today 09:00–12:00", "Closes in 1 h"),  # noqa: RUF001
        ([], 600, "Closed today", "Opens tomorrow, 09:00"),
    ],
)
def test_todays_openings_in_words(qapp, today, minute, heading, remark):
    stand = hours(today, minute)
    tomorrow = datetime(2026, 11, 24, 9, 0, tzinfo=UTC).timestamp()
    assert words.hours_heading(stand) == heading
    assert words.hours_remark(stand, tomorrow, NOW, Openings([], None, "UTC")) == remark


@pytest.mark.parametrize(("day", "remark"), [(26, "Opens Thursday, 09:00"), (30, "Opens Monday 30 November, 09:00")])
def test_a_later_opening_is_told_by_its_day(qapp, day, remark):
    opens = datetime(2026, 11, day, 9, 0, tzinfo=UTC).timestamp()
    assert words.hours_remark(hours([], 600), opens, NOW, Openings([], None, "UTC")) == remark


def test_no_opening_in_sight_says_nothing(qapp):
    assert words.hours_remark(hours([], 600), None, NOW, Openings([], None, "UTC")) == ""

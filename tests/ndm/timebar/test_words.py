from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asyncluster.core.wire.timebar import Ending, State
from asyncluster.ndm.timebar import words
from asyncluster.ndm.timebar.model import TimeModel

UNTIL = datetime(2026, 11, 23, 16, 0, tzinfo=UTC).timestamp()


def model(left, **fields):
    return TimeModel(State("Maria Koval", left, zone="UTC", **{"until": UNTIL, **fields}), 0)


@pytest.mark.parametrize(
    ("left", "headline", "beside", "second"),
    [
        (6179, "1:42 left", "Maria Koval", ""),
        (3599, "59 min left", "Maria Koval", ""),
        (899, "14 min left", "until 16:00", ""),
        (299, "4 min left", "until 16:00", "Save your work now"),
        (60, "1:00 left", "until 16:00", "You will be logged out at 16:00."),
        (46.2, "0:47 left", "until 16:00", "You will be logged out at 16:00."),
        (0, "0:00 left", "until 16:00", "You will be logged out at 16:00."),
        (None, "No time limit", "Maria Koval", ""),
    ],
)
def test_time_in_words(left, headline, beside, second):
    bar = model(left, until=None if left is None else UNTIL)
    assert (words.headline(bar, 0), words.beside(bar, 0), words.second_line(bar, 0)) == (headline, beside, second)


def test_less_than_a_minute_is_counted_even_without_a_warning():
    assert words.headline(model(30, warn_at=()), 0) == "0:30 left"


def test_without_a_time_of_day_the_end_is_announced_all_the_same():
    bar = model(30, until=None)
    assert (words.beside(bar, 0), words.second_line(bar, 0)) == ("Maria Koval", "You will be logged out.")


def test_an_ending_says_its_reason():
    bar = model(6000)
    bar.take(Ending("The operator ends this session.", 10), 0)
    assert (words.headline(bar, 0), words.beside(bar, 0)) == ("0:10 left", "Maria Koval")
    assert words.second_line(bar, 0) == "The operator ends this session."


def test_details():
    bar = model(6000, used_today=8280, daily=14400, used_week=34800, weekly=72000, closes=UNTIL + 7200)
    assert words.details(bar, 0) == [
        ("Ends", "16:00"),
        ("Used today", "2:18 of 4:00"),
        ("Used this week", "9:40 of 20:00"),
        ("Room closes", "18:00"),
    ]
    assert words.details(model(None, until=None), 90) == [("Used today", "0:01"), ("Used this week", "0:01")]

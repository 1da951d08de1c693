from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.errors import UsageError
from asyncluster.core.people.durations import duration, in_words


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("15min", 900),
        ("15 m", 900),
        ("1h30m", 5400),
        ("1 h 30 min", 5400),
        ("1.5 h", 5400),
        ("1:30", 5400),
        ("0:05", 300),
        ("90 s", 90),
        ("24 hours", 86400),
        ("1 HOUR", 3600),
    ],
)
def test_lengths_are_read_as_people_write_them(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "15", "-5min", "0min", "25h", "1h 30", "1x", "1:60", "h", "min 5", "1e3 s"])
def test_other_lengths_are_refused_with_the_accepted_form(text: str) -> None:
    with pytest.raises(UsageError, match="write it like 15min"):
        duration(text)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 minutes"),
        (8, "8 s"),
        (60, "1 minute"),
        (90, "1 min 30 s"),
        (2700, "45 minutes"),
        (3600, "1 hour"),
        (7200, "2 hours"),
        (5400, "1 h 30 min"),
        (5401, "1 h 30 min"),
    ],
)
def test_lengths_are_told_as_people_say_them(seconds: int, words: str) -> None:
    assert in_words(seconds) == words


@given(st.integers(1, 1440))
def test_whole_minutes_survive_the_way_there_and_back(minutes: int) -> None:
    assert duration(in_words(minutes * 60)) == minutes * 60

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lab import NOW

from asyncluster.console.state import words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.thousands(112870), "112\u2009870"),
        (words.hours(6120), "1:42"),
        (words.hours(30), "0:01"),
        (words.hours(0), "0:00"),
        (words.left(None), "No limit"),
        (words.left(-3), "none left"),
        (words.left(720), "0:12 left"),
        (words.length(8), "8 s"),
        (words.length(17 * 60), "17 min"),
        (words.length(7680), "2 h 08"),
        (words.length(3 * 86400 + 4 * 3600), "3 d 4 h"),
        (words.duration_of_call(3), "3 µs"),
        (words.duration_of_call(20_000), "20 ms"),
        (words.duration_of_call(6_900_000), "6.9 s"),
        (words.per_minute(412), "412\u2009/min"),
        (words.per_minute(9.6), "9.6\u2009/min"),
        (words.size(7.4e9), "7.4 GB"),
        (words.percent(0.8), "80\u2009%"),
        (words.clock(NOW, UTC), "14:18"),
        (words.moment(NOW - 3600, NOW, UTC), "13:18"),
        (words.moment(NOW - 86400, NOW, UTC), "Sun 22 Nov 14:18"),
        (words.spans([(32400, 45000), (48600, 64800)]), "09:00\u201312:30, 13:30\u201318:00"),
        (words.spans([]), "Closed"),
        (words.sum_of_hours(27000), "7 h 30"),
        (words.names(["a"]), "a"),
        (words.names(["a", "b", "c"]), "a, b and c"),
        (words.names(list("abcdefg"), 5), "a, b, c, d, e and 2 more"),
        (words.counted(1, "node", "nodes"), "1 node"),
    ],
)
def test_words(said, expected):
    assert said == expected


@given(st.floats(0, 1e7))
def test_time_that_is_left_is_never_said_to_be_none(seconds):
    assert (words.hours(seconds) == "0:00") == (seconds == 0)

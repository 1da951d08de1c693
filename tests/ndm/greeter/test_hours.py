from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.ndm.greeter.hours import hours

minutes = st.integers(0, 1440)
openings = st.lists(st.tuples(minutes, minutes), max_size=6)


def test_open_closed_and_over():
    assert hours([(540, 1080)], 858).closes_in == 222
    assert hours([(540, 1080)], 500).opens_in == 40
    over = hours([(540, 1080)], 1080)
    assert (over.is_open, over.closes_in, over.opens_in) == (False, None, None)
    assert hours([], 600).spans == ()


def test_openings_that_touch_or_overlap_are_one():
    stand = hours([(720, 900), (540, 720), (600, 640)], 700)
    assert stand.spans == ((540, 900),)
    assert stand.closes_in == 200


@given(openings, st.integers(0, 1439))
def test_it_is_open_exactly_in_the_minutes_of_an_opening(spans, minute):
    stand = hours(spans, minute)
    assert stand.is_open is any(start <= minute < end for start, end in spans)
    if stand.closes_in is not None:
        later = minute + stand.closes_in
        assert all(any(s <= m < e for s, e in spans) for m in range(minute, later))
        assert not any(s <= later < e for s, e in spans)
    if stand.opens_in is not None:
        assert not any(s <= m < e for m in range(minute, minute + stand.opens_in) for s, e in spans)

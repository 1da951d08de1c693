from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.people.calendar import Calendar, Opening, monday

HOUR = 3600
NAMES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut"]
NAMES += ["America/St_Johns", "Africa/Cairo", "Pacific/Apia", "UTC"]


def wall(instant: int, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(instant, zone).strftime("%Y-%m-%d %H:%M:%S")


def test_a_time_that_the_clocks_skip_is_the_change_itself() -> None:
    zone = ZoneInfo("Europe/Berlin")
    calendar = Calendar(zone)
    for second in (2 * HOUR, 2 * HOUR + 1800, 3 * HOUR):
        assert wall(calendar.instant(date(2026, 3, 29), second), zone) == "2026-03-29 03:00:00"


def test_a_time_that_the_clocks_repeat_begins_first_and_ends_last() -> None:
    calendar = Calendar(ZoneInfo("Europe/Berlin"))
    first = calendar.instant(date(2026, 10, 25), 2 * HOUR + 1800)
    assert calendar.instant(date(2026, 10, 25), 2 * HOUR + 1800, last=True) - first == HOUR


def test_a_day_may_begin_at_one_oclock() -> None:
    zone = ZoneInfo("America/Sao_Paulo")
    calendar = Calendar(zone, (Opening(6, 0, 2 * HOUR),))
    start = calendar.day_start(date(2018, 11, 4))
    assert wall(start, zone) == "2018-11-04 01:00:00"
    assert calendar.open_spans(date(2018, 11, 4)) == ((start, start + HOUR),)


def test_openings_that_touch_or_overlap_are_one() -> None:
    calendar = Calendar(
        ZoneInfo("UTC"), (Opening(3, 600, 900), Opening(3, 900, 1200), Opening(3, 1000, 1100), Opening(3, 2000, 2001))
    )
    assert calendar.open_spans(date(1970, 1, 8)) == ((605400, 606000), (606800, 606801))


@given(st.sampled_from(NAMES), st.integers(0, 2_000_000_000))
@settings(max_examples=200)
def test_days_follow_each_other_without_gaps(name: str, instant: int) -> None:
    calendar = Calendar(ZoneInfo(name))
    day = calendar.day_of(instant)
    begins, ends = calendar.day_start(day), calendar.day_start(day + timedelta(days=1))
    assert begins <= instant < ends
    assert calendar.day_of(begins) == calendar.day_of(ends - 1) == day
    assert calendar.week_start(instant) == calendar.day_start(monday(day)) <= instant


@pytest.mark.parametrize("name", NAMES)
def test_all_day_is_from_midnight_to_midnight_on_every_day_of_years(name: str) -> None:
    calendar = Calendar(ZoneInfo(name), tuple(Opening(day, 0, 24 * HOUR) for day in range(7)))
    day = date(2010, 1, 1)
    while day < date(2012, 1, 3):
        following = day + timedelta(days=1)
        spans = calendar.open_spans(day)
        # Samoa had no 30 December 2011 at all.
        assert spans in (((calendar.day_start(day), calendar.day_start(following)),), ())
        assert (spans == ()) == (name == "Pacific/Apia" and day == date(2011, 12, 30))
        day = following

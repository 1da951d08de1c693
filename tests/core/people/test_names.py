from __future__ import annotations

import contextlib
import math
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.errors import UsageError
from asyncluster.core.people import names


@pytest.mark.parametrize("name", ["a", "_x", "ada.l-1", "a" * 32])
def test_names_of_unix_accounts_are_accepted(name: str) -> None:
    assert names.account_name(name) == name


@pytest.mark.parametrize("name", ["", "Ada", "1a", "a" * 33, "a b", "a\n", "ä", ".a", "-a", "a/b", "a\0"])
def test_other_names_are_refused_with_the_accepted_form(name: str) -> None:
    with pytest.raises(UsageError, match="small letters"):
        names.account_name(name)


@pytest.mark.parametrize(("hours", "seconds"), [(None, None), (0, 0), (1.2, 4320), (24, 86400), (1 / 3, 1200)])
def test_hours_become_whole_seconds(hours: float | None, seconds: int | None) -> None:
    assert names.quota(hours, most=24) == seconds


@pytest.mark.parametrize("hours", [-0.1, 24.01, math.nan, math.inf])
def test_impossible_hours_are_refused(hours: float) -> None:
    with pytest.raises(UsageError, match="between 0 and 24"):
        names.quota(hours, most=24)


@pytest.mark.parametrize(("text", "number"), [("mon", 0), ("Sunday", 6), ("0", 0), (" WED ", 2)])
def test_days_have_names_and_numbers(text: str, number: int) -> None:
    assert names.weekday(text) == number


@pytest.mark.parametrize("text", ["", "7", "-1", "mo", "mond", "٣"])
def test_other_days_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="mon, tue"):
        names.weekday(text)


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [("09:00", "18:00", (32400, 64800)), ("0:00", "24:00", (0, 86400)), ("23:59", "24:00", (86340, 86400))],
)
def test_an_opening_lies_within_one_day(start: str, end: str, span: tuple[int, int]) -> None:
    assert names.day_span(start, end) == span


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("20:00", "02:00", "20:00 to 24:00 on that day, and 00:00 to 02:00"),
        ("20:00", "00:00", "write 24:00"),
        ("20:00", "20:00", "no length"),
        ("24:00", "24:00", "HH:MM"),
        ("9", "18:00", "HH:MM"),
        ("09:60", "18:00", "HH:MM"),
        ("09:00", "24:01", "24:00"),
    ],
)
def test_other_openings_are_refused_with_the_accepted_form(start: str, end: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        names.day_span(start, end)


def test_dates_and_moments() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert names.local_date("2026-12-24") == date(2026, 12, 24)
    assert names.moment("2006-07-23 19:00", berlin) == 1153674000
    assert names.moment("2006-07-23T17:00:00+00:00", berlin) == 1153674000


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:+.]*", fullmatch=True))
def test_any_text_is_a_value_or_a_usage_error(text: str) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for parse in (names.account_name, names.weekday, names.day_second, names.local_date):
        with contextlib.suppress(UsageError):
            parse(text)
    with contextlib.suppress(UsageError):
        names.moment(text, berlin)


@given(st.integers(0, 86399))
def test_times_of_day_are_written_as_they_are_read(second: int) -> None:
    minute = second - second % 60
    assert names.day_second(names.clock_time(minute)) == minute
    assert names.clock_time(second).startswith(names.clock_time(minute))

from __future__ import annotations

import csv
import io
from datetime import UTC, date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lab import NOW, Lab
from support.labmaster import timesheet

from asyncluster.console.state import usage
from asyncluster.console.state.usage import PERIODS, Sitting

MONDAY = date(2026, 11, 23)


def sat(start: float, end: float, name: str = "ann") -> Sitting:
    return Sitting(0, name, "pc01", start, end, True, "")


def test_rows_of_the_timesheet_are_read_and_one_that_goes_on_ends_now():
    rows = [
        {"name": "ann", "node": "pc01", "from": "2026-11-23T10:00:00+01:00", "to": None, "ended_by": None},
        {
            "name": "bob",
            "node": "pc02",
            "from": "2026-11-23T09:00:00Z",
            "to": "2026-11-23T09:30:00Z",
            "ended_by": "kick",
        },
    ]
    ann, bob = usage.sittings(rows, NOW)
    assert (ann.end, ann.over) == (NOW, False)
    assert (bob.seconds, bob.over, bob.why) == (1800, True, "kick")


def test_the_map_holds_how_many_people_there_were_on_average():
    ten = NOW - 4 * 3600 - 18 * 60  # 10:00 on this Monday
    found = [sat(ten, ten + 7200), sat(ten, ten + 1800, "bob"), sat(ten - 7 * 86400, ten - 7 * 86400 + 3600)]
    hours = usage.hours_of_week(found, date(2026, 11, 16), MONDAY, UTC, NOW)
    assert hours[0][10] == pytest.approx((1 + 0.5 + 1) / 2)
    assert hours[0][11] == pytest.approx(0.5)
    assert hours[1] == [0.0] * 24


def test_hours_that_are_still_to_come_do_not_count():
    whole_day = [sat(NOW - 86_400, NOW + 86_400)]
    hours = usage.hours_of_week(whole_day, MONDAY, MONDAY, UTC, NOW)
    assert hours[0][:15] == [pytest.approx(1.0)] * 15
    assert hours[0][15:] == [0.0] * 9


@given(st.floats(0, 86_400), st.floats(0, 86_400))
def test_no_second_is_lost_between_the_hours(one, other):
    start, end = sorted((one, other))
    pieces = list(usage._by_hour(start, end))
    assert sum(stop - begin for begin, stop in pieces) == pytest.approx(end - start)
    assert all(int(begin // 3600) == int((stop - 1e-6) // 3600) for begin, stop in pieces if stop - begin > 1e-3)


@pytest.mark.parametrize(
    ("key", "first"),
    [("today", MONDAY), ("week", MONDAY), ("month", date(2026, 10, 27)), ("quarter", date(2026, 8, 25))],
)
def test_periods_end_today(key, first):
    period = next(period for period in PERIODS if period.key == key)
    assert period.dates(MONDAY) == (first, MONDAY)


def test_a_week_begins_on_its_monday():
    assert PERIODS[1].dates(date(2026, 11, 29)) == (MONDAY, date(2026, 11, 29))


def test_sums_and_the_sentence():
    found = [sat(0, 3600), sat(0, 7200, "bob"), sat(0, 1800)]
    assert usage.totals(found) == [("bob", 7200), ("ann", 5400)]
    assert usage.summary(found) == "2 people, 3 sessions, 4 h"
    assert usage.summary([]) == "Nobody sat there"


def test_the_export_is_that_of_the_command_and_holds_no_formula():
    rows = [*timesheet(Lab())[:3], {"name": "=cmd()", "node": "pc01", "from": "a", "to": None, "hours": 1.5}]
    back = list(csv.DictReader(io.StringIO(usage.csv_text(rows))))
    assert list(back[0]) == ["name", "node", "display", "from", "to", "hours", "ended_by"]
    assert len(back) == 4
    assert back[3]["name"] == "'=cmd()"

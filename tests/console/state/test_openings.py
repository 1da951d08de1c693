from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from support.lab import NOW, Lab

from asyncluster.console.state import openings
from asyncluster.console.state.openings import (
    DAY,
    QUARTER,
    Week,
    joined,
    logged_out,
    open_seconds,
    paint,
    saving,
    week_of,
)
from asyncluster.core.wire.feed import OpeningRow

HOUR = 3600
QUARTERS = st.integers(0, 95)
MINUTES = st.integers(0, 24 * 60)
SPANS = st.lists(st.tuples(MINUTES, MINUTES), max_size=4).map(
    lambda pairs: joined([(60 * min(pair), 60 * max(pair)) for pair in pairs])
)
WEEKS = st.tuples(SPANS, SPANS).map(lambda days: Week((*days, *[()] * 5)))


def is_open(spans: openings.Spans, second: int) -> bool:
    return any(start <= second < end for start, end in spans)


@given(SPANS, QUARTERS, QUARTERS, st.booleans())
def test_painting_changes_what_was_painted_and_nothing_else(spans, one, other, opens):
    start, end = min(one, other) * QUARTER, (max(one, other) + 1) * QUARTER
    painted = paint(spans, start, end, is_open=opens)
    assert painted == joined(painted)
    for second in (start - 1, start, end - 1, end, *(edge for span in spans for edge in (span[0], span[1] - 1))):
        assert is_open(painted, second) == (opens if start <= second < end else is_open(spans, second))


@settings(max_examples=40)
@given(WEEKS, WEEKS)
def test_saving_asks_for_what_leads_from_one_week_to_the_other(before, after):
    days = [{tuple(map(openings.minute_of_day, span)) for span in spans} for spans in before.days]
    action = saving(before, after)
    for request in action.requests if action else ():
        day = openings.SHORT_WEEKDAYS.index(request.arguments["day"])
        span = (request.arguments["start"], request.arguments["end"])
        if request.verb == "opening add":
            days[day].add(span)
        else:
            days[day].discard(span)
    assert days == [{tuple(map(openings.minute_of_day, span)) for span in spans} for spans in after.days]
    if action is None:
        assert before.days == after.days


def test_new_openings_are_asked_for_before_old_ones_go():
    before = Week().painted(3, 9 * HOUR, 18 * HOUR, is_open=True)
    after = before.painted(3, 18 * HOUR, 20 * HOUR + 1800, is_open=True)
    action = saving(before, after)
    assert action is not None
    assert [request.command for request in action.requests] == [
        "asyncluster opening add thu 09:00 20:30",
        "asyncluster opening remove thu 09:00 18:00",
    ]
    assert action.undo is not None
    assert action.undo.requests[0].command == "asyncluster opening add thu 09:00 18:00"


def test_a_week_is_read_from_the_masters_rows():
    week = week_of([OpeningRow("wed", [(1800, 3600), (3600, 7200)]), OpeningRow("2026-12-24", [])])
    assert week.days[2] == ((1800, 7200),)
    assert open_seconds(week.days[2]) == 5400
    assert week.exceptions == {date(2026, 12, 24): ()}


def test_closing_earlier_logs_out_those_who_would_stay_longer_and_are_restricted():
    people = Lab().people.values()
    week = Week().painted(0, 9 * HOUR, 18 * HOUR, is_open=True)
    sooner = week.painted(0, 15 * HOUR, 24 * HOUR, is_open=False)
    gone = {person.name for person in logged_out(sooner, week, people, NOW, UTC)}
    assert "amori" in gone  # until 17:23
    assert "lfischer" not in gone  # her time ends at 14:30 anyhow
    assert logged_out(week, week, people, NOW, UTC) == []
    assert logged_out(week, sooner, people, NOW, UTC) == []


def test_an_exception_for_today_counts_and_one_for_tomorrow_does_not():
    people = Lab().people.values()
    week = Week().painted(0, 9 * HOUR, 18 * HOUR, is_open=True)
    today = datetime.fromtimestamp(NOW, UTC).date()
    assert logged_out(Week(week.days, {today: ()}), week, people, NOW, UTC)
    assert not logged_out(Week(week.days, {date(2026, 11, 24): ()}), week, people, NOW, UTC)


def test_an_opening_that_goes_on_past_midnight_closes_on_the_next_day():
    week = Week().painted(0, 9 * HOUR, DAY, is_open=True).painted(1, 0, 2 * HOUR, is_open=True)
    zone = ZoneInfo("Europe/Berlin")
    assert datetime.fromtimestamp(openings.closing(week, NOW, zone), zone).strftime("%a %H:%M") == "Tue 02:00"


def test_an_exception_is_a_command():
    day = date(2026, 12, 31)
    action = openings.excepting(day, ((36000, 50400),), None)
    assert action.command == "asyncluster opening except 2026-12-31 10:00 14:00"
    assert action.undo is not None
    assert action.undo.command == "asyncluster opening except 2026-12-31 remove"
    assert openings.excepting(day, (), ((36000, 50400),)).command == "asyncluster opening except 2026-12-31 closed"

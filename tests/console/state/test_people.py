from __future__ import annotations

from datetime import UTC, date
from zoneinfo import ZoneInfo

import pytest
from support.lab import NOW, Lab

from asyncluster.console.state import people
from asyncluster.core.qt.tokens import State
from asyncluster.core.wire.feed import PersonRow

LAB = Lab()
LENA, JAMES, ERIK = (LAB.people[name] for name in ("lfischer", "jokafor", "eholm"))


def test_a_session_goes_on_between_two_messages():
    assert people.used_today(LENA, NOW + 60) == people.used_today(LENA, NOW) + 60
    assert people.used_week(LENA, NOW + 60) == people.used_week(LENA, NOW) + 60
    assert people.left(LENA, NOW + 60) == 660
    assert people.used_today(JAMES, NOW + 60) == people.used_today(JAMES, NOW)


def test_time_that_is_left_is_known_without_a_session():
    assert people.left(JAMES, NOW) == 0
    assert people.left(ERIK, NOW) is None


def test_who_is_low_on_time():
    low = {person.name for person in LAB.people.values() if people.is_low(person, NOW)}
    assert low == {"lfischer", "cmartin", "jokafor", "opetrova"}


@pytest.mark.parametrize(("left", "fill"), [(None, "muted"), (900, "muted"), (899, State.DRAINING), (0, State.ERROR)])
def test_the_colour_of_a_bar_warns(left, fill):
    assert people.fill(left) == fill


def test_where_somebody_is_or_why_not():
    assert people.status(LENA, NOW, UTC) == "On pc07 since 10:30"
    assert people.status(JAMES, NOW, UTC).startswith("Your 4 hours for today are used up.")
    assert people.status(PersonRow("x", False, True, NOW), NOW, UTC) == "Disabled"
    assert people.status(ERIK, NOW, UTC) == "Not logged in"


def test_the_last_seven_days_are_cut_at_the_rooms_midnight():
    zone = ZoneInfo("Europe/Berlin")
    sessions = [
        {"from": "2026-11-22T22:00:00+01:00", "to": "2026-11-23T01:00:00+01:00"},
        {"from": "2026-11-23T14:18:00+00:00", "to": None},
        {"from": "2026-11-10T10:00:00+01:00", "to": "2026-11-10T12:00:00+01:00"},
    ]
    days = people.by_day(sessions, date(2026, 11, 23), NOW + 600, zone)
    assert next(iter(days)) == date(2026, 11, 17)
    assert days[date(2026, 11, 22)] == 7200
    assert days[date(2026, 11, 23)] == 3600 + 600
    assert sum(days.values()) == 7200 + 3600 + 600

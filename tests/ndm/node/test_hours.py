from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from asyncluster.core.wire.people import OpeningHours
from asyncluster.ndm.node.hours import openings


def hours(day: str, *spans: tuple[str, str], zone: str = "Europe/Berlin") -> OpeningHours:
    at = lambda text: int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin")).timestamp())  # noqa: E731
    listed = [(at(f"{day} {start}") if " " not in start else at(start), at(end)) for start, end in spans]
    return OpeningHours(1, listed, "", opens=None, midnight=at(f"{day} 00:00"), zone=zone)


def test_minutes_are_those_of_the_masters_wall_clock():
    shown = openings(hours("2026-06-01", ("08:00", "2026-06-01 12:30")))
    assert (shown.today, shown.zone) == ([(480, 750)], "Europe/Berlin")


def test_an_opening_until_midnight_ends_with_the_day():
    assert openings(hours("2026-06-01", ("14:00", "2026-06-02 00:00"))).today == [(840, 1440)]


def test_a_day_of_25_hours_shows_what_the_clock_shows():
    assert openings(hours("2026-10-25", ("08:00", "2026-10-25 12:00"))).today == [(480, 720)]


def test_a_zone_that_nobody_knows_here_is_not_named():
    assert openings(hours("2026-06-01", ("08:00", "2026-06-01 12:00"), zone="Mars/Base")).zone == ""

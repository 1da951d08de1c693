from __future__ import annotations

from datetime import UTC, datetime

import pytest

from asyncluster.console.state import curves
from asyncluster.console.state.usage import Sitting
from asyncluster.core.wire.feed import JobDetail, NodeDetail

NOW = 1_795_443_480.0  # 14:18 in Greenwich


def test_the_newest_value_of_a_node_is_that_of_now():
    shown = curves.of_node(NodeDetail("pc07", 30.0, [10, 50, 90], [5, 0, 10]), NOW)
    assert shown.instants() == [NOW - 60, NOW - 30, NOW]
    assert shown.words(-1, UTC) == "14:18: Ours 90\u2009%, Others\u2019 10\u2009%"


@pytest.mark.parametrize(("at", "place"), [(-60, 0), (-40, 1), (0, 2), (20, 2), (-500, None), (500, None)])
def test_what_is_under_the_mouse(at, place):
    shown = curves.of_node(NodeDetail("pc07", 30.0, [10, 50, 90], [5, 0, 10]), NOW)
    assert shown.place_of(NOW + at) == place


def test_a_young_job_is_shown_by_the_second_and_an_old_one_by_the_minute():
    assert curves.of_job("cauchy", JobDetail(7, throughput=[1, 2], minutes=[9]), NOW).step == 1
    assert curves.of_job("cauchy", JobDetail(7, throughput=[1, 2], minutes=[9] * 6), NOW).step == 60


def test_calls_that_failed_stand_on_those_that_were_done():
    detail = JobDetail(7, throughput=[5, 5, 9], failing=[0, 5, 1])
    shown = curves.of_job("cauchy", detail, NOW)
    assert [(name, list(values)) for name, _state, values in shown.areas] == [
        ("Done", [5, 0, 8]),
        ("Failed", [0, 5, 1]),
    ]
    assert curves.of_job("cauchy", JobDetail(7, throughput=[5], failing=[0]), NOW).areas[0][0] == "Calls"


def test_without_a_past_it_says_so():
    shown = curves.of_node(NodeDetail("pc07", 30.0), NOW)
    assert shown.words(-1, UTC) == "Nothing was measured yet."
    assert shown.place_of(NOW) is None


HOUR = NOW // 3600 * 3600


def test_people_are_counted_by_the_hour_and_the_hour_that_goes_on_as_far_as_it_has_gone():
    long = Sitting(0, "lena", "pc07", HOUR - 9000, NOW, over=False, why="")
    short = Sitting(1, "mkoval", "pc01", HOUR - 1800, HOUR, over=True, why="")
    shown = curves.of_people([long, short], HOUR - 7200, NOW)
    assert shown.instants() == [HOUR - 7200, HOUR - 3600, HOUR]
    assert shown.areas[0][2] == [1.0, 1.5, 1.0]
    assert shown.words(1, UTC) == "13:00: People 1.5"


def test_cores_are_counted_by_the_hour_within_the_period():
    rows = [{"start": datetime.fromtimestamp(HOUR - back * 3600, UTC).isoformat(), "hours": 4.0} for back in (9, 1, 0)]
    shown = curves.of_computing(rows, HOUR - 7200, NOW)
    assert shown.areas[0][2] == [0.0, 4.0, pytest.approx(4.0 * 3600 / (NOW - HOUR))]


def test_what_was_on_another_day_says_which():
    shown = curves.of_people([], NOW - 48 * 3600, NOW)
    assert shown.words(0, UTC).startswith("Sat 21 Nov 14:00")

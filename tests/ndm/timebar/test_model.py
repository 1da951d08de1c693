from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire.timebar import Ending, Notice, State
from asyncluster.ndm.timebar.model import MAX_NOTICES, Level, TimeModel


def model(left=6120.0, **fields) -> TimeModel:
    return TimeModel(State("Maria Koval", left, **fields), 0)


def test_it_counts_down_by_itself_until_it_is_told_anew():
    bar = model(100)
    assert bar.left(30) == 70
    assert bar.left(500) == 0
    bar.take(State("Maria Koval", 1000), 30)  # somebody granted time
    assert bar.left(40) == 990
    bar.take(State("Maria Koval", None), 40)
    assert bar.left(1e9) is None


@pytest.mark.parametrize(
    ("left", "level"),
    [
        (901, Level.CALM),
        (900, Level.SOON),
        (301, Level.SOON),
        (300, Level.NOW),
        (61, Level.NOW),
        (60, Level.LAST),
        (0, Level.LAST),
        (None, Level.CALM),
    ],
)
def test_it_warns_at_fifteen_five_and_one_minute(left, level):
    assert model(left).level(0) is level


@pytest.mark.parametrize(
    ("warn_at", "levels"),
    [
        ((), [Level.CALM] * 5),
        ((60,), [Level.CALM, Level.CALM, Level.CALM, Level.CALM, Level.LAST]),
        ((600, 120), [Level.CALM, Level.CALM, Level.NOW, Level.NOW, Level.LAST]),
        ((1800, 900, 300, 60), [Level.SOON, Level.SOON, Level.SOON, Level.NOW, Level.LAST]),
    ],
)
def test_other_warning_times_end_in_the_same_levels(warn_at, levels):
    bar = model(1200, warn_at=warn_at)
    assert [bar.level(1200 - left) for left in (1200, 700, 400, 200, 30)] == levels


def test_the_bar_is_a_share_of_the_whole_and_of_the_warning_while_it_warns():
    bar = model(7200, total=14400)
    assert bar.share(0) == 0.5
    assert bar.mark() == 900 / 14400
    assert bar.share(7200 - 450) == 0.5
    assert bar.share(7200 - 30) == 0.5
    assert model(7200).share(0) is None
    assert model(None).share(0) is None
    assert model(7200).mark() is None


def test_an_ending_comes_before_the_time_and_is_the_last_level():
    bar = model(6120)
    bar.take(Ending("The operator ends this session.", 10), 100)
    assert (bar.left(104), bar.level(104), bar.share(105)) == (6, Level.LAST, 0.5)
    early = model(5)
    early.take(Ending("The operator ends this session.", 10), 0)
    assert early.left(0) == 5


def test_used_time_grows_while_somebody_sits_here():
    bar = model(6120, used_today=100, used_week=200)
    assert (bar.used_today(60), bar.used_week(60)) == (160, 260)


def test_messages_are_shown_one_after_the_other_and_each_once():
    bar = model()
    assert bar.acknowledge() is None
    for identity in (7, 7, 8):
        bar.take(Notice(identity, "Nadia", "Save.", 0), 0)
    assert (bar.notice().id, bar.waiting()) == (7, 2)
    assert (bar.acknowledge(), bar.acknowledge(), bar.notice()) == (7, 8, None)


def test_a_flood_of_messages_is_bounded():
    bar = model()
    for identity in range(MAX_NOTICES + 50):
        bar.take(Notice(identity, "", "x", 0), 0)
    assert bar.waiting() == MAX_NOTICES


@given(
    st.none() | st.floats(0, 1e6),
    st.lists(st.floats(1, 1e5), max_size=5).map(lambda times: tuple(sorted(times, reverse=True))),
    st.floats(0, 2e6),
)
def test_it_never_sleeps_over_a_change_and_urgency_only_grows(left, warn_at, now):
    bar = model(left, warn_at=warn_at)
    wait = bar.next_change(now)
    assert 0 < wait <= 60
    assert bar.level(now + wait / 2) is bar.level(now) or bar.left(now) == 0
    assert bar.level(now + 100) >= bar.level(now)
    assert bar.share(now) is None or 0 <= bar.share(now) <= 1

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.people.ends import End
from asyncluster.ndm.session.ending import FAREWELL, Course, Move


def test_a_deadline_ends_it_to_the_second():
    course = Course(100.0, grace=10.0)
    assert course.move(99.9, alive=True) is Move.WAIT
    assert course.wake_at() == 100.0
    assert course.move(100.0, alive=True) is Move.ASK
    assert (course.reason, course.ended, course.wake_at()) == (End.TIME, 100.0, 110.0)
    assert course.move(109.9, alive=True) is Move.WAIT
    assert course.move(110.0, alive=True) is Move.KILL


def test_who_slept_through_the_deadline_has_not_used_the_night():
    course = Course(100.0, grace=10.0)
    assert course.move(30_000.0, alive=True) is Move.ASK
    assert (course.ended, course.wake_at()) == (100.0, 30_010.0)


def test_all_gone_is_over_at_once():
    course = Course(None, grace=10.0)
    course.end(End.KICKED, 5.0)
    assert course.move(5.0, alive=True) is Move.ASK
    assert course.move(6.0, alive=False) is Move.KILL


@pytest.mark.parametrize(("reason", "patience"), [(End.LOGOUT, FAREWELL), (End.CRASHED, FAREWELL), (End.KICKED, 10.0)])
def test_who_has_left_needs_no_time_to_save(reason, patience):
    course = Course(None, grace=10.0)
    course.end(reason, 5.0)
    assert course.wake_at() == 5.0 + patience


def test_the_first_reason_counts_and_a_later_one_only_shortens():
    course = Course(None, grace=10.0)
    course.end(End.KICKED, 5.0)
    course.end(End.CRASHED, 6.0)
    assert (course.reason, course.ended, course.wake_at()) == (End.KICKED, 5.0, 6.0 + FAREWELL)
    course.end(End.TIME, 6.5)
    assert course.wake_at() == 6.0 + FAREWELL


def test_a_window_manager_that_obeys_takes_no_time_from_programs_that_save():
    course = Course(None, grace=10.0)
    course.end(End.KICKED, 5.0)
    assert course.move(5.0, alive=True) is Move.ASK
    course.end(End.LOGOUT, 5.1)
    assert (course.reason, course.wake_at()) == (End.KICKED, 15.0)


def test_without_a_steward_it_ends_after_grace_unless_one_comes():
    course = Course(None, grace=10.0)
    course.steward_lost(5.0)
    assert course.move(14.9, alive=True) is Move.WAIT
    course.steward_back()
    assert course.move(60.0, alive=True) is Move.WAIT
    course.steward_lost(70.0)
    assert course.wake_at() == 80.0
    assert course.move(80.0, alive=True) is Move.KILL
    assert course.reason is End.NODE_STOPPED


def test_a_new_deadline_moves_the_end_both_ways():
    course = Course(100.0, grace=10.0)
    course.deadline = 200.0
    assert course.move(150.0, alive=True) is Move.WAIT
    course.deadline = None
    assert course.wake_at() is None
    course.deadline = 120.0
    assert course.move(150.0, alive=True) is Move.ASK


@given(
    st.lists(st.tuples(st.sampled_from(["end", "lost", "back", "deadline"]), st.floats(0, 5)), max_size=20),
    st.floats(0, 30),
)
def test_every_course_comes_to_its_end(events, grace):
    """Whatever happens, once it ends it is over within the grace, and asks politely at most once."""
    course, now, asked = Course(50.0, grace), 0.0, 0
    for event, wait in events:
        now += wait
        match event:
            case "end":
                course.end(End.LOGOUT, now)
            case "lost":
                course.steward_lost(now)
            case "back":
                course.steward_back()
            case "deadline":
                course.deadline = now + 10
    for _ in range(10):
        move = course.move(now, alive=True)
        asked += move is Move.ASK
        if move is Move.KILL:
            break
        wake = course.wake_at()
        assert wake is not None
        assert move is Move.ASK or wake > now
        now = max(now, wake)
    assert move is Move.KILL
    assert asked <= 1

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.wire.environments import EnvironmentFailure, EnvironmentsHeld
from asyncluster.ndm.environments.collection import RETRY_SECONDS, Collection, Get, Leave, Remove, Report

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64


def held(*keys: str, **failed: str) -> Report:
    return Report(EnvironmentsHeld(list(keys), [EnvironmentFailure(key, words) for key, words in failed.items()]))


@pytest.fixture
def collection() -> Collection:
    return Collection([ONE])


def test_it_gets_what_it_lacks_one_at_a_time_and_says_what_it_has(collection):
    collection.want([TWO, THREE, ONE], 0.0)
    assert collection.take() == [held(ONE), Get(TWO)]
    assert collection.tick(1.0) is None
    collection.got(TWO, 2.0)
    assert collection.take() == [held(ONE, TWO), Get(THREE)]
    collection.got(THREE, 3.0)
    assert collection.take() == [held(ONE, TWO, THREE)]


def test_what_is_not_wanted_any_more_goes(collection):
    collection.want([TWO], 0.0)
    assert collection.take() == [Remove(ONE), held(), Get(TWO)]
    collection.want([], 1.0)
    assert collection.take() == [Leave(TWO), held()]
    collection.got(TWO, 2.0)  # too late
    assert collection.take() == []


def test_a_failure_is_told_and_tried_again_later(collection):
    collection.want([TWO], 0.0)
    collection.take()
    collection.failed(TWO, "There is no room.", 5.0)
    assert collection.take() == [held(**{TWO: "There is no room."})]
    assert collection.tick(10.0) == 5.0 + RETRY_SECONDS
    assert collection.take() == []
    collection.tick(5.0 + RETRY_SECONDS)
    assert collection.take() == [Get(TWO)]
    collection.got(TWO, 400.0)
    assert collection.take() == [held(TWO)]


def test_one_that_was_taken_back_and_is_wanted_again_is_tried_at_once(collection):
    collection.want([TWO], 0.0)
    collection.failed(TWO, "There is no room.", 1.0)
    collection.want([], 2.0)
    collection.take()
    collection.want([TWO], 3.0)
    assert collection.take() == [held(), Get(TWO)]


def test_without_a_master_nothing_is_begun_and_nothing_told(collection):
    collection.want([TWO, THREE], 0.0)
    collection.take()
    collection.disconnected()
    collection.got(TWO, 1.0)
    assert collection.take() == []
    assert collection.getting is None
    collection.want([TWO, THREE], 2.0)
    assert collection.take() == [held(TWO), Get(THREE)]
    collection.disconnected()
    collection.failed(THREE, "No room.", 3.0)
    assert collection.tick(3.0 + RETRY_SECONDS) is None


_KEYS = st.sampled_from([ONE, TWO, THREE])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("want"), st.lists(_KEYS)),
            st.tuples(st.sampled_from(["got", "failed"]), _KEYS),
            st.tuples(st.sampled_from(["disconnected", "tick"]), st.none()),
        ),
        max_size=30,
    )
)
def test_in_the_end_it_has_what_is_wanted_whatever_happened(steps):
    collection, now = Collection([ONE]), 0.0
    disk = {ONE}

    def carry_out() -> None:
        for step in collection.take():
            if isinstance(step, Remove):
                disk.remove(step.key)
            if isinstance(step, Report):
                assert set(step.message.keys) == disk

    for what, argument in steps:
        now += 100.0
        if what == "want":
            collection.want(argument, now)
        elif what == "got":
            if collection.getting == argument:
                disk.add(argument)
            collection.got(argument, now)
        elif what == "failed":
            collection.failed(argument, "No.", now)
        elif what == "disconnected":
            collection.disconnected()
        else:
            collection.tick(now)
        carry_out()
    collection.want([TWO, THREE], now)
    for _ in range(10):
        carry_out()
        now += RETRY_SECONDS
        collection.tick(now)
        if collection.getting is not None:
            disk.add(collection.getting)
            collection.got(collection.getting, now)
    assert disk == {TWO, THREE}

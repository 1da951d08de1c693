from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lab import NOW, Lab

from asyncluster.console.state import jobs
from asyncluster.core.qt.tokens import State

LAB = Lab()


@pytest.mark.parametrize(
    ("number", "word", "badge", "to_go"),
    [
        (214, "Running", State.COMPUTING, "17 min"),
        (212, "Finishing", State.DRAINING, "60 s"),
        (218, "Queued", State.IDLE, "waits"),
        (220, "No calls", State.IDLE, "\u2013"),
        (206, "Broken", State.ERROR, "13:57"),
        (205, "Done", "check", "13:57"),
    ],
)
def test_what_is_said_of_a_job(number, word, badge, to_go):
    job = LAB.jobs[number]
    assert jobs.word_of(job) == word
    assert jobs.badge_of(job) == badge
    assert jobs.to_go(job, NOW, UTC) == to_go


def test_jobs_that_need_attention_come_first():
    order = [job.number for job in sorted(LAB.jobs.values(), key=jobs.order_of)]
    assert order == [217, 215, 214, 212, 211, 209, 219, 218, 220, 206, 205]


@given(st.lists(st.integers(0, 1000), max_size=54), st.floats(0.01, 1))
def test_a_quantile_lies_in_the_bucket_where_the_calls_are(durations, share):
    value = jobs.quantile(durations, share)
    total = sum(durations)
    if not total:
        assert value == 0
        return
    below = sum(count for place, count in enumerate(durations) if 2.0**place <= value)
    within = sum(count for place, count in enumerate(durations) if 2.0**place / 2 < value or (place == 0 and value > 0))
    assert below <= share * total + 1e-6
    assert within >= share * total - 1e-6


def test_the_histogram_is_cut_to_what_has_calls():
    spread = jobs.spread_of([0] * 10 + [5, 0, 20] + [0] * 5)
    assert spread is not None
    assert (spread.first, spread.counts) == (9, (0, 5, 0, 20, 0))
    assert spread.median < spread.most
    assert jobs.spread_of([0, 0]) is None

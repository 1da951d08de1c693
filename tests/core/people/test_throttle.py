from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.people.throttle import LONGEST, Failures, wait

NOW = 1_000_000


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 0), (4, 0), (5, 2), (6, 4), (7, 8), (8, 16), (9, 32), (10, 60), (11, 60), (500, 60)],
)
def test_one_person_at_one_node_has_five_tries_and_then_waits_longer_and_longer(failures: int, seconds: int) -> None:
    assert wait(Failures(pair=[NOW] * failures), NOW) == seconds


@pytest.mark.parametrize(("failures", "seconds"), [(29, 0), (30, 60), (90, 60)])
def test_a_person_may_be_guessed_thirty_times_an_hour(failures: int, seconds: int) -> None:
    assert wait(Failures(user=[NOW] * failures), NOW) == seconds


@pytest.mark.parametrize(("failures", "seconds"), [(59, 0), (60, 60), (90, 60)])
def test_a_node_may_guess_sixty_times_an_hour(failures: int, seconds: int) -> None:
    assert wait(Failures(node=[NOW] * failures), NOW) == seconds


def test_the_wait_counts_from_the_latest_failure() -> None:
    assert wait(Failures(pair=[NOW - 5, NOW - 9, NOW - 90, NOW - 91, NOW - 92, NOW - 93, NOW - 94]), NOW) == 3
    assert wait(Failures(pair=[NOW - 8] * 7), NOW) == 0


times = st.lists(st.integers(NOW - 10**9, NOW + 10**9), max_size=80)


@given(times, times, times)
def test_nobody_is_locked_out_whatever_happened_to_the_clock(pair: list[int], user: list[int], node: list[int]) -> None:
    assert 0 <= wait(Failures(pair, user, node), NOW) <= LONGEST

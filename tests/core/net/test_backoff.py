from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.net.backoff import Backoff


def test_the_bound_doubles_from_one_second_to_a_minute() -> None:
    backoff = Backoff(lambda: 0.999999)
    assert [round(backoff.next()) for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_after_a_good_connection_it_begins_anew() -> None:
    backoff = Backoff(lambda: 0.5)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20))
def test_waits_are_spread_over_all_of_the_bound(draws: list[float]) -> None:
    values = iter(draws)
    backoff = Backoff(lambda: next(values))
    for number, draw in enumerate(draws):
        assert backoff.next() == draw * min(2**number, 60)

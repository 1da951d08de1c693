from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from asyncluster.core.net.backoff import Backoff
from asyncluster.core.wire import limits

BOUNDS = [0.25, 0.5, 1, *[2] * 20, 4, 8, 16, 30, 30, 30]


def test_the_bound_doubles_up_to_half_a_minute_but_rests_while_a_master_may_restart() -> None:
    backoff = Backoff(lambda: 0.999999)
    assert [round(backoff.next(), 2) for _ in BOUNDS] == BOUNDS


def test_a_master_on_the_same_machine_is_looked_for_often_at_first_and_then_like_any_other() -> None:
    backoff = Backoff(lambda: 0.999999, near=True)
    near = [limits.RECONNECT_NEAR_SECONDS] * limits.RECONNECT_NEAR_ATTEMPTS
    for _ in range(2):
        assert [round(backoff.next(), 2) for _ in (*near, *BOUNDS)] == [*near, *BOUNDS]
        backoff.reset()


def test_whatever_was_wrong_a_node_is_back_within_a_minute() -> None:
    assert limits.CONNECT_SECONDS + limits.RECONNECT_LAST_SECONDS < 60


def test_after_a_good_connection_it_begins_anew() -> None:
    backoff = Backoff(lambda: 0.5)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert backoff.next() == 0.5 * BOUNDS[0]


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=len(BOUNDS)))
def test_waits_are_spread_over_all_of_the_bound(draws: list[float]) -> None:
    values = iter(draws)
    backoff = Backoff(lambda: next(values))
    for draw, bound in zip(draws, BOUNDS, strict=False):
        assert backoff.next() == draw * bound

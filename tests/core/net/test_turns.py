from __future__ import annotations

from collections.abc import Callable

import pytest

from asyncluster.core.net.turns import OneByOne


class Turns:
    """Calls of the next turn, as a real reactor has them; `task.Clock` also runs those that come up meanwhile."""

    def __init__(self) -> None:
        self._next: list[Callable[[], None]] = []

    def callLater(self, delay: float, call: Callable[[], None]) -> None:
        assert delay == 0
        self._next.append(call)

    def turn(self) -> None:
        calls, self._next = self._next, []
        for call in calls:
            call()


def test_jobs_run_in_order_one_a_turn() -> None:
    clock, done = Turns(), []
    queue = OneByOne(clock)
    for name in "abc":
        queue.add(lambda name=name: done.append(name))
    history = []
    for _ in range(4):
        history.append((list(done), queue.idle))
        clock.turn()
    assert history == [([], False), (["a"], False), (["a", "b"], False), (["a", "b", "c"], True)]


def test_a_job_may_add_another_which_waits_for_the_next_turn() -> None:
    clock, done = Turns(), []
    queue = OneByOne(clock)
    queue.add(lambda: (queue.add(lambda: done.append("later")), done.append("first")))
    clock.turn()
    assert done == ["first"]
    clock.turn()
    assert done == ["first", "later"]


def test_a_job_that_fails_does_not_stop_the_queue() -> None:
    clock, done = Turns(), []
    queue = OneByOne(clock)
    queue.add(lambda: 1 // 0)
    queue.add(lambda: done.append("next"))
    with pytest.raises(ZeroDivisionError):
        clock.turn()
    clock.turn()
    assert done == ["next"]
    assert queue.idle

from __future__ import annotations

from benchmarks.budget import Budget


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_took_long_fits_only_while_there_is_time():
    clock = Clock()
    budget = Budget(60.0, clock)
    assert budget.fits("never seen")
    budget.took("ray", 40.0)
    budget.took("ray", 10.0)  # the longest time counts
    assert budget.fits("ray")
    clock.now += 20.0
    assert budget.left == 40.0
    assert not budget.fits("ray")  # 40 s with a margin are more than 40 s
    assert not budget.fits("guessed", 39.0)


def test_nothing_is_left_after_the_end():
    clock = Clock()
    budget = Budget(1.0, clock)
    clock.now += 5.0
    assert budget.left == 0.0
    budget.took("x", 0.1)
    assert not budget.fits("x")

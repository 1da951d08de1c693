from __future__ import annotations

from asyncluster.core.people.clock import SteadyClock


class Times:
    def __init__(self) -> None:
        self.wall = 1000.0
        self.monotonic = 5.0
        self.steps: list[int] = []
        self.clock = SteadyClock(lambda: self.wall, lambda: self.monotonic, self.steps.append)

    def pass_(self, monotonic: float, wall: float) -> int:
        self.monotonic += monotonic
        self.wall += wall
        return self.clock.now()


def test_time_that_passes_is_no_step() -> None:
    times = Times()
    assert times.pass_(30, 30.01) == 1030
    for _ in range(10_000):
        times.pass_(30, 30.01)  # slewing
    assert times.steps == []
    assert abs(times.clock.now() - times.wall) <= 1


def test_a_clock_that_is_set_is_followed_and_told_once() -> None:
    times = Times()
    assert times.pass_(30, 3630) == 4630
    assert times.pass_(30, 30) == 4660
    assert times.pass_(30, -7170) == -2510
    assert times.steps == [3600, -7200]

"""Nobody gains or loses time, whatever is cut, killed or set. The long run is that of test_simulation.py."""

from __future__ import annotations

import pytest
from simulation.people.room import FAULTS, play_people
from simulation.playing import replay


@pytest.mark.parametrize("seed", range(3))
def test_the_books_are_true(seed: int) -> None:
    played = play_people(seed)
    assert played.faults.total() == FAULTS
    assert not played.violations, replay(played)

"""Nobody gains or loses time, whatever is cut, killed or set."""

from __future__ import annotations

import pytest
from simulation.people import Room
from simulation.planted import PEOPLE_BUGS, Bug, planted

_FAULTS = 60  # in one run


@pytest.mark.parametrize("seed", range(3))
def test_the_books_are_true(seed: int) -> None:
    assert Room(seed).play(_FAULTS) == []


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_the_books_are_true_after_ten_thousand_faults() -> None:
    found = {seed: violations for seed in range(1000, 1170) if (violations := Room(seed).play(_FAULTS))}
    assert not found


@pytest.mark.parametrize("bug", PEOPLE_BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    with planted(bug):
        found = (violation.invariant for seed in range(10) for violation in Room(seed).play(_FAULTS))
        assert any(invariant in bug.found_as for invariant in found)

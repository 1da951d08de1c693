"""Each bug that is planted into the real code is found: the simulation can fail."""

from __future__ import annotations

import pytest
from simulation.planted import BUGS, Bug, planted
from simulation.playing import PLAYERS

_SEEDS, _MANY_SEEDS = 20, 400
_COMMON = [bug for bug in BUGS if not bug.rare]
_RARE = [bug for bug in BUGS if bug.rare]


def _seed_that_finds(bug: Bug, seeds: int) -> int | None:
    for seed in range(seeds):
        with planted(bug):
            played = PLAYERS["calm" if bug.calm else "small"](seed)
        if any(violation.invariant in bug.found_as for violation in played.violations):
            return seed
    return None


@pytest.mark.parametrize("bug", _COMMON, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    assert _seed_that_finds(bug, _SEEDS) is not None, f"{bug.name}: not found by {_SEEDS} seeds"


@pytest.mark.faults
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("bug", _RARE, ids=lambda bug: bug.name)
def test_a_planted_bug_that_shows_rarely_is_found(bug: Bug) -> None:
    assert _seed_that_finds(bug, _MANY_SEEDS) is not None, f"{bug.name}: not found by {_MANY_SEEDS} seeds"


def test_a_bug_that_does_not_fit_the_code_is_refused() -> None:
    bug = Bug("none", BUGS[0].owner, BUGS[0].method, "no such line", "", frozenset())
    with pytest.raises(LookupError, match="has changed"), planted(bug):
        pass

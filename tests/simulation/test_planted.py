"""Each bug that is planted into the real code is found: the simulation can fail, and so can the tests that stand in."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from simulation import figures
from simulation.planted import BUGS, Bug, named, planted
from simulation.playing import PLAYERS

_ROOT = Path(__file__).parents[2]
_SEEDS, _MANY_SEEDS = 20, 400
_COMMON = [bug for bug in BUGS if not bug.rare and not bug.test]
_TESTED = [bug for bug in BUGS if bug.test]


def _seed_that_finds(bug: Bug, seeds: int) -> int | None:
    for seed in range(seeds):
        with planted(bug):
            played = PLAYERS[bug.profile](seed)
        if any(violation.invariant in bug.found_as for violation in played.violations):
            return seed
    return None


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_fits_the_code(bug: Bug) -> None:
    with planted(bug):
        pass


@pytest.mark.parametrize("bug", _COMMON, ids=lambda bug: bug.name)
def test_a_planted_bug_is_found(bug: Bug) -> None:
    assert _seed_that_finds(bug, _SEEDS) is not None, f"{bug.name}: not found by {_SEEDS} seeds"


@pytest.mark.faults
@pytest.mark.parametrize("bug", _TESTED, ids=lambda bug: bug.name)
def test_a_planted_bug_fails_its_test(bug: Bug) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--plant", bug.name, bug.test],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout


@pytest.mark.faults
@pytest.mark.timeout(7200)
def test_every_planted_bug_is_found() -> None:
    """Those that show rarely, too; and the table of them in docs/guarantees.md."""
    seeds = {bug: _seed_that_finds(bug, _MANY_SEEDS) for bug in BUGS if not bug.test}
    missed = [bug.name for bug, seed in seeds.items() if seed is None]
    assert not missed, f"not found by {_MANY_SEEDS} seeds: {missed}"
    figures.write(figures.bugs({bug: seeds.get(bug) for bug in BUGS}), "bugs")


def test_every_bug_is_in_the_table_of_the_last_run() -> None:
    page = figures.PAGE.read_text()
    assert [bug.name for bug in BUGS if f"| {bug.name} |" not in page] == []


def test_a_bug_that_does_not_fit_the_code_is_refused() -> None:
    bug = Bug("none", BUGS[0].owner, BUGS[0].method, "no such line", "")
    with pytest.raises(LookupError, match="has changed"), planted(bug):
        pass
    with pytest.raises(LookupError, match="There are: results"):
        named("none")

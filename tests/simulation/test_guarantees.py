"""docs/guarantees.md names tests that exist and invariants that are checked."""

from __future__ import annotations

import re

from simulation import checker, people
from simulation.figures import PAGE

_ROOT = PAGE.parents[1]


def test_every_test_that_is_named_exists() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE.read_text())
    assert named
    missing = [f"{file}::{name}" for file, name in named if not re.search(rf"def {name}\(", (_ROOT / file).read_text())]
    assert not missing


def test_every_invariant_of_the_simulation_stands_behind_a_guarantee() -> None:
    page = PAGE.read_text()
    rows = [line.split("|")[3] for line in page.splitlines() if line.startswith("|") and line.count("|") == 5]
    claimed = {word.strip() for row in rows for word in row.split(",")}
    documented = re.findall(r"^    ([a-z][a-z ]*?)  +", f"{checker.__doc__}\n{people.__doc__}", re.MULTILINE)
    assert set(documented) - {"failure"} <= claimed

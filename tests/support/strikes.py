"""Faults by number: how often a test strikes, with which seeds, and the table of what came of it.

`@faults("F1", "kill -9 of a worker", push=10, nightly=300)` gives a test its `strikes`, once for `make test` and once
for `make test-faults`, which also writes what it saw into the table of docs/guarantees.md. The test iterates over them:
each strike has a seed and randomness of its own. What fails names the seed; ASYNCLUSTER_TEST_SEED plays that one alone.
ASYNCLUSTER_TEST_SHARE=0.1 makes the long runs a tenth as long.
"""

from __future__ import annotations

import fcntl
import math
import os
import platform
import random
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
BEGIN, END = "<!-- processes: begin -->", "<!-- processes: end -->"
_HEAD = ["| | fault | runs | violations | slowest to be well again | run on | |", "|---|---|---|---|---|---|---|"]
_NAMES = {False: "push", True: "nightly"}
_ENDLESS = 1_000_000
_SEED = "ASYNCLUSTER_TEST_SEED"
_SHARE = "ASYNCLUSTER_TEST_SHARE"


@dataclass(frozen=True)
class Plan:
    """What a test is going to do.

    Attributes:
        number: of the fault, such as "F1".
        what: is done.
        times: how often.
        long: whether it belongs to `make test-faults`.
        minutes: it goes on for so long, however often that is; None: `times` decides.
    """

    number: str
    what: str
    times: int
    long: bool
    minutes: float | None = None


@dataclass
class Strike:
    """One fault that is about to happen."""

    seed: int
    random: random.Random


@dataclass
class Strikes:
    """The strikes of one test, and what came of them.

    Attributes:
        begun, passed: how many.
        slowest: seconds until the cluster was well again, at most.
        note: what else is worth knowing.
    """

    plan: Plan
    begun: int = 0
    passed: int = 0
    slowest: float = 0.0
    note: str = ""
    _seed: int = field(default=0)

    def __iter__(self) -> Iterator[Strike]:
        only = os.environ.get(_SEED)
        share = float(os.environ.get(_SHARE, "1")) if self.plan.long else 1.0
        first = 10_000 if self.plan.long else 1
        seeds = [int(only)] if only else range(first, first + max(1, round(self.plan.times * share)))
        end = time.monotonic() + 60 * self.plan.minutes if self.plan.minutes else math.inf
        for self._seed in seeds:
            if time.monotonic() > end:
                return
            self.begun += 1
            yield Strike(self._seed, random.Random(f"{self.plan.number} {self.plan.what} {self._seed}"))
            self.passed += 1

    def healed(self, seconds: float) -> None:
        """It was well again after so long."""
        self.slowest = max(self.slowest, seconds)

    def replay(self, test: str) -> str:
        """How to see the last strike once more."""
        return f"{self.plan.number}: {_SEED}={self._seed} python -m pytest '{test}'"

    def row(self) -> str:
        """Its line of the table."""
        slowest = f"{self.slowest:.1f} s" if self.slowest else ""
        return (
            f"| {self.plan.number} | {self.plan.what} | {self.passed:,} | {self.begun - self.passed} "
            f"| {slowest} | {datetime.now(UTC):%d %B %Y} | {self.note} |"
        )


def faults(number: str, what: str, *, push: int, nightly: int) -> pytest.MarkDecorator:
    """Marks a test; see the module."""
    return _planned(Plan(number, what, push, False), Plan(number, what, nightly, True))


def soak(number: str, what: str, *, minutes: float) -> pytest.MarkDecorator:
    """Marks a test that strikes for some time, in `make test-faults` only."""
    return _planned(Plan(number, what, _ENDLESS, True, minutes))


def _planned(*plans: Plan) -> pytest.MarkDecorator:
    limits = [pytest.mark.faults, pytest.mark.timeout(7200)]
    params = [pytest.param(plan, id=_NAMES[plan.long], marks=limits if plan.long else ()) for plan in plans]
    return pytest.mark.parametrize("strikes", params, indirect=True)


@pytest.fixture
def strikes(request: pytest.FixtureRequest) -> Iterator[Strikes]:
    """What `faults` has planned."""
    made = Strikes(request.param)
    yield made
    if made.begun != made.passed:
        print(made.replay(request.node.nodeid))
    if made.plan.long and _SEED not in os.environ:
        note(made)


def note(strikes: Strikes, page: Path = PAGE) -> None:
    """Puts the row in its place of the page's table, instead of that of an earlier run."""
    with page.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before, _, rest = file.read().partition(BEGIN)
        old, _, after = rest.partition(END)
        file.seek(0)
        file.write(f"{before}{BEGIN}\n\n{table(old, strikes)}\n\n{END}{after}")
        file.truncate()


def table(old: str, strikes: Strikes) -> str:
    """The table with this row."""
    rows = {tuple(line.split(" | ")[:2]): line for line in old.splitlines() if re.match(r"\| F\d", line)}
    new = strikes.row()
    rows[tuple(new.split(" | ")[:2])] = new
    ordered = sorted(rows.values(), key=lambda row: int(re.findall(r"\d+", row)[0]))
    runs = sum(int(row.split(" | ")[2].replace(",", "")) for row in ordered)
    violations = sum(int(row.split(" | ")[3]) for row in ordered)
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    return "\n".join([f"{runs:,} runs, {violations} violations; {machine}.", "", *_HEAD, *ordered])

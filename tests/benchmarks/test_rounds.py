"""The harness with scripts of its own instead of real systems."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from benchmarks import rounds
from benchmarks.budget import Budget
from benchmarks.catalogue import System
from benchmarks.table import Table
from benchmarks.workloads import Size

ONE = System("One", "processpool", "", Size(singles=20, trips=20, repeats=1))
GONE = System("Gone", "no_such_system", "", Size())


@pytest.fixture(autouse=True)
def only_our_children(monkeypatch):
    """The harness would end everything below the process of the tests."""
    monkeypatch.setattr(rounds, "adopt_orphans", lambda: None)
    monkeypatch.setattr(rounds, "end_descendants", lambda: None)


def run(systems, workloads, number=1, seconds=60.0, table=None) -> Table:
    table = table or Table()
    budget = Budget(seconds, time.monotonic)
    rounds.run_rounds(table, systems, workloads, Path(sys.executable), number, budget)
    return table


def test_a_system_runs_once_a_round():
    table = run([ONE], ["singles", "round trip"], number=2)
    assert len(table.all("One", "singles", "calls_s")) == 2
    assert len(table.all("One", "first result", "seconds")) == 2
    assert table.median("One", "round trip", "p99_ms") >= table.median("One", "round trip", "p50_ms") > 0
    assert not table.errors


def test_one_that_does_not_start_is_named_once_and_spoils_nothing():
    table = run([GONE, ONE], ["singles"], number=2)
    assert "no_such_system" in table.errors["Gone", "first result"]
    assert len(table.all("One", "singles", "calls_s")) == 2


def test_what_does_not_fit_is_said():
    table = run([ONE], ["singles"], seconds=-1.0)
    assert table.notes["One", "pass"] == "time was over after 0 rounds"
    assert not table.all("One", "singles", "calls_s")


def test_a_workload_that_a_system_has_failed_is_not_asked_of_it_again():
    table = Table()
    table.errors["One", "singles"] = "not done after 60 s"
    table = run([ONE], ["singles", "round trip"], table=table)
    assert not table.all("One", "singles", "calls_s")
    assert len(table.all("One", "round trip", "p50_ms")) == 1
    assert table.errors == {("One", "singles"): "not done after 60 s"}

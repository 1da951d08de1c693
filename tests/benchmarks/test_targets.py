# ruff: noqa: RUF001 - as people read them
from __future__ import annotations

import pytest

from benchmarks.catalogue import ASYNCLUSTER, POOL
from benchmarks.report import mark, shown
from benchmarks.table import Table
from benchmarks.targets import TARGETS


def target(figure: str, unit: str):
    (found,) = [each for each in TARGETS if each.figure == figure and each.unit == unit]
    return found


@pytest.mark.parametrize(("rate", "words"), [(39.0, "NOT REACHED"), (40.0, "reached"), (41.0, "reached")])
def test_a_rate_beside_another_system(rate, words):
    table = Table()
    table.add(ASYNCLUSTER, "singles", {"calls_s": rate})
    table.add(POOL, "singles", {"calls_s": 10.0})
    pool = target("one by one", "× ProcessPoolExecutor")
    assert mark(pool, table) == words
    assert pool.words == "≥ 4 × ProcessPoolExecutor"


@pytest.mark.parametrize(("seconds", "words"), [(0.1, "reached"), (0.11, "NOT REACHED")])
def test_a_time_of_our_own(seconds, words):
    table = Table()
    table.add(ASYNCLUSTER, "new job", {"seconds": seconds})
    assert mark(target("a new job's first result", "s"), table) == words


def test_the_tail_is_compared_within_its_round():
    table = Table()
    for p50, p99 in ((1.0, 2.0), (10.0, 25.0), (1.0, 9.0)):
        table.add(ASYNCLUSTER, "round trip", {"p50_ms": p50, "p99_ms": p99})
    assert target("round trip p99", "× its p50").measured(table) == 2.5


def test_the_grid_is_as_flat_as_its_extremes():
    table = Table()
    table.add(ASYNCLUSTER, "scale", {"10_nodes_1000_queued_us": 2.0, "1000_nodes_1000_queued_us": 3.0})
    flat = target("master's CPU a call, dearest against cheapest", "×")
    assert flat.measured(table) == 1.5
    assert not flat.reached(table)


def test_nobody_claims_what_was_not_measured():
    table = Table()
    assert {mark(each, table) for each in TARGETS} == {"not measured"}
    assert {shown(each, table) for each in TARGETS} == {"–"}

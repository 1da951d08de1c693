from __future__ import annotations

from benchmarks.catalogue import ASYNCLUSTER, POOL, SYSTEMS
from benchmarks.report import render, summary
from benchmarks.table import Table
from benchmarks.targets import TARGETS


def test_every_system_has_its_line_even_one_that_did_not_run():
    table = Table()
    table.errors["Ray", "installation"] = "No matching distribution found for ray"
    page = render(table, "a machine", "plot.png")
    for system in SYSTEMS:
        assert f"| {system.name} |" in page or f"| **{system.name}** |" in page
    assert "* Ray, installation: No matching distribution found for ray" in page


def test_figures_come_with_their_spread_and_ratio():
    table = Table()
    for rate in (100_000.0, 120_000.0, 110_000.0):
        table.add(ASYNCLUSTER, "singles", {"calls_s": rate, "cpu_us": 20.0})
    table.add(POOL, "singles", {"calls_s": 10_000.0, "cpu_us": 80.0})
    page = render(table, "a machine", "plot.png")
    line = next(line for line in page.splitlines() if line.startswith("| **AsynCluster** | 110,000"))
    assert "(100,000–120,000)" in line  # noqa: RUF001
    assert "| 11 |" in line


def test_a_failure_stands_in_its_table():
    table = Table()
    table.add_line("Dask", {"workload": "map", "error": "TimeoutError: too slow"})
    assert "| Dask | – | – | – | 2,000 | – | – | TimeoutError: too slow |" in render(table, "", "")  # noqa: RUF001


def test_the_summary_has_a_line_per_target():
    assert len(summary(Table()).splitlines()) == len(TARGETS)

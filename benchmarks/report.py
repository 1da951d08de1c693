"""RESULTS.md from a `Table`: what was reached, then a table per workload. Pure."""

# ruff: noqa: RUF001 - people read these dashes and times signs
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from benchmarks.catalogue import ASYNCLUSTER, POOL, SYSTEMS
from benchmarks.table import Table
from benchmarks.targets import TARGETS, Target
from benchmarks.workloads import AMOUNTS


class Column(NamedTuple):
    """A figure in a table: its name, what people read, and how it is written."""

    figure: str
    title: str
    form: str


class Sheet(NamedTuple):
    """A workload as a table."""

    workload: str
    title: str
    columns: Sequence[Column]


_RATE = (Column("calls_s", "calls/s", ",.0f"), Column("cpu_us", "CPU µs a call, all processes", ",.1f"))
SHEETS = (
    Sheet("singles", "No-op calls one by one, each with a future", _RATE),
    Sheet("many", "The same, many", _RATE),
    Sheet("map", "No-op calls by the system's own map", _RATE),
    Sheet(
        "round trip",
        "Round trip, one at a time",
        (Column("p50_ms", "p50 ms", ".3f"), Column("p99_ms", "p99 ms", ".3f")),
    ),
    Sheet(
        "payload",
        "1 MiB there and back",
        (Column("bytes_MB_s", "bytes, MB/s", ",.0f"), Column("numpy_MB_s", "numpy, MB/s", ",.0f")),
    ),
    Sheet("broadcast", "64 MiB to all workers, then calls that use it", (Column("seconds", "s", ".3f"),)),
    Sheet("efficiency", "Calls of 5 ms of a processor", (Column("share", "efficiency", ".3f"),)),
    Sheet(
        "memory",
        "Memory of a queued no-op call",
        (Column("master_bytes", "master, bytes", ",.0f"), Column("client_bytes", "client, bytes", ",.0f")),
    ),
    Sheet("first result", "From starting Python to the first result", (Column("seconds", "s", ".2f"),)),
    Sheet(
        "killed worker",
        "A worker killed in the middle",
        (Column("returned_share", "calls that came back", ".0%"), Column("seconds", "s", ".2f")),
    ),
)


def render(table: Table, machine: str, plot: str) -> str:
    """The whole page."""
    return "\n".join([*_head(machine, plot), *_targets(table), *_sheets(table), *_own(table), *_troubles(table)]) + "\n"


def summary(table: Table) -> str:
    """The targets alone, for a terminal."""
    lines = [f"{mark(target, table):11} {target.figure}: {shown(target, table)} ({target.words})" for target in TARGETS]
    return "\n".join(lines)


def mark(target: Target, table: Table) -> str:
    """Whether a target was reached, in words."""
    return {True: "reached", False: "NOT REACHED", None: "not measured"}[target.reached(table)]


def shown(target: Target, table: Table) -> str:
    """What was measured."""
    value = target.measured(table)
    return "–" if value is None else f"{value:.3g}"


def _head(machine: str, plot: str) -> Iterator[str]:
    yield "# Results"
    yield "\nWritten by `make bench`; do not edit. docs/performance.md says where the time goes.\n"
    yield machine
    yield f"\n![Calls a second, round trips and CPU of all systems]({plot})\n"


def _targets(table: Table) -> Iterator[str]:
    yield "## Targets\n"
    yield "| figure | target | measured | |\n|---|---|---|---|"
    for target in TARGETS:
        yield f"| {target.figure} | {target.words} | {shown(target, table)} | {mark(target, table)} |"


def _sheets(table: Table) -> Iterator[str]:
    yield "\n## Beside other systems\n"
    yield "Medians; in brackets the least and the greatest of all rounds. *Others* is the share of the machine's"
    yield "processors that other programs took meanwhile."
    for sheet in SHEETS:
        yield f"\n### {sheet.title}\n"
        titles = [column.title for column in sheet.columns]
        ratio = sheet.columns[0].title
        yield _row(["system", *titles, f"{ratio} in multiples of {POOL}'s", "calls", "rounds", "others", "notes"])
        yield "|---" * (len(titles) + 6) + "|"
        yield from (_row(_cells(table, sheet, system.name)) for system in SYSTEMS)


def _cells(table: Table, sheet: Sheet, system: str) -> Iterator[str]:
    yield f"**{system}**" if system == ASYNCLUSTER else system
    for column in sheet.columns:
        yield _spread(table.all(system, sheet.workload, column.figure), table, column, system, sheet.workload)
    first = sheet.columns[0].figure
    ratio = table.ratio(sheet.workload, first, system, POOL)
    yield "–" if ratio is None else f"{ratio:.3g}"
    yield _amount(sheet.workload, system)
    yield str(len(table.all(system, sheet.workload, first)) or "–")
    others = table.median(system, sheet.workload, "others")
    yield "–" if others is None else f"{others:.0%}"
    yield table.errors.get((system, sheet.workload)) or table.notes.get((system, sheet.workload), "")


def _spread(values: Sequence[float], table: Table, column: Column, system: str, workload: str) -> str:
    if not values:
        return "–"
    median = table.median(system, workload, column.figure)
    text = format(median, column.form)
    return text if len(values) == 1 else f"{text} ({min(values):{column.form}}–{max(values):{column.form}})"


def _amount(workload: str, system: str) -> str:
    size = next(each.size for each in SYSTEMS if each.name == system)
    amount = getattr(size, AMOUNTS[workload]) if workload in AMOUNTS else 1
    return f"{amount:,}" if amount else "–"


def _own(table: Table) -> Iterator[str]:
    yield "\n## AsynCluster alone, the desk, and the physical floor\n"
    yield "| | figure | |\n|---|---|---|"
    sheets = {sheet.workload for sheet in SHEETS} | {"pass"}
    for system, workload, figure in table.places():
        if workload not in sheets and figure != "others":
            value = table.median(system, workload, figure)
            count = len(table.all(system, workload, figure))
            several = f" (median of {count})" if count > 1 else ""
            yield _row([f"{system}: {workload}", figure.replace("_", " "), f"{value:.4g}{several}"])


def _troubles(table: Table) -> Iterator[str]:
    found: Iterable[tuple[tuple[str, str], str]] = [*table.errors.items()]
    found = [*found, *((place, note) for place, note in table.notes.items() if place[1] == "pass")]
    if found:
        yield "\n## What did not run\n"
        yield from (f"* {system}, {workload}: {why}" for (system, workload), why in found)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"

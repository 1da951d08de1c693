"""The figures of the last long runs, as they stand in docs/guarantees.md between marks."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent

from simulation.planted import Bug
from simulation.playing import Tally

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"


def table(tallies: dict[str, tuple[range, Tally]]) -> str:
    """What long runs came to, by profile, as Markdown."""
    total = sum(tally.faults.total() for _seeds, tally in tallies.values())
    found = sum(tally.violations.total() for _seeds, tally in tallies.values())
    seconds = sum(tally.seconds for _seeds, tally in tallies.values())
    lines = [
        f"{total:,} faults, {found} violations, {total / seconds:,.0f} faults a second; {datetime.now(UTC):%d %B %Y}, "
        f"one of {os.cpu_count()} cores, Python {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}.",
        "",
        "| cluster | seeds | runs | calls | faults | violations | processor time |",
        "|---|---|---|---|---|---|---|",
    ]
    for profile, (seeds, tally) in tallies.items():
        lines.append(
            f"| {profile} | {seeds.start} to {seeds.stop - 1} | {tally.runs:,} | {tally.calls:,} "
            f"| {tally.faults.total():,} | {tally.violations.total()} | {tally.seconds:,.0f} s |"
        )
    lines += ["", "| fault | times | runs | violations |", "|---|---|---|---|"]
    kinds = sorted({kind for _seeds, tally in tallies.values() for kind in tally.faults})
    for kind in kinds:
        times = sum(tally.faults[kind] for _seeds, tally in tallies.values())
        runs = sum(tally.struck[kind] for _seeds, tally in tallies.values())
        lines.append(f"| {kind} | {times:,} | {runs:,} | {_violations(tallies, kind)} |")
    failing = "\n".join(words for _seeds, tally in tallies.values() for words in tally.failing)
    if failing:
        lines += ["", indent(failing, "    ")]
    return "\n".join(lines)


def _violations(tallies: dict[str, tuple[range, Tally]], kind: str) -> int:
    """Violations in runs in which this kind of fault struck."""
    return sum(tally.blamed[kind] for _seeds, tally in tallies.values())


def bugs(found: dict[Bug, int | None]) -> str:
    """Planted bugs and the first seed that finds each, or the test that does, as Markdown."""
    lines = ["| bug | violates | found by |", "|---|---|---|"]
    for bug, seed in found.items():
        if bug.test:
            lines.append(f"| {bug.name} | | `{bug.test}` |")
        else:
            options = f"--profile {bug.profile} --seed {seed}"
            lines.append(f"| {bug.name} | {', '.join(sorted(bug.found_as))} | `{options}` |")
    return "\n".join(lines)


def write(text: str, name: str, page: Path = PAGE) -> None:
    """Puts the text between the marks of this name on the page."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    before, _, rest = page.read_text().partition(begin)
    _old, _, after = rest.partition(end)
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")

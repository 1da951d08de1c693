"""The figures of the last long run, as they stand in docs/guarantees.md between two marks."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from pathlib import Path

from simulation.playing import Tally

PAGE = Path(__file__).parents[2] / "docs" / "guarantees.md"
_BEGIN, _END = "<!-- figures: begin -->", "<!-- figures: end -->"


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
    return "\n".join(lines)


def _violations(tallies: dict[str, tuple[range, Tally]], kind: str) -> int:
    """Violations in runs in which this kind of fault struck."""
    return sum(tally.blamed[kind] for _seeds, tally in tallies.values())


def write(text: str, page: Path = PAGE) -> None:
    """Puts the text between the marks of the page."""
    before, _, rest = page.read_text().partition(_BEGIN)
    _old, _, after = rest.partition(_END)
    page.write_text(f"{before}{_BEGIN}\n\n{text}\n\n{_END}{after}")

"""`python -m benchmarks`: the whole run, or parts of it, within a budget of wall-clock time."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import console, desk, environment, floor, own, plot, report, scale, sitting
from benchmarks.budget import Budget
from benchmarks.catalogue import ASYNCLUSTER, SYSTEMS
from benchmarks.processes import adopt_orphans, end_descendants
from benchmarks.rounds import run_rounds
from benchmarks.table import Table
from benchmarks.trial import Master
from benchmarks.workloads import WORKLOADS, Figures

HERE = Path(__file__).parent
PEERS = HERE.parent / ".venv-bench"
MINUTES = 20.0
ROUNDS = 5
_SYSTEMS_SHARE = 0.78  # of the time; the rest is for our own parts
_PARTS = ["systems", "own", "scale", "desk", "console", "floor"]
_NODES = (10, 100, 1000)
_QUEUED = (1_000, 100_000, 1_000_000)
_SCALE_ROUNDS = 3


def main() -> None:
    options = _options()
    adopt_orphans()
    environment.compile_ours()
    budget = Budget(options.minutes * 60, time.monotonic)
    figures, load = options.out.with_suffix(".json"), os.getloadavg()
    table = Table.load(json.loads(figures.read_text())) if options.add and figures.exists() else Table()
    try:
        _run_parts(table, options, budget)
    finally:
        figures.write_text(json.dumps(table.dump(), indent=1) + "\n")  # what there is may be added to
    machine = _machine(load, options.minutes * 60 - budget.left)
    plot.draw(table, options.out.with_suffix(".png"))
    options.out.write_text(report.render(table, machine, options.out.with_suffix(".png").name))
    print(report.summary(table))
    print(f"Written: {options.out}")


def _run_parts(table: Table, options: argparse.Namespace, budget: Budget) -> None:
    if "systems" in options.parts:
        _run_systems(table, options, Budget(options.minutes * 60 * _SYSTEMS_SHARE, time.monotonic))
    for part, task, run in _tasks(table):
        if part in options.parts:
            _run(table, budget, task, run)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Figures beside those of other systems.")
    names = [system.script for system in SYSTEMS]
    parser.add_argument("--parts", nargs="*", choices=_PARTS)
    parser.add_argument("--systems", nargs="*", choices=names, default=names)
    parser.add_argument("--workloads", nargs="*", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--minutes", type=float, default=MINUTES, help="wall-clock time for everything together")
    parser.add_argument("--add", action="store_true", help="add to what an earlier run has written")
    parser.add_argument("--out", type=Path, default=HERE / "RESULTS.md")
    options = parser.parse_args()
    options.parts = options.parts or _PARTS
    return options


def _run_systems(table: Table, options: argparse.Namespace, budget: Budget) -> None:
    systems = [system for system in SYSTEMS if system.script in options.systems]
    for name, error in environment.prepare(PEERS, systems).items():
        table.errors[name, "installation"] = error
    systems = [system for system in systems if (system.name, "installation") not in table.errors]
    run_rounds(table, systems, options.workloads, environment.python_of(PEERS), options.rounds, budget)


def _tasks(table: Table) -> list[tuple[str, str, Callable[[], Figures | None]]]:
    """(part, workload, what to do) for everything besides the systems; what gives None writes into the table itself."""
    return [
        ("floor", "floor", floor.measure),
        ("own", "new job", own.new_job),
        ("own", "map memory", own.map_memory),
        ("own", "node copies", own.copies_on_a_node),
        ("own", "wire copies", own.copies_on_the_wire),
        ("desk", "commands", desk.commands),
        ("desk", "idle", desk.idle),
        ("desk", "greeter", lambda: desk.greeters(table)),
        ("desk", "time bar", desk.time_bar),
        ("desk", "enter", sitting.enter_and_end),
        ("console", "console", console.in_its_own_process),
        *(("scale", f"{nodes} nodes", lambda nodes=nodes: _scale(table, nodes)) for nodes in _NODES),
    ]


def _scale(table: Table, nodes: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Master(Path(folder)) as master:
        start = time.monotonic()
        with scale.room(master, nodes) as room:
            table.add(ASYNCLUSTER, "logins", {f"{nodes}_nodes_s": time.monotonic() - start})
            table.add(ASYNCLUSTER, "idle master", {f"{nodes}_nodes_share": scale.idle_share(master)})
            for queued in _QUEUED * _SCALE_ROUNDS:
                figures = scale.master_cost(master, room, queued)
                table.add(ASYNCLUSTER, "scale", {f"{nodes}_nodes_{queued}_queued_us": figures["cpu_us"]})
                table.add(ASYNCLUSTER, "rate", {f"{nodes}_nodes_{queued}_queued_calls_s": figures["calls_s"]})
            if nodes == max(_NODES):
                table.add(ASYNCLUSTER, "storm with ticket", scale.storm(master, room, nodes, tickets=True))
                table.add(ASYNCLUSTER, "storm", scale.storm(master, room, nodes, tickets=False))


def _run(table: Table, budget: Budget, task: str, run: Callable[[], Figures | None]) -> None:
    if not budget.fits(task, 20):
        table.errors[ASYNCLUSTER, task] = "the time was over"
        return
    print(task, file=sys.stderr, flush=True)
    start = time.monotonic()
    try:
        figures = run()
    except Exception as error:
        table.errors[ASYNCLUSTER, task] = f"{type(error).__name__}: {error}"
    else:
        if figures:
            table.add("this machine" if task == "floor" else ASYNCLUSTER, task, figures)
    budget.took(task, time.monotonic() - start)
    end_descendants()


def _machine(load: tuple[float, float, float], seconds: float) -> str:
    with open("/proc/cpuinfo") as file:
        model = next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    versions = ", ".join(f"{name} {version}" for name, version in environment.versions(PEERS, SYSTEMS).items())
    before, after = (", ".join(f"{value:.1f}" for value in loads) for loads in (load, os.getloadavg()))
    return (
        f"{datetime.now(UTC):%d %B %Y}; {os.cpu_count()} cores ({model}), {memory:.0f} GiB, Linux {platform.release()},"
        f" Python {platform.python_version()}; the last run took {seconds / 60:.0f} min."
        f" Load average (1, 5, 15 minutes) {before} before and {after} after. {versions}."
    )


if __name__ == "__main__":
    main()

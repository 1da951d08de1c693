"""Takes the systems in turn, A B C A B C, each in a fresh process of its own, until the rounds or the time are over.

Whatever is slow about the machine for a while so meets all systems alike, and medians over the rounds forget it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.budget import Budget
from benchmarks.catalogue import System
from benchmarks.processes import adopt_orphans, end_descendants
from benchmarks.table import Table
from benchmarks.workloads import AMOUNTS

_PASS_SECONDS = 60  # of one system; what takes longer is ended and named


def run_rounds(
    table: Table, systems: Sequence[System], workloads: Sequence[str], peers: Path, rounds: int, budget: Budget
) -> None:
    """Fills `table`. A system that fails at its start is not asked again, nor for a workload that it has failed.

    Args:
        peers: the interpreter that runs the peers.
    """
    adopt_orphans()
    failed: set[str] = set()
    for number in range(rounds):
        for system in systems:
            if system.name in failed:
                continue
            if not budget.fits(system.name):
                table.notes[system.name, "pass"] = f"time was over after {number} rounds"
                continue
            start = time.monotonic()
            _run_pass(table, system, workloads, peers)
            seconds = time.monotonic() - start
            print(f"round {number + 1} of {rounds}: {system.name}, {seconds:.0f} s", file=sys.stderr, flush=True)
            budget.took(system.name, seconds)
            if (system.name, "first result") in table.errors:
                failed.add(system.name)


def _run_pass(table: Table, system: System, workloads: Sequence[str], peers: Path) -> None:
    size = asdict(system.size)
    asked = [name for name in workloads if size[AMOUNTS[name]] and (system.name, name) not in table.errors]
    order = {"workloads": asked, "size": size, "began": time.monotonic()}
    python = sys.executable if system.is_ours else str(peers)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        out, said = Path(folder) / "figures", Path(folder) / "said"
        out.touch()
        command = [python, "-m", f"benchmarks.systems.{system.script}", str(out), json.dumps(order)]
        with said.open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
            trouble = _wait(process)
        end_descendants()
        lines = [json.loads(line) for line in out.read_text().splitlines()]
        for line in lines:
            table.add_line(system.name, line)
        missing = [name for name in ["first result", *asked] if name not in {w["workload"] for w in lines}]
        if missing and (system.name, "first result") not in table.errors:
            table.errors[system.name, missing[0]] = trouble or _last_line(said)


def _wait(process: subprocess.Popen[bytes]) -> str:
    try:
        status = process.wait(_PASS_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"not done after {_PASS_SECONDS} s"
    return "" if status >= 0 else f"killed by signal {-status}"


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1][:200] if lines else "ended without a word"

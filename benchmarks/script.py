"""The main program that all scripts in `systems/` share: one system, one pass over the workloads.

    python -m benchmarks.systems.dask OUT '{"began": 12.5, "workloads": ["singles"], "size": {"singles": 1000}}'

`began` is the monotonic clock when the process was started. A line of JSON per workload goes to the file OUT, never
to a pipe: what a system leaves running would hold it open.

    {"workload": "singles", "figures": {"calls_s": 12345.6, "cpu_us": 80.1}, "others": 0.02}
    {"workload": "map", "error": "TimeoutError: ..."}

`others` is the share of the machine's processors that everything else took meanwhile.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from benchmarks import functions
from benchmarks.engine import WORKERS, Engine
from benchmarks.processes import Usage, adopt_orphans, end_descendants, machine_busy_seconds
from benchmarks.workloads import WORKLOADS, Size


def main(make: Callable[[], Engine]) -> None:
    """Runs what the command line asks for and leaves at once, whatever threads the system still has."""
    out, order = sys.argv[1], json.loads(sys.argv[2])
    adopt_orphans()
    with open(out, "w", buffering=1) as file:
        _run(make, file, order)
    end_descendants()
    os._exit(0)


def _run(make: Callable[[], Engine], file: TextIO, order: dict[str, Any]) -> None:
    size = Size(**order["size"])
    try:
        engine = make()
        engine.start()
        first = engine.submit_all(functions.noop, [(1,)])()
        _say(file, workload="first result", figures={"seconds": time.monotonic() - order["began"]})
        assert first == [1], first
        engine.submit_all(functions.noop, [(number,) for number in range(100 * WORKERS)])()  # all workers are up
    except BaseException as error:
        _say(file, workload="first result", error=_words(error))
        return
    _say(file, workload="notes", notes=engine.notes)
    for name in order["workloads"]:
        _measure(file, engine, name, size)
    engine.stop()


def _measure(file: TextIO, engine: Engine, name: str, size: Size) -> None:
    usage, busy, start = Usage(), machine_busy_seconds(), time.perf_counter()
    try:
        figures = WORKLOADS[name](engine, size)
    except Exception as error:
        _say(file, workload=name, error=_words(error))
        return
    available = (time.perf_counter() - start) * (os.cpu_count() or 1)
    others = (machine_busy_seconds() - busy - usage.seconds()) / available
    _say(file, workload=name, figures=figures, others=max(0.0, others))


def _say(file: TextIO, **line: Any) -> None:
    file.write(json.dumps(line) + "\n")


def _words(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {lines[-1][:200]}"

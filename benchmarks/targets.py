"""What AsynCluster has to reach beside the others, and whether it did. Pure: reads a `Table`."""

# ruff: noqa: RUF001 - people read these dashes and times signs
from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.catalogue import ASYNCLUSTER, DASK, IPYPARALLEL, PB, POOL, RAY
from benchmarks.console import LIMITS
from benchmarks.table import Table

Measured = Callable[[Table], float | None]


@dataclass(frozen=True)
class Target:
    """One bound.

    Attributes:
        figure: what it is about.
        measured: its value, from the table; None: not measured.
        bound: what it has to be ...
        at_least: ... at least, or else at most.
        unit: of both.
    """

    figure: str
    measured: Measured
    bound: float
    at_least: bool
    unit: str

    def reached(self, table: Table) -> bool | None:
        """Whether it was reached; None if nobody knows."""
        value = self.measured(table)
        if value is None:
            return None
        return (operator.ge if self.at_least else operator.le)(value, self.bound)

    @property
    def words(self) -> str:
        """The bound, for people."""
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{_spaced(self.unit)}"


def _spaced(unit: str) -> str:
    return f" {unit}" if unit else ""


def _ratio(workload: str, figure: str, other: str) -> Measured:
    return lambda table: table.ratio(workload, figure, ASYNCLUSTER, other)


def _own(workload: str, figure: str) -> Measured:
    return lambda table: table.median(ASYNCLUSTER, workload, figure)


def _tail(table: Table) -> float | None:
    """p99 in multiples of p50, of the same round."""
    p99, p50 = (table.all(ASYNCLUSTER, "round trip", figure) for figure in ("p99_ms", "p50_ms"))
    ratios = sorted(high / low for high, low in zip(p99, p50, strict=True))
    return ratios[len(ratios) // 2] if ratios else None


def _spread(table: Table) -> float | None:
    """The dearest cell of the grid in multiples of the cheapest."""
    cells = [table.median(ASYNCLUSTER, "scale", figure) for figure in table.figures(ASYNCLUSTER, "scale")]
    known = [cell for cell in cells if cell]
    return max(known) / min(known) if known else None


def _more(figure: str, measured: Measured, bound: float, unit: str = "") -> Target:
    return Target(figure, measured, bound, True, unit)


def _less(figure: str, measured: Measured, bound: float, unit: str = "") -> Target:
    return Target(figure, measured, bound, False, unit)


TARGETS = (
    _more("one by one", _ratio("singles", "calls_s", DASK), 75, "× Dask"),
    _more("one by one", _ratio("singles", "calls_s", IPYPARALLEL), 100, "× ipyparallel"),
    _more("one by one", _ratio("singles", "calls_s", RAY), 25, "× Ray"),
    _more("one by one", _ratio("singles", "calls_s", PB), 7, "× Perspective Broker"),
    _more("one by one", _ratio("singles", "calls_s", POOL), 4, "× ProcessPoolExecutor"),
    _more("map", _ratio("map", "calls_s", POOL), 0.5, "× ProcessPoolExecutor"),
    _more("map", _ratio("map", "calls_s", IPYPARALLEL), 10, "× ipyparallel"),
    _less("round trip p50", _ratio("round trip", "p50_ms", POOL), 1.5, "× ProcessPoolExecutor"),
    _less("round trip p50", _ratio("round trip", "p50_ms", DASK), 0.05, "× Dask"),
    _less("round trip p99", _tail, 2.5, "× its p50"),
    *(
        _more(f"1 MiB there and back, {kind}", _ratio("payload", f"{kind}_MB_s", other), bound, f"× {other}")
        for kind in ("bytes", "numpy")
        for other, bound in ((DASK, 3), (RAY, 1), (POOL, 0.8))
    ),
    _less("64 MiB broadcast and use", _ratio("broadcast", "seconds", DASK), 0.5, "× Dask"),
    _less("64 MiB broadcast and use", _ratio("broadcast", "seconds", RAY), 1.5, "× Ray"),
    _less("copies of it on a node of 8 workers", _own("node copies", "copies"), 1.1),
    _less("copies of it on the wire to such a node", _own("wire copies", "copies"), 1.01),
    _more("5 ms calls, efficiency", _own("efficiency", "share"), 0.97),
    _more("5 ms calls, efficiency", _ratio("efficiency", "share", POOL), 1, "× ProcessPoolExecutor"),
    _less("a queued call of a map, master", _own("map memory", "master_bytes"), 64, "bytes"),
    _less("a queued single call, master", _own("memory", "master_bytes"), 400, "bytes"),
    _less("first result from nothing", _ratio("first result", "seconds", DASK), 1, "× Dask"),
    _less("a new job's first result", _own("new job", "seconds"), 0.1, "s"),
    _less("master's CPU a call, dearest against cheapest", _spread, 1.2, "×"),
    _less("1000 nodes reconnect", _own("storm", "seconds"), 30, "s"),
    _less("longest wait for an answer meanwhile", _own("storm", "longest_wait_s"), 0.5, "s"),
    _less("1000 nodes reconnect, with a ticket", _own("storm with ticket", "seconds"), 5, "s"),
    _less("greeter ready for typing", _ratio("greeter", "seconds", "lightdm-gtk-greeter"), 1, "× lightdm-gtk-greeter"),
    _less("greeter ready for typing", _ratio("greeter", "seconds", "sddm-greeter"), 1, "× sddm-greeter"),
    _less("Enter to session leader", _own("enter", "seconds"), 0.35, "s"),
    _less("end of time to greeter", _own("enter", "greeter_back_s"), 2, "s"),
    _less("asyncluster --version", _own("commands", "version_s"), 0.15, "s"),
    _less("idle greeter, of a core", _own("idle", "greeter_percent"), 0.2, "%"),
    _less("idle time bar, of a core", _own("idle", "time_bar_percent"), 0.2, "%"),
    _less("idle node daemon, of a core", _own("idle", "node_daemon_percent"), 0.2, "%"),
    *(
        _less(f"console of 1000 nodes: {what}", _own("console", name), limit, unit)
        for name, (what, unit, limit) in LIMITS.items()
    ),
)

"""The systems that are compared, and how much of each workload each of them gets.

Slow systems get fewer calls: a rate needs no more, and five rounds of everything must fit into twenty minutes.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.workloads import Size

ASYNCLUSTER = "AsynCluster"
DASK = "Dask"
RAY = "Ray"
IPYPARALLEL = "ipyparallel"
PARSL = "Parsl"
LOKY = "loky"
POOL = "ProcessPoolExecutor"
PB = "Perspective Broker"


@dataclass(frozen=True)
class System:
    """One of the compared systems.

    Attributes:
        name: as tables call it.
        script: its module in `systems/`.
        requirement: what pip installs for it; "" for what comes with Python or is this very tree.
        size: how much it gets.
    """

    name: str
    script: str
    requirement: str
    size: Size

    @property
    def is_ours(self) -> bool:
        return self.name == ASYNCLUSTER


_FAST = Size()
_PB = Size(singles=5000, many=20_000, mapped=0, trips=500, echoes=20, queued=20_000, killed=400, repeats=1)
_POOL = Size(many=20_000, queued=20_000, echoes=30, repeats=1)
_RAY = Size(singles=3000, many=0, mapped=0, trips=300, echoes=30, computed=600, queued=10_000, killed=300, repeats=1)
_PARSL = Size(
    singles=1500, many=0, mapped=0, trips=200, echoes=10, uses=4, computed=500, queued=2000, killed=200, repeats=1
)
_DASK = Size(singles=1500, many=0, mapped=2000, trips=100, echoes=20, computed=500, queued=2000, killed=200, repeats=1)
_IPYPARALLEL = Size(
    singles=1000, many=0, mapped=20_000, trips=200, echoes=20, computed=400, queued=1000, killed=200, repeats=1
)

SYSTEMS = (
    System(ASYNCLUSTER, "asyncluster", "", _FAST),
    System(POOL, "processpool", "", _POOL),
    System(LOKY, "loky", "loky", _POOL),
    System(PB, "pb", "twisted", _PB),
    System(RAY, "ray", "ray", _RAY),
    System(PARSL, "parsl", "parsl", _PARSL),
    System(DASK, "dask", "distributed", _DASK),
    System(IPYPARALLEL, "ipyparallel", "ipyparallel", _IPYPARALLEL),
)

"""Records as the dispatcher would hand them out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asyncluster.core.jobs.records import Counters, JobRecord, NodeRecord, Owner
from asyncluster.core.people.sessions import Session
from asyncluster.core.wire import messages as m

GIB = 1 << 30


def node(
    name: str,
    cores: Sequence[tuple[float, float]] | None = None,
    running: dict[int, int] | None = None,
    jobs: dict[int, int] | None = None,
    **fields: Any,
) -> NodeRecord:
    """A node of four cores; `cores` are our share and the others' of each, as its telemetry tells."""
    attach = m.Attach(m.PROTOCOL_VERSION, name, 1, "1.0", "3.11", 4, 4, GIB, [], "boot", 0, [])
    told = None
    if cores is not None:
        told = m.Telemetry([m.CoreUse(*core) for core in cores], 0.0, 0, "run", running or {}, {})
    jobs = running or {} if jobs is None else jobs
    values = {"state": "run", "slots": 4, "outstanding": sum(jobs.values()), "since": 0.0, **fields}
    return NodeRecord(name, jobs=jobs, attach=attach, telemetry=told, **values)


def job(key: int, **fields: Any) -> JobRecord:
    """A job that runs."""
    counters = Counters(0, 0, {}, 0.0, (), 0)
    values: dict[str, Any] = {
        "number": key, "name": "cauchy", "owner": Owner(1000, "ann"), "niceness": 0, "state": "running", "queued": 0,
        "running": 0, "entries": 1, "nodes": {}, "unfit": {}, "counters": counters, "opened": 0.0, "connected": True,
    }  # fmt: skip
    return JobRecord(key=key, **{**values, **fields})


def session(node: str, user: str = "lena") -> Session:
    """Somebody sits at a node."""
    return Session(f"uuid-{node}", user, node, ":0", started=0, last_seen=0, heard=0, deadline=7200)

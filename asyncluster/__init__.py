"""The PCs of a lab as workstations with hours, and as a cluster for Python jobs.

What job authors use is here; see docs/api.md. Each name is imported when it is first used, so that `import asyncluster`
costs next to nothing, on workers above all.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # type checkers know it by its name; importing typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from asyncluster.core.client.asyncio import AsyncCluster
    from asyncluster.core.client.cluster import Cluster
    from asyncluster.core.client.executor import Executor
    from asyncluster.core.client.job import Job
    from asyncluster.core.client.joblib import register_joblib_backend
    from asyncluster.core.client.local import LocalCluster
    from asyncluster.core.errors import (
        AsynClusterError,
        CallFailed,
        CallTimeout,
        JobBroken,
        JobCancelled,
        MasterUnreachable,
        NodeLost,
        NotAllowed,
        UsageError,
        WorkerCrashed,
    )
    from asyncluster.ndm.worker import here as here

__version__ = "1.0.0"  # as in pyproject.toml; asking the installation for it would take a third of a command's start

__all__ = [
    "AsynClusterError",
    "AsyncCluster",
    "CallFailed",
    "CallTimeout",
    "Cluster",
    "Executor",
    "Job",
    "JobBroken",
    "JobCancelled",
    "LocalCluster",
    "MasterUnreachable",
    "NodeLost",
    "NotAllowed",
    "UsageError",
    "WorkerCrashed",
    "__version__",
    "here",
    "register_joblib_backend",
]

_HOMES = {
    "AsyncCluster": "core.client.asyncio",
    "Cluster": "core.client.cluster",
    "Executor": "core.client.executor",
    "Job": "core.client.job",
    "LocalCluster": "core.client.local",
    "register_joblib_backend": "core.client.joblib",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'asyncluster' has no attribute {name!r}")
    if name == "here":
        value: Any = import_module("asyncluster.ndm.worker.here")  # the module itself, for `here.progress(...)`
    else:
        value = getattr(import_module(f"asyncluster.{_HOMES.get(name, 'core.errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

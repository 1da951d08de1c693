"""joblib, and with it scikit-learn, on the cluster: `register_joblib_backend`."""

from __future__ import annotations

from asyncluster.core.errors import UsageError

#: What users name in `joblib.parallel_config`.
BACKEND = "asyncluster"


def register_joblib_backend() -> None:
    """Makes the cluster known to joblib as the backend "asyncluster"; to do so again does nothing.

    From then on `joblib.parallel_config("asyncluster", ...)` makes everything that runs by joblib inside its block run
    on the cluster. It takes `socket`, `config`, `name`, `niceness` and `retries`, as `Executor` does.

    Raises:
        UsageError: joblib is not installed.
    """
    try:
        from joblib import register_parallel_backend
    except ModuleNotFoundError:
        raise UsageError("joblib is not installed here. Install it: pip install 'asyncluster[joblib]'") from None
    from asyncluster.core.client.joblib_backend import ClusterBackend

    register_parallel_backend(BACKEND, ClusterBackend)

"""A client of Dask for a job author: a key of its own, a certificate from the master, and Dask's own class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from asyncluster.core.errors import UsageError

if TYPE_CHECKING:
    from asyncluster.core.client.cluster import Cluster


def dask_client(cluster: Cluster, **options: Any) -> Any:
    """See `Cluster.dask_client`."""
    try:
        from distributed import Client
    except ImportError as error:
        raise UsageError("Dask is not there. Install it: pip install 'asyncluster[dask]'") from error
    from asyncluster.core.engine.request import make_request
    from asyncluster.core.engine.security import dask_security

    request = make_request()
    admission = cluster.ask("dask client", csr=request.csr)
    security = dask_security(admission["authority"], admission["certificate"], request.key)
    return Client(admission["address"], security=security, **options)

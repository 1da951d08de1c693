"""Dask's own record of keys and certificates, made from ours: everybody has one key, whatever they are in Dask."""

from __future__ import annotations

import ssl
from typing import Any

#: Dask has to have a web server, which knows neither encryption nor passwords: this one is empty and out of reach.
UNUSED_HTTP = "127.0.0.1:0"


def dask_security(authority: bytes, certificate: bytes, key: bytes) -> Any:
    """A `distributed.Security` that talks TLS 1.3 only, and only to holders of a certificate of this authority."""
    from distributed.security import Security

    ours = {f"tls_{role}_cert": certificate.decode() for role in ("scheduler", "worker", "client")}
    ours |= {f"tls_{role}_key": key.decode() for role in ("scheduler", "worker", "client")}
    return Security(
        require_encryption=True,
        tls_ca_file=authority.decode(),
        tls_min_version=ssl.TLSVersion.TLSv1_3,
        **ours,
    )

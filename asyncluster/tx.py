"""Job clients on Twisted: `from asyncluster.tx import connect`."""

from __future__ import annotations

from asyncluster.core.client.twisted import CallDeferred, Cluster, Job, connect

__all__ = ["CallDeferred", "Cluster", "Job", "connect"]

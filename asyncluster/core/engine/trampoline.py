"""What a client gives Dask to call: the way to the code of a node, which clients do not have to have."""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: A log entry of a job: its payload, and large buffers that belong to it.
Entry = tuple[bytes, list[bytes]]


def call(job: int, function: bytes, args: bytes, buffers: list[bytes], *entries: Entry) -> Any:
    """Calls a function of a job's namespace in this process, after all of these entries."""
    return import_module("asyncluster.ndm.engine.calls").call(job, function, args, buffers, entries)


def entry(payload: bytes, buffers: list[bytes]) -> Entry:
    """A log entry as a value that Dask keeps, and hands to each worker once."""
    return payload, buffers

"""Brings an environment to all nodes: the operator's half of a sync. It sends the wheels, and waits for the verdict."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.environments.manifest import Manifest
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.wire.limits import CHUNK

#: Seconds for which a node may show no progress.
PATIENCE = 600.0

_LOOK_SECONDS = 0.2


class SyncFailed(AsynClusterError):
    """A node could not get an environment, so no node has it; the message has a line for each such node."""


@dataclass(frozen=True)
class NodeProgress:
    """How far a node is.

    Attributes:
        state: "fetching", "installing", "away", "done" or "failed".
        share: of the wheels it has fetched, 0 to 1.
    """

    name: str
    state: str
    share: float
    words: str = ""


@dataclass(frozen=True)
class Standing:
    """How far a sync is.

    Attributes:
        sent: bytes that the master has; `size` all there are.
        nodes: those that are waited for.
    """

    sent: int
    size: int
    nodes: tuple[NodeProgress, ...] = ()


def check_ready(cluster: Cluster) -> None:
    """Asks the master whether whoever asks may bring environments.

    Raises:
        NotAllowed: not so.
    """
    cluster.ask("env ready")


def begin(cluster: Cluster, manifest: Manifest, name: str | None, *, dry: bool = False) -> dict[str, Any]:
    """Asks the master for room; says what it has and which nodes there are.

    Raises:
        NotAllowed, UsageError, AsynClusterError: the master does not want it.
    """
    wheels = [msgspec.structs.asdict(wheel) for wheel in manifest.wheels]
    answer: dict[str, Any] = cluster.ask("env begin", python=manifest.python, wheels=wheels, name=name, dry=dry)
    return answer


def sync(
    cluster: Cluster,
    folder: Path,
    manifest: Manifest,
    name: str | None = None,
    *,
    patience: float = PATIENCE,
    tell: Callable[[Standing], None] = lambda _standing: None,
) -> str:
    """Brings the wheels of `folder` to all nodes and lets jobs have them from now on. If they are on their way already,
    somebody having stopped to wait for them, it waits in their place.

    Args:
        name: by which jobs may ask for it, and which keeps it until it is removed.
        patience: seconds for which a node may show no progress.
        tell: hears now and then how far it is.

    Returns:
        The environment's key.

    Raises:
        SyncFailed: a node could not get it; nothing has changed.
        NotAllowed, UsageError, AsynClusterError: the master does not want it.
        OSError: a wheel cannot be read.
    """
    begun = begin(cluster, manifest, name)
    if not begun["joined"]:
        if not begun["known"]:
            _send(cluster, folder, manifest, tell)
        cluster.ask("env sync", key=manifest.key, patience=patience)
    pause = threading.Event()
    while True:
        progress = cluster.ask("env progress", key=manifest.key)
        nodes = tuple(NodeProgress(**node) for node in progress["nodes"])
        tell(Standing(manifest.size, manifest.size, nodes))
        if progress["state"] == "done":
            return manifest.key
        if progress["state"] == "failed":
            raise SyncFailed(f"{progress['words']}\nNothing has changed: the current environment stays.")
        pause.wait(_LOOK_SECONDS)


def _send(cluster: Cluster, folder: Path, manifest: Manifest, tell: Callable[[Standing], None]) -> None:
    sent = 0
    for wheel in manifest.wheels:
        with (folder / wheel.filename).open("rb") as file:
            offset = 0
            while data := file.read(CHUNK):
                cluster.ask("env piece", key=manifest.key, filename=wheel.filename, offset=offset, data=data)
                offset += len(data)
                tell(Standing(sent + offset, manifest.size))
        sent += wheel.size

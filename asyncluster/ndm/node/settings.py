"""What a node daemon is told of the configuration: one flat record, handed over a pipe where a steward starts it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from asyncluster.core.config.settings import Settings


@dataclass(frozen=True)
class NodeSettings:
    """See the module.

    Attributes:
        host, port: the master.
        user, password, server_password: of the mutual login.
        strict: a master whose key has changed is refused.
        state: directory of what this machine keeps.
        name: of the node, before a suffix tells several on one host apart.
        slots: how many workers may have work at once.
        niceness: of workers while nobody uses the computer.
        memory: bytes of private memory for each worker.
        when_in_use: "run", "nice", "suspend" or "stop".
        displays: X displays of this node; () = headless.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    server_password: str = field(repr=False)
    strict: bool
    state: str
    name: str
    slots: int
    niceness: int
    memory: int
    when_in_use: str
    displays: tuple[str, ...] = ()

    @property
    def directory(self) -> Path:
        """`state` as a path."""
        return Path(self.state)


def node_settings(
    settings: Settings, *, workers: int | None = None, displays: tuple[str, ...] | None = None
) -> NodeSettings:
    """The record for a configuration and the options of the command line that go before it.

    Args:
        workers: instead of `[client] workers`.
        displays: instead of `[display] displays`.
    """
    client, common = settings.client, settings.common
    slots = workers if workers is not None else client.workers
    if slots is None:
        slots = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return NodeSettings(
        host=client.host,
        port=common.tcp_port,
        user=client.user,
        password=client.password,
        server_password=common.server_password,
        strict=client.master_key == "strict",
        state=str(common.state),
        name=client.node_name,
        slots=slots,
        niceness=client.worker_niceness,
        memory=client.worker_memory.limit(memory, slots),
        when_in_use=str(client.when_in_use),
        displays=settings.display.displays if displays is None else displays,
    )

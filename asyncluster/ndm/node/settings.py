"""What a node daemon is told of the configuration: one flat record, handed over a pipe where a steward starts it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncluster.core.config.settings import DisplaySettings, Settings


@dataclass(frozen=True)
class ReceptionSettings:
    """What people see of this node.

    Attributes:
        size: of the login window, in pixels.
        cluster: name at the top of it.
        window_manager, sessions: the choice of sessions: a command, and directories of desktop entries.
        power: whether it offers to restart and to shut down.
        warn_at: seconds before the end at which people are warned.
        grace: seconds that programs have to end.
        pam_password: PAM wants the password, too.
        guest: the one name that may be used, as on a trial node without root; "": the accounts of this computer may.
        hint: a line under the fields of the greeter.
    """

    size: tuple[int, int]
    cluster: str
    window_manager: tuple[str, ...]
    sessions: tuple[str, ...]
    power: bool
    warn_at: tuple[float, ...]
    grace: float
    pam_password: bool
    guest: str = ""
    hint: str = ""


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
        reception: what people see; None = headless.
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
    reception: ReceptionSettings | None = None

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
    on = settings.display.displays if displays is None else displays
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
        displays=on,
        reception=_reception(settings.display) if on else None,
    )


def from_json(fields: dict[str, Any]) -> NodeSettings:
    """The record that `dataclasses.asdict` and JSON have made plain."""
    reception = fields["reception"]
    if reception is not None:
        lists = {name: tuple(value) for name, value in reception.items() if isinstance(value, list)}
        reception = ReceptionSettings(**{**reception, **lists})
    return NodeSettings(**{**fields, "displays": tuple(fields["displays"]), "reception": reception})


def _reception(display: DisplaySettings) -> ReceptionSettings:
    return ReceptionSettings(
        size=display.size,
        cluster=display.cluster_name,
        window_manager=display.window_manager,
        sessions=tuple(map(str, display.sessions)),
        power=display.power_buttons,
        warn_at=display.warn_at,
        grace=display.grace,
        pam_password=display.pam_password,
    )

"""What the rest of the program gets to see of a configuration: frozen records, one for each section.

A field is called as its key, with underscores. Secrets, and the database URL that may hold one, are left out of
every repr. Times are seconds, sizes bytes, paths absolute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from asyncluster.core.config.quantities import WorkerMemory
from asyncluster.core.config.values import Accounts, Address, EngineKind, MasterKey, Network, WhenInUse


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """[server]: the master. `jobs` None = adaptive; `listen` () = all addresses; `metrics` None = nowhere."""

    database: str = field(repr=False)
    subnets: tuple[Network, ...]
    listen: tuple[Address, ...]
    jobs: int | None
    operators: Accounts
    job_users: Accounts
    minimum_password_length: int
    key: Path
    metrics: int | Path | None


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """[client]: how nodes log in, and their workers. `workers` None = one per core.

    `worker_user` names accounts of which the first that exists is taken.
    """

    host: str
    user: str
    password: str = field(repr=False)
    node_name: str
    workers: int | None
    worker_user: tuple[str, ...]
    worker_niceness: int
    worker_memory: WorkerMemory
    when_in_use: WhenInUse
    master_key: MasterKey


@dataclass(frozen=True, slots=True)
class CommonSettings:
    """[common]: what both sides must agree upon, and where this machine keeps things."""

    tcp_port: int
    socket: Path
    server_password: str = field(repr=False)
    state: Path


@dataclass(frozen=True, slots=True)
class DisplaySettings:
    """[display]: logins at the node. `displays` () = headless; `window_manager` () = only the sessions found.

    Commands are lists of arguments. `warn_at` are seconds before the end, the longest first.
    """

    size: tuple[int, int]
    window_manager: tuple[str, ...]
    niceness: int
    displays: tuple[str, ...]
    x_server: tuple[str, ...]
    sessions: tuple[Path, ...]
    pam_password: bool
    grace: float
    warn_at: tuple[float, ...]
    power_buttons: bool
    cluster_name: str


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """[engine]: Dask Distributed beside the dispatcher. `worker_ports` None = any.

    `account` names accounts of which the first that exists is taken; `depot` is in bytes.
    """

    kind: EngineKind
    port: int
    worker_ports: tuple[int, int] | None
    account: tuple[str, ...]
    depot: int


@dataclass(frozen=True, slots=True)
class Settings:
    """A whole configuration. `server` is None when it was read for a node."""

    client: ClientSettings
    common: CommonSettings
    display: DisplaySettings
    engine: EngineSettings
    server: ServerSettings | None

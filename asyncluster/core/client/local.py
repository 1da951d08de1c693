"""A cluster on this machine: a master and nodes of one's own, for trials, notebooks and tests."""

from __future__ import annotations

import getpass
import json
import os
import select
import shutil
import site
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncluster
from asyncluster.core.client import guardian
from asyncluster.core.client.cluster import Cluster
from asyncluster.core.errors import AsynClusterError, UsageError
from asyncluster.core.net.ports import free_port
from asyncluster.core.wire.randomkeys import new_key

_LONGEST_DIRECTORY = 80  # characters; the path of a UNIX socket has room for 107
_PORT_ATTEMPTS = 5

_CONFIG = """\
[server]
database = sqlite://:memory:
subnets = 127.0.0.1
listen = 127.0.0.1
[client]
host = 127.0.0.1
user = local
password = {password}
node name = {name}
workers = {workers}
worker user = {user}
worker niceness = 0
[common]
tcp port = {port}
socket = {directory}/control/sock
server password = {server_password}
state = {directory}/{name}
"""

_ENGINE = """\
[engine]
kind = dask
port = {port}
"""


class LocalCluster(Cluster):
    """A `Cluster` of processes that it starts, and that are gone when it is closed or its program ends.

    Everything runs as the user who starts it and listens on this machine only, with passwords of its own. Calls run at
    the program's own niceness: they are its work, and nobody else's. No file is left behind either, however it ends.

    Args:
        nodes: node daemons to start.
        workers: of each node, calls that run at once.
        dask: whether there is Dask as well, with as many workers (see `dask_client`).

    Attributes:
        pids: process ids of "master", "node-1" and so on.

    Raises:
        UsageError: a number out of range.
        AsynClusterError: something did not come up; the message holds its last words.
    """

    def __init__(self, nodes: int = 2, workers: int = 1, *, dask: bool = False) -> None:
        if not 0 <= nodes <= 64 or not 0 <= workers <= 512:
            raise UsageError("A local cluster has 0 to 64 nodes of 0 to 512 workers.")
        self._processes = _start(nodes, workers, dask)
        self.pids = self._processes.pids
        try:
            super().__init__(self._processes.directory / "control" / "sock")
            self._wait("nodes", lambda: sum(node["state"] != "lost" for node in self.nodes()) >= nodes)
            if dask:
                self._wait("Dask workers", lambda: sum(self.status()["dask"]["workers"].values()) >= nodes * workers)
        except BaseException:
            self.close()
            raise

    def _wait(self, what: str, there: Callable[[], bool]) -> None:
        """Returns when all of them have reached the master."""
        pause = threading.Event()
        deadline = time.monotonic() + guardian.START_SECONDS
        while not there():
            if time.monotonic() > deadline:
                raise AsynClusterError(f"The {what} of the local cluster did not reach its master.")
            pause.wait(0.01)

    def close(self) -> None:
        """Ends all jobs, and all processes of the cluster."""
        if hasattr(self, "_connection"):
            super().close()
        self._processes.end()


class _Processes:
    """The guardian of a cluster, as its owner sees it."""

    def __init__(self, directory: Path, nodes: int) -> None:
        self.directory = directory
        arguments = [str(directory), str(nodes), str(os.getpid())]
        self._guardian = subprocess.Popen(
            [sys.executable, "-P", "-m", guardian.__name__, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for the program, which ends its cluster then
        )
        self.end = weakref.finalize(self, _end, self._guardian, directory)
        self.pids: dict[str, int] = {}

    def wait(self) -> None:
        """Returns when all have come up.

        Raises:
            AsynClusterError: one has not.
        """
        assert self._guardian.stdout is not None
        ready, _, _ = select.select([self._guardian.stdout], [], [], guardian.START_SECONDS + 5)
        line = self._guardian.stdout.readline() if ready else b""
        told: dict[str, Any] = json.loads(line) if line else {"failed": "guardian", "words": "It said nothing."}
        if "failed" in told:
            raise AsynClusterError(f"The {told['failed']} of the local cluster did not start: {told['words']}")
        self.pids = told["started"]


def _environment() -> dict[str, str]:
    """Ours, so that the same package is found, without what would lead to another master."""
    ours = ("ASYNCLUSTER_SOCKET", "ASYNCLUSTER_CONF")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    package = str(Path(asyncluster.__file__).parent.parent)
    if package not in (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), site.getusersitepackages()):
        paths = [package, *filter(None, [environment.get("PYTHONPATH")])]
        environment["PYTHONPATH"] = os.pathsep.join(paths)
    return environment


def _end(process: subprocess.Popen[bytes], directory: Path) -> None:
    """Lets the guardian end everything, and waits until it has."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(guardian.END_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    process.stdout.close()
    shutil.rmtree(directory, ignore_errors=True)  # if the guardian could not


def _start(nodes: int, workers: int, dask: bool) -> _Processes:
    for attempt in range(_PORT_ATTEMPTS):
        processes = _Processes(_prepare(nodes, workers, dask), nodes)
        try:
            processes.wait()
        except BaseException as error:
            processes.end()
            if attempt + 1 < _PORT_ATTEMPTS and isinstance(error, AsynClusterError) and "on port" in str(error):
                continue  # somebody else was faster to take the port
            raise
        return processes
    raise AssertionError("unreachable")


def _prepare(nodes: int, workers: int, dask: bool) -> Path:
    """A directory with the configurations of a new cluster."""
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_DIRECTORY:
        base = "/tmp"  # noqa: S108 - `mkdtemp` makes a directory of our own in it
    directory = Path(tempfile.mkdtemp(prefix="asyncluster-", dir=base))
    if os.geteuid() == 0:
        directory.chmod(0o711)  # daemons started by root may become another user, and must find their own there
    secret = {"password": new_key(), "server_password": new_key()}
    port = free_port()
    for name in ("master", *(f"node-{number}" for number in range(1, nodes + 1))):
        text = _CONFIG.format(
            directory=directory, name=name, workers=workers, user=getpass.getuser(), port=port, **secret
        )
        _write_private(directory / f"{name}.conf", text + (_ENGINE.format(port=free_port()) if dask else ""))
    return directory


def _write_private(path: Path, text: str) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)

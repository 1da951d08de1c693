"""A real master and real nodes as processes, started, killed and watched by tests."""

from __future__ import annotations

import json
import os
import pwd
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.waiting import wait_for

import asyncluster as ac
from asyncluster.core.net.ports import free_port

CLASSIC = """\
[server]
database = {database}
subnets = 127.0.0.1, 192.168.135.0/24
[client]
host = 127.0.0.1
user = test
password = {password}
worker user = {user}
worker memory = {memory}
[common]
tcp port = {port}
socket = {folder}/control.sock
server password = {server_password}
state = {folder}/state
[display]
size = 300, 200
window manager = /usr/bin/startkde
niceness = 10
"""


PROGRAM = (sys.executable, "-m", "asyncluster")


class Daemon:
    """A master or a node in a process group of its own; what it logs is shown when a test fails.

    Args:
        name: for its log.
        arguments: of the command line.
        folder: for its log.
        program: what understands the arguments.
        environment: more variables.
    """

    def __init__(
        self, name: str, arguments: list[str], folder: Path, program: Sequence[str] = PROGRAM, **environment: str
    ) -> None:
        self.name = name
        self.log_path = folder / f"{name}-{secrets.token_hex(2)}.log"
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = folder / f"notify-{secrets.token_hex(4)}"
        self._notify.bind(str(path))
        environment = {**os.environ, "NOTIFY_SOCKET": str(path), "PYTHONUNBUFFERED": "1", **environment}
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*program, *arguments],
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def wait_ready(self, seconds: float = 30.0) -> Daemon:
        self._notify.settimeout(seconds)
        try:
            while b"READY=1" not in self._notify.recv(4096):
                pass
        except TimeoutError:
            raise AssertionError(f"{self.name} did not become ready:\n{self.log}") from None
        finally:
            self.wait_no_more()
        return self

    def wait_no_more(self) -> None:
        """Nobody is interested in whether it becomes ready."""
        self._notify.close()

    def kill(self) -> None:
        """SIGKILL to this process alone; its children are its own business."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM, and what it exits with."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop:\n{self.log}") from None


class RealCluster:
    """One master and its nodes, with the configuration of old.

    Args:
        worker_user: account of the workers; None: who runs the tests, so that nodes need no steward.
        worker_memory: as in the configuration.
    """

    def __init__(
        self,
        folder: Path,
        database: str = "sqlite://:memory:",
        *,
        worker_user: str | None = None,
        worker_memory: str = "auto",
    ) -> None:
        self.folder = folder
        self.config = folder / "asyncluster.conf"
        self.socket = folder / "control.sock"
        self.port = free_port()
        self.daemons: list[Daemon] = []
        self.config.touch(mode=0o600)
        self.config.write_text(
            CLASSIC.format(
                database=database,
                folder=folder,
                port=self.port,
                password=secrets.token_urlsafe(16),
                server_password=secrets.token_urlsafe(16),
                user=worker_user or pwd.getpwuid(os.getuid()).pw_name,
                memory=worker_memory,
            )
        )

    def start_master(self) -> Daemon:
        return self._start("master", "master", "run").wait_ready()

    def start_node(self, workers: int = 1) -> Daemon:
        return self.start_nodes(1, workers)[0]

    def start_nodes(self, count: int, workers: int = 1) -> list[Daemon]:
        """Starts nodes at the same time."""
        arguments = ("node", "run", "--headless", "--workers", str(workers))
        return [node.wait_ready() for node in [self._start("node", *arguments) for _ in range(count)]]

    def _start(self, name: str, *arguments: str) -> Daemon:
        daemon = Daemon(name, ["--config", str(self.config), "-v", *arguments], self.folder)
        self.daemons.append(daemon)
        return daemon

    def run(self, *arguments: str, text: str | None = None, seconds: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "asyncluster", "--config", str(self.config), *arguments],
            input=text,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """What a command prints with --json."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def client(self) -> ac.Cluster:
        return ac.Cluster(socket=self.socket)

    def wait_for_nodes(self, count: int) -> list[dict[str, Any]]:
        def attached() -> list[dict[str, Any]]:
            with self.client() as cluster:
                nodes = [node for node in cluster.nodes() if node["state"] != "lost"]
            return nodes if len(nodes) == count else []

        return wait_for(attached, f"{count} nodes")  # type: ignore[no-any-return]

    def stop(self) -> None:
        for daemon in reversed(self.daemons):
            if daemon.process.poll() is None:
                daemon.stop()


@contextmanager
def running(cluster: RealCluster) -> Iterator[RealCluster]:
    """Stops what the cluster has started, and shows its logs."""
    try:
        yield cluster
    finally:
        cluster.stop()
        for daemon in cluster.daemons:
            print(f"--- {daemon.name} ({daemon.process.pid})\n{daemon.log}")


@pytest.fixture
def real_cluster(tmp_path: Path) -> Iterator[RealCluster]:
    """An empty cluster; the test starts what it needs."""
    with running(RealCluster(tmp_path)) as cluster:
        yield cluster


@pytest.fixture
def cluster(real_cluster: RealCluster) -> RealCluster:
    """A master and two nodes of one worker each, for a test that breaks them."""
    real_cluster.start_master()
    real_cluster.start_nodes(2)
    real_cluster.wait_for_nodes(2)
    return real_cluster


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealCluster]:
    """A master and two nodes of one worker each, for tests that leave them as they are."""
    with running(RealCluster(tmp_path_factory.mktemp("cluster"))) as cluster:
        cluster.start_master()
        cluster.start_nodes(2)
        cluster.wait_for_nodes(2)
        yield cluster

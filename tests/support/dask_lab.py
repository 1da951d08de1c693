"""A real cluster with Dask: a master, two nodes of one worker each, and people who come by signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from support.processes import Daemon, RealCluster, running, wait_for

from asyncluster.core.net.ports import free_port


def by_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function as one that travels whole: workers cannot import tests, which plain pickles would name."""
    copy = FunctionType(function.__code__, dict(function.__globals__), function.__name__, function.__defaults__)
    copy.__module__ = "__main__"
    return copy


_NODE = (sys.executable, str(Path(__file__).with_name("sat_at_node.py")))


class DaskLab(RealCluster):
    """See the module.

    Args:
        folder: for everything.
        when_in_use: as in the configuration.
        worker_user: ditto; None: who runs the tests.
        renew_after: seconds after which nodes renew their certificates; None: as in earnest.
    """

    def __init__(
        self,
        folder: Path,
        when_in_use: str = "suspend",
        worker_user: str | None = None,
        renew_after: int | None = None,
    ) -> None:
        super().__init__(folder, worker_memory="1 GB", worker_user=worker_user)
        self._environment = {} if renew_after is None else {"TEST_RENEW_AFTER": str(renew_after)}
        self.dask_port = free_port()
        text = self.config.read_text().replace("[common]", f"when in use = {when_in_use}\n[common]")
        self.config.write_text(f"{text}[engine]\nkind = dask\nport = {self.dask_port}\n")

    def start(self, nodes: int = 2) -> None:
        """Starts everything, and waits until the scheduler has all workers."""
        self.start_master()
        for _ in range(nodes):
            self.add_node()
        self.wait_for_workers(nodes)

    def add_node(self) -> Daemon:
        """One more node, of one worker."""
        arguments = ["--config", str(self.config), "-v", "node", "run", "--headless", "--workers", "1"]
        daemon = Daemon("node", arguments, self.folder, _NODE, **self._environment)
        self.daemons.append(daemon)
        return daemon.wait_ready()

    def standing(self) -> dict[str, Any]:
        """What the master says of Dask."""
        with self.client() as cluster:
            standing: dict[str, Any] = cluster.status()["dask"]
        return standing

    def wait_until(
        self, condition: Callable[[dict[str, Any]], Any], what: str, seconds: float = 60.0
    ) -> dict[str, Any]:
        """Returns what the master says of Dask as soon as it fits."""

        def fits() -> dict[str, Any]:
            standing = self.standing()
            return standing if condition(standing) else {}

        found: dict[str, Any] = wait_for(fits, what, seconds)
        return found

    def wait_for_workers(self, count: int) -> dict[str, Any]:
        """Waits until that many workers take tasks."""
        return self.wait_until(
            lambda standing: sum(standing["workers"].values()) - standing["paused"] == count, f"{count} Dask workers"
        )

    def workers(self, dask: Any) -> list[dict[str, Any]]:
        """What the scheduler says of the nodes' workers."""
        workers = dask.scheduler_info(n_workers=-1)["workers"].values()
        return [worker for worker in workers if worker["name"] != "depot"]

    def sit_down(self, node: Daemon) -> None:
        """Somebody logs in at a node."""
        node.process.send_signal(signal.SIGUSR1)

    def get_up(self, node: Daemon) -> None:
        """Nobody is there any more."""
        node.process.send_signal(signal.SIGUSR2)

    @property
    def nodes(self) -> list[Daemon]:
        """Those that run."""
        return [daemon for daemon in self.daemons if daemon.name == "node" and daemon.process.poll() is None]


@contextmanager
def lab(folder: Path, **options: Any) -> Iterator[DaskLab]:
    """A lab with two nodes."""
    with running(DaskLab(folder, **options)) as cluster:
        assert isinstance(cluster, DaskLab)
        cluster.start()
        yield cluster


@pytest.fixture(scope="module")
def dask_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskLab]:
    """A lab for tests that leave it as they found it."""
    with lab(tmp_path_factory.mktemp("dask")) as cluster:
        yield cluster

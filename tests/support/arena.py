"""A real cluster for faults: each node behind a fault proxy of its own, on a database that outlives the master.

The test does what systemd does where AsynCluster runs: what has died is started again. All else heals by itself.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
from support import quickly
from support.faultproxy import FaultProxy
from support.processes import Daemon, RealCluster, running
from support.processtable import lives
from support.strikes import Strikes
from support.waiting import wait_for
from support.workload import Batch, Work

import asyncluster as ac

DATABASE = "asyncluster.db"
CALLS = 120
HEALED_SECONDS = 60.0
GONE_SECONDS = 10.0
_QUICKLY = (sys.executable, quickly.__file__)


class Place:
    """Where one node stands: its configuration, its way to the master and its daemon.

    Attributes:
        proxy: the network between it and the master.
        daemon: the latest.
    """

    def __init__(self, number: int, cluster: RealCluster, proxy: FaultProxy) -> None:
        self.name = f"pc{number}"
        self.proxy = proxy
        self.state = cluster.folder / self.name
        self.config = cluster.folder / f"{self.name}.conf"
        self.config.touch(mode=0o600)
        text = cluster.config.read_text()
        text = text.replace(f"tcp port = {cluster.port}", f"tcp port = {proxy.port}")
        text = text.replace(f"state = {cluster.folder}/state", f"state = {self.state}")
        self.config.write_text(text.replace("[common]", f"node name = {self.name}\n[common]"))
        self.daemon: Daemon

    @property
    def marker(self) -> bytes:
        """By which its processes are known."""
        return f"ASYNCLUSTER_NODE={(self.state / 'node' / 'marker').read_text()}".encode()

    def workers(self) -> list[psutil.Process]:
        """What runs below its daemon; none if that is gone."""
        try:
            return psutil.Process(self.daemon.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []


class Arena:
    """One master, some nodes of two workers each, and a client with work in this process.

    Args:
        real: a cluster of which nothing has been started.
        nodes: how many.
        program: what runs the commands.
    """

    def __init__(self, real: RealCluster, nodes: int, program: tuple[str, ...]) -> None:
        self.real = real
        self._program = program
        self.start_master().wait_ready()
        self.places = [Place(number, self.real, FaultProxy(self.real.port)) for number in range(1, nodes + 1)]
        for place in self.places:
            self.start_node(place)
        self.work = Work(self.real.client(), real.folder)
        self.settle()

    # --- what systemd does ----------------------------------------------------------------------------------

    def start_master(self, **environment: str) -> Daemon:
        """Starts a master and waits for nothing."""
        self.master: Daemon = self._start("master", self.real.config, "master", "run", **environment)
        return self.master

    def start_node(self, place: Place, **environment: str) -> None:
        """Starts a node and waits for nothing."""
        arguments = ("node", "run", "--headless", "--workers", "2")
        place.daemon = self._start(place.name, place.config, *arguments, **environment)

    def _start(self, name: str, config: Path, *arguments: str, **environment: str) -> Daemon:
        # The logs of a thousand lives are not kept: the last ones tell what happened.
        for former in [daemon for daemon in self.real.daemons if daemon.name == name][:-2]:
            self.real.daemons.remove(former)
            former.wait_no_more()
            former.log_path.unlink()
        daemon = Daemon(name, ["--config", str(config), *arguments], self.real.folder, self._program, **environment)
        self.real.daemons.append(daemon)
        return daemon

    def revive(self) -> None:
        """Starts again what has died."""
        if self.master.process.poll() is not None:
            self.start_master().wait_ready()
        for place in self.places:
            if place.daemon.process.poll() is not None:
                self.start_node(place)

    # --- what must be true afterwards -----------------------------------------------------------------------

    @contextmanager
    def working(self, strikes: Strikes, calls: int = CALLS, *, ended: int = 0) -> Iterator[Batch]:
        """For a fault in the midst of a batch, when so many of its calls have ended; afterwards all must be well."""
        batch = self.work.begin(calls)
        batch.wait_for(ended)
        yield batch
        strikes.healed(self.settle())
        batch.check()

    def settle(self) -> float:
        """Waits until all nodes are attached, the queue moves and no process is left over; returns the seconds.

        Raises:
            TimeoutError: somebody's hand would be needed.
        """
        began = time.monotonic()
        names = sorted(place.name for place in self.places)
        wait_for(lambda: self.attached() == names, "all nodes attached", HEALED_SECONDS)
        self.work.begin(len(names)).check(HEALED_SECONDS)
        took = time.monotonic() - began
        assert took < HEALED_SECONDS
        wait_for(lambda: not self.strays(), "the end of what nobody owns", GONE_SECONDS)
        return took

    def attached(self) -> list[str]:
        """Names of the nodes that the master reaches."""
        try:
            nodes = self.work.client.nodes()
        except ac.MasterUnreachable:  # it is just being started
            return []
        return sorted(node["name"] for node in nodes if node["state"] != "lost")

    def strays(self) -> list[int]:
        """Processes of nodes' workers that are below no node daemon that lives."""
        owned = {worker.pid for place in self.places for worker in place.workers()}
        return [pid for pid in marked({place.marker for place in self.places}) if pid not in owned]

    def books(self) -> dict[int, int]:
        """Calls that each job has had submitted less those that have their end, by the master's database."""
        with closing(sqlite3.connect(f"file:{self.real.folder}/{DATABASE}?mode=ro", uri=True)) as books:
            rows = books.execute("select number, submitted - done - failed from jobs").fetchall()
            assert books.execute("pragma integrity_check").fetchone() == ("ok",)
        return dict(rows)

    def close(self) -> None:
        """Ends everything; nothing may be left."""
        for place in self.places:
            place.proxy.heal()
        self.work.close()
        markers = {place.marker for place in self.places}
        self.real.stop()
        for place in self.places:
            place.proxy.close()
        wait_for(lambda: not marked(markers), "the end of all workers", GONE_SECONDS)


def marked(markers: set[bytes]) -> list[int]:
    """The processes that live and have one of these entries in their environment."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                entries = Path(f"/proc/{name}/environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if markers.intersection(entries) and lives(int(name)):
                found.append(int(name))
    return found


@contextmanager
def stopped(processes: Iterable[int]) -> Iterator[None]:
    """SIGSTOP to processes for a while."""
    pids = list(processes)
    for pid in pids:
        signalled(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            signalled(pid, signal.SIGCONT)


def signalled(pid: int, number: signal.Signals) -> None:
    """A signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@contextmanager
def arena(folder: Path, nodes: int = 3, program: tuple[str, ...] = _QUICKLY) -> Iterator[Arena]:
    """An arena, with its logs shown if a test fails."""
    with running(RealCluster(folder, f"sqlite:///{folder}/{DATABASE}")) as real:
        try:
            made = Arena(real, nodes, program)
            yield made
            made.close()
        finally:
            for daemon in real.daemons:
                daemon.wait_no_more()

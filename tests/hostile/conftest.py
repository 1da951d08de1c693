"""A master and an honest node of real processes among strangers; each test ends with both doing their work."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from support.processes import Daemon, RealCluster, running

SQUARE = "def square(x):\n    return x * x\n"


@dataclass(frozen=True)
class Site:
    """The cluster that is attacked."""

    real: RealCluster
    master: Daemon

    @property
    def control(self) -> Path:
        return self.real.socket

    @property
    def port(self) -> int:
        line = next(line for line in self.real.config.read_text().splitlines() if line.startswith("tcp port"))
        return int(line.partition("=")[2])

    def memory(self) -> int:
        """Bytes that the master has."""
        size: int = psutil.Process(self.master.process.pid).memory_info().rss
        return size

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.master.process.pid}/fd"))

    def works(self) -> bool:
        """Calls of an honest client are run by the honest node."""
        with self.real.client() as cluster, cluster.job(SQUARE) as job:
            return list(job.map("square", range(20))) == [x * x for x in range(20)]


@pytest.fixture(scope="module")
def running_site() -> Iterator[Site]:
    folder = Path(tempfile.mkdtemp(prefix="asyncluster-test-"))
    folder.chmod(0o755)  # other accounts come as far as to the socket
    real = RealCluster(folder)
    real.config.write_text(real.config.read_text().replace("[server]\n", "[server]\njob users = nobody\n"))
    with running(real):
        master = real.start_master()
        real.start_node(workers=2)
        real.wait_for_nodes(1)
        yield Site(real, master)
    shutil.rmtree(folder)


@pytest.fixture
def site(running_site: Site) -> Iterator[Site]:
    """The cluster, which must be as good after the test as before it."""
    assert running_site.works()
    yield running_site
    assert running_site.works()
    assert running_site.master.process.poll() is None

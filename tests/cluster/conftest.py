"""Clusters whose calls are hostile: workers as who runs the tests, and as an account of their own."""

from __future__ import annotations

import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.processes import Daemon, RealCluster, running
from support.unix_people import processes_of
from support.waiting import wait_for

from asyncluster.ndm.steward import trees

_ACCOUNT = "acjobtest"


@dataclass(frozen=True)
class HostileCluster:
    """A master, and one node of two workers with 600 MB each.

    Attributes:
        account: of the workers; None: the one that runs the tests.
    """

    real: RealCluster
    master: Daemon
    node: Daemon
    account: pwd.struct_passwd | None

    def left(self) -> list[int]:
        """Processes of the workers' account."""
        return processes_of(self.account.pw_uid) if self.account else []


@pytest.fixture(scope="module")
def job_account() -> Iterator[pwd.struct_passwd]:
    """An account for jobs, made for these tests as `asyncluster node install` makes the real one."""
    subprocess.run(["userdel", "-f", _ACCOUNT], capture_output=True, check=False)
    options = ["--system", "--no-create-home", "--user-group", "--shell", "/usr/sbin/nologin"]
    subprocess.run(["useradd", *options, _ACCOUNT], capture_output=True, check=True)
    account = pwd.getpwnam(_ACCOUNT)
    yield account
    trees.kill_of_user(account.pw_uid)  # a test that failed must not leave a bomb behind
    subprocess.run(["userdel", "-f", _ACCOUNT], capture_output=True, check=False)


@pytest.fixture(scope="module", params=["own account", pytest.param("job account", marks=pytest.mark.root)])
def hostile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileCluster]:
    """A cluster for attacks, once with and once without an account for jobs."""
    if request.param == "job account":
        yield request.getfixturevalue("confined")
    else:
        yield from _cluster(tmp_path_factory.mktemp("hostile"), None)


@pytest.fixture(scope="module")
def confined(job_account: pwd.struct_passwd) -> Iterator[HostileCluster]:
    """A cluster whose workers have an account of their own, in a folder that everybody can look into."""
    folder = Path(tempfile.mkdtemp(prefix="asyncluster-test-"))
    folder.chmod(0o755)
    yield from _cluster(folder, job_account)
    shutil.rmtree(folder)


def _cluster(folder: Path, account: pwd.struct_passwd | None) -> Iterator[HostileCluster]:
    name = account.pw_name if account else None
    with running(RealCluster(folder, worker_user=name, worker_memory="600 MB")) as real:
        master = real.start_master()
        node = real.start_node(workers=2)
        real.wait_for_nodes(1)
        cluster = HostileCluster(real, master, node, account)
        yield cluster
    wait_for(lambda: not cluster.left(), "the end of everything that jobs started")

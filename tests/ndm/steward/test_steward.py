"""`asyncluster node run` as root: the steward with its node daemon and workers, each as whom it should be."""

from __future__ import annotations

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.processtable import lives
from support.waiting import wait_for

from asyncluster.core.errors import ConfigError
from asyncluster.ndm.steward import running, trees

pytestmark = pytest.mark.root

PATIENCE = 60.0
CONFIGURATION = """
[client]
host = 127.0.0.1
user = test
password = sentinel-of-the-nodes
worker user = {worker_user}
[common]
tcp port = 9
server password = sentinel-of-the-master
socket = {directory}/control.sock
state = {directory}/state
[display]
size = 300, 200
window manager = /usr/bin/startkde
niceness = 10
"""


class Node:
    """A running `asyncluster node run`."""

    def __init__(self, directory: Path, worker_user: str, **environment: str) -> None:
        configuration = directory / "asyncluster.conf"
        configuration.write_text(CONFIGURATION.format(directory=directory, worker_user=worker_user))
        configuration.chmod(0o600)
        self.told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.told.bind(str(directory / "notify"))
        self.told.settimeout(PATIENCE)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "asyncluster", "--config", str(configuration), "node", "run", "--workers", "1"],
            env={**os.environ, "NOTIFY_SOCKET": str(directory / "notify"), **environment},
            stderr=subprocess.PIPE,
            text=True,
        )

    def ready(self) -> None:
        assert self.told.recv(100) == b"READY=1"

    def below(self, module: str) -> list[int]:
        """Processes below the steward that run this module."""
        return [pid for pid in trees.descendants(self.process.pid) if module in arguments(pid)]

    def one(self, module: str) -> int:
        wait_for(lambda: len(self.below(module)) == 1, f"one {module}", PATIENCE)
        return self.below(module)[0]

    def stop(self) -> str:
        self.process.terminate()
        _out, err = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0
        return str(err)


def arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return []


def owner(pid: int) -> str:
    return pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Node]]:
    nodes: list[Node] = []

    def start(worker_user: str = "nobody", **environment: str) -> Node:
        nodes.append(Node(tmp_path, worker_user, **environment))
        return nodes[-1]

    yield start
    for node in nodes:
        if node.process.poll() is None:
            trees.kill_tree(node.process.pid)
        node.process.wait()
        node.process.stderr.close()
        node.told.close()


def test_everybody_runs_as_whom_they_should_and_nothing_is_left(start):
    node = start()
    node.ready()
    daemon, worker = node.one("asyncluster.ndm.node"), node.one("asyncluster.ndm.worker")
    assert owner(node.process.pid) == "root"
    assert owner(daemon) in ("asyncluster", "daemon")
    assert owner(worker) == "nobody"
    for pid in (node.process.pid, daemon, worker):
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert b"sentinel" not in shown
    work = Path(os.readlink(f"/proc/{worker}/cwd"))
    assert "sentinel" not in node.stop()
    assert node.told.recv(100) == b"STOPPING=1"
    assert not lives(daemon)
    assert not lives(worker)
    assert not work.parent.exists()


def test_a_steward_that_is_watched_says_again_and_again_that_it_lives(start):
    node = start(WATCHDOG_USEC="300000")
    said = [node.told.recv(100) for _ in range(6)]
    assert set(said) <= {b"WATCHDOG=1", b"READY=1"}
    assert said.count(b"WATCHDOG=1") >= 5


def test_a_node_daemon_that_dies_is_started_again_and_its_workers_end_first(start):
    node = start()
    node.ready()
    daemon, worker = node.one("asyncluster.ndm.node"), node.one("asyncluster.ndm.worker")
    os.kill(daemon, signal.SIGKILL)
    wait_for(lambda: not lives(worker), "the end of the worker", PATIENCE)
    node.ready()
    assert node.one("asyncluster.ndm.node") != daemon
    assert node.one("asyncluster.ndm.worker") != worker
    node.stop()


def test_kill_9_of_the_steward_ends_everything(start):
    node = start()
    node.ready()
    daemon, worker = node.one("asyncluster.ndm.node"), node.one("asyncluster.ndm.worker")
    node.process.kill()
    wait_for(lambda: not lives(daemon), "the end of the daemon", PATIENCE)
    wait_for(lambda: not lives(worker), "the end of the worker", PATIENCE)


def test_a_second_node_of_the_host_has_its_own_place(start, tmp_path):
    first, second = start(), None
    first.ready()
    (tmp_path / "notify").unlink()
    second = start()
    second.ready()
    assert {path.name for path in (tmp_path / "state-node").iterdir()} == {"node", "node-2"}
    first.stop()
    second.stop()


def test_root_runs_everything_as_root_if_told_so(start):
    node = start("root")
    node.ready()
    assert owner(node.one("asyncluster.ndm.worker")) == "root"
    assert node.below("asyncluster.ndm.node") == []
    node.stop()


def test_a_directory_that_somebody_else_may_change_is_refused(tmp_path):
    theirs = tmp_path / "state-node"
    theirs.mkdir()
    theirs.chmod(0o777)
    with pytest.raises(ConfigError, match="only root can change"):
        running.root_directory(tmp_path / "state")
    theirs.chmod(0o755)
    os.chown(theirs, 1234, 1234)
    with pytest.raises(ConfigError, match="only root can change"):
        running.root_directory(tmp_path / "state")
    theirs.rmdir()
    theirs.symlink_to("/etc")
    with pytest.raises(ConfigError, match="only root can change"):
        running.root_directory(tmp_path / "state")

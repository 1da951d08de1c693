"""A real master tells systemd that it lives."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

from support.processes import RealCluster


def test_a_master_that_is_watched_says_again_and_again_that_it_lives(tmp_path: Path, real_cluster: RealCluster) -> None:
    path = str(tmp_path / "systemd")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(path)
        systemd.settimeout(30)
        master = subprocess.Popen(
            [sys.executable, "-m", "asyncluster", "-q", "--config", str(real_cluster.config), "master", "run"],
            env={**os.environ, "NOTIFY_SOCKET": path, "WATCHDOG_USEC": "100000"},
        )
        try:
            assert [systemd.recv(100) for _ in range(4)] == [b"READY=1", *[b"WATCHDOG=1"] * 3]
        finally:
            master.terminate()
            assert master.wait(20) == 0

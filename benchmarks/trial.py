"""A master of our own, in a folder of its own, for what `LocalCluster` does not do: many nodes, restarts, idling."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from asyncluster.core.net.ports import free_port

_CONFIG = """\
[server]
database = sqlite:///{folder}/asyncluster.db
subnets = 127.0.0.0/8
listen = 127.0.0.1
[client]
host = 127.0.0.1
user = node
password = {client}
[common]
tcp port = {port}
socket = {folder}/control.sock
server password = {server}
state = {folder}
"""
_START_SECONDS = 30


class Master:
    """`asyncluster master run` with a fresh configuration, while the `with` block lasts.

    Args:
        folder: an empty one; a short path, since a socket lives in it.

    Attributes:
        config: path of the configuration.
        socket: path of the control socket.
    """

    def __init__(self, folder: Path) -> None:
        self.config = folder / "asyncluster.conf"
        self.socket = folder / "control.sock"
        self._log = folder / "master.log"
        passwords = {"client": secrets.token_hex(16), "server": secrets.token_hex(16)}
        self.config.touch(mode=0o600)
        self.config.write_text(_CONFIG.format(folder=folder, port=free_port(), **passwords))

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self) -> None:
        """Starts it and waits until it answers."""
        with self._log.open("ab") as log:
            self._process = run_asyncluster(self.config, "master", "run", stdout=log, stderr=log)
        wait_until(self._answers, _START_SECONDS, f"the master does not start: see {self._log}")

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Ends it orderly."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(self._log.read_text().strip().splitlines()[-1])
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self.socket)) == 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_unused_error: object) -> None:
        self.stop()


def run_asyncluster(config: Path, *arguments: str, **options: object) -> subprocess.Popen[bytes]:
    """Starts the command with a configuration."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ASYNCLUSTER")}
    command = [sys.executable, "-m", "asyncluster", "--config", str(config), *arguments]
    return subprocess.Popen(command, env=environ, **options)  # type: ignore[call-overload,no-any-return]


def wait_until(condition: object, seconds: float, trouble: str, every: float = 0.01) -> float:
    """Waits until `condition()` holds, and says how long that took.

    Raises:
        TimeoutError: it did not within `seconds`.
    """
    assert callable(condition)
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise TimeoutError(trouble)
        time.sleep(every)
    return time.monotonic() - start

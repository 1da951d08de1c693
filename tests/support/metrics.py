"""A real master with metrics on a UNIX socket and on a port, and hands that read them."""

from __future__ import annotations

import http.client
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.waiting import wait_for

from asyncluster.core.net.ports import free_port

_CONFIGURATION = """[server]
database = sqlite://:memory:
listen = 127.0.0.1
metrics = {directory}/metrics.sock
[client]
user = test
password = {password}
[common]
tcp port = {port}
socket = {directory}/control.sock
server password = {server_password}
state = {directory}/state
"""


class _Connection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=20)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(str(self._path))


class Scraped:
    """A master that is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def get(self, page: str, method: str = "GET") -> tuple[int, str, str]:
        """Status, type and text."""
        connection = _Connection(self.path)
        try:
            connection.request(method, page)
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type", ""), answer.read().decode()
        finally:
            connection.close()

    def connect(self) -> socket.socket:
        """A connection that says nothing."""
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self.path))
        return link

    def wait_for_room(self) -> None:
        """Until the master has noticed that others have gone."""
        wait_for(self._answers, "room for a reader")

    def _answers(self) -> bool:
        try:
            return self.get("/metrics")[0] == 200
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def measured_master(directory: Path) -> Iterator[Scraped]:
    """A master of its own process."""
    path = directory / "asyncluster.conf"
    path.touch(0o600)
    words = {"password": secrets.token_hex(12), "server_password": secrets.token_hex(12)}
    path.write_text(_CONFIGURATION.format(directory=directory, port=free_port(), **words))
    directory.chmod(0o755)
    command = [sys.executable, "-m", "asyncluster", "--config", str(path), "master", "run"]
    with (directory / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_for((directory / "metrics.sock").exists, "the master's metrics", 60.0)
            yield Scraped(directory / "metrics.sock")
        finally:
            process.terminate()
            process.wait(30)

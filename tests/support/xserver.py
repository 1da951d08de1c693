"""Virtual X servers, and our windows' programs on them, for tests and for the pictures of the documentation."""

from __future__ import annotations

import fcntl
import os
import re
import select
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from asyncluster.core.wire.framing import FrameReader

_START_SECONDS = 20


@contextmanager
def x_server(screen: str = "1280x800", program: str = "Xvfb", options: tuple[str, ...] = ()) -> Iterator[str]:
    """An X server without a network and without a window manager; yields its display, such as ":99"."""
    reading, writing = os.pipe()
    arguments = [program, "-displayfd", str(writing), "-nolisten", "tcp", "-noreset", *options]
    arguments += ["-screen", "0", f"{screen}x24"] if program == "Xvfb" else ["-screen", screen]
    with subprocess.Popen(arguments, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            ready, _, _ = select.select([reading], [], [], _START_SECONDS)
            number = os.read(reading, 20).decode().strip() if ready else ""
            if not number:
                raise RuntimeError(f"{program} does not start")
            yield f":{number}"
        finally:
            os.close(reading)
            server.terminate()


def xdotool(display: str, *arguments: str) -> str:
    """Runs xdotool there and returns what it prints."""
    return on_display(display, "xdotool", *arguments)


def on_display(display: str, *command: str) -> str:
    """Runs a program there and returns what it prints."""
    environment = {**os.environ, "DISPLAY": display}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=30).stdout


def windows(display: str, title: str) -> list[tuple[int, int, int, int]]:
    """Position and size of every window with this title, by the X server's own account, in order of position."""
    tree = None
    while tree is None:  # a window that goes while the list is made spoils the list
        with suppress(subprocess.CalledProcessError):
            tree = on_display(display, "xwininfo", "-root", "-tree")
    form = rf'"{title}": \("[^)]*\) +(\d+)x(\d+)\S+ +\+(-?\d+)\+(-?\d+)$'  # Qt's helper windows have no class
    found = re.findall(form, tree, re.MULTILINE)
    return sorted((int(x), int(y), int(width), int(height)) for width, height, x, y in found)


class Program:
    """One of our windows' programs with a node daemon's end of its socket in our hands.

    Args:
        module: what to run, such as "asyncluster.ndm.greeter".
        display: the X server; None: Qt's offscreen platform.
        decoder: decodes what it sends.
        environment: more variables.
    """

    def __init__(self, module: str, display: str | None, decoder: Any, **environment: str) -> None:
        self._socket, theirs = socket.socketpair()
        self._decoder = decoder
        self._frames = FrameReader(1 << 20)
        self._waiting: list[Any] = []
        where = {"QT_QPA_PLATFORM": "offscreen"} if display is None else {"DISPLAY": display}
        inherited = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
        self.started = time.monotonic()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={**inherited, **where, **environment},
                stderr=subprocess.PIPE,
                text=True,
            )

    def send(self, *framed: bytes) -> None:
        """Sends frames."""
        for one in framed:
            self._socket.sendall(one)

    def receive(self, seconds: float = 20) -> Any:
        """The next message, waited for."""
        self._socket.settimeout(seconds)
        while not self._waiting:
            data = self._socket.recv(65536)
            if not data:
                raise EOFError("the program has closed its end")
            self._waiting += self._frames.receive(data)
        return self._decoder.decode(self._waiting.pop(0))

    def silent(self, seconds: float = 0.3) -> bool:
        """Whether nothing arrives for a while."""
        return not self._waiting and not select.select([self._socket], [], [], seconds)[0]

    def has_read(self) -> bool:
        """Whether it has taken all that was sent."""
        unread = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
        return int.from_bytes(unread, sys.byteorder) == 0

    def cpu_seconds(self) -> float:
        """Processor time that it has used, in seconds."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def hang_up(self) -> None:
        """Closes the node daemon's end."""
        self._socket.close()

    def close(self) -> str:
        """Ends the program; returns what it wrote to standard error."""
        self._socket.close()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(5)
        if self.process.poll() is None:
            self.process.kill()
        _out, errors = self.process.communicate(timeout=20)
        return str(errors)


def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Waits until `condition()` is true, and fails if that takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.02)

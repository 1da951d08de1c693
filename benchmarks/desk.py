"""The other half: greeters until somebody may type, commands from a cold start, and what idles at whose expense.

A greeter is started alone, on an X server that runs already, and is ready when the X server says that a window has
the keyboard: the same for AsynCluster's, LightDM's gtk-greeter and SDDM's. LightDM's wants its daemon at two pipes;
`_LightDM` says the one thing to it that it waits for.
"""

from __future__ import annotations

import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import asyncluster as ac
from asyncluster.core.wire import greeter, timebar
from asyncluster.ndm.greeter.blink import BLINKING_SECONDS
from asyncluster.ndm.timebar.window import TITLE as TIME_BAR
from benchmarks.catalogue import ASYNCLUSTER
from benchmarks.processes import running_seconds
from benchmarks.table import Table
from benchmarks.trial import Master, run_asyncluster
from benchmarks.workloads import Figures
from benchmarks.xvfb import wait_for_keyboard, wait_for_window, x_server

_REPEATS = 5
_IDLE_SECONDS = 30.0
_SETTLE_SECONDS = BLINKING_SECONDS + 2.0  # until a greeter that nobody uses stands still


def commands() -> Figures:
    """Seconds of `asyncluster --version`, and of `asyncluster status` at a master with nothing to do."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Master(Path(folder)) as master:
        return {
            "version_s": _median(lambda: _command(master.config, "--version")),
            "status_s": _median(lambda: _command(master.config, "status")),
            "python_alone_s": _median(lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
        }


def _command(config: Path, *arguments: str) -> None:
    process = run_asyncluster(config, *arguments, stdout=subprocess.DEVNULL)
    if process.wait(20):
        raise RuntimeError(f"asyncluster {' '.join(arguments)} ended with status {process.returncode}")


def _median(run: Callable[[], object]) -> float:
    run()  # what every later start finds in the page cache
    seconds = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def idle() -> Figures:
    """Percent of a core that a node daemon with telemetry, a greeter and a time bar take while nothing happens."""
    with ac.LocalCluster(nodes=1, workers=2) as cluster, x_server() as display:
        pids = {"node_daemon": cluster.pids["node-1"], "master": cluster.pids["master"]}
        first = greeter.framed(greeter.Configuration("pc1"))
        bar = timebar.framed(timebar.State("Lena", left=7200.0))
        with (
            _Window("asyncluster.ndm.greeter", display, first) as one,
            _Window("asyncluster.ndm.timebar", display, bar) as two,
        ):
            pids |= {"greeter": one.pid, "time_bar": two.pid}
            wait_for_keyboard(display, one.process)
            time.sleep(_SETTLE_SECONDS)
            before = {name: running_seconds(pid) for name, pid in pids.items()}
            time.sleep(_IDLE_SECONDS)
            for window in (one, two):
                if window.process.poll() is not None:
                    raise RuntimeError(f"{window.process.args} has ended")
            return {
                f"{name}_percent": (running_seconds(pid) - before[name]) / _IDLE_SECONDS * 100
                for name, pid in pids.items()
            }


def greeters(table: Table) -> None:
    """Takes the greeters in turn, and writes into the table how long each takes until somebody may type."""
    starters: dict[str, Callable[[str], subprocess.Popen[bytes]]] = {
        ASYNCLUSTER: _our_greeter,
        "lightdm-gtk-greeter": _LightDM().start,
        "sddm-greeter": _sddm,
    }
    for number in range(_REPEATS + 1):
        for name, start in starters.items():
            if (name, "greeter") in table.errors:
                continue
            try:
                seconds = _until_typing(start)
            except (OSError, RuntimeError) as error:
                table.errors[name, "greeter"] = f"{type(error).__name__}: {error}"
            else:
                if number:  # the first one of each found its files on the disk
                    table.add(name, "greeter", {"seconds": seconds})


def _until_typing(start: Callable[[str], subprocess.Popen[bytes]]) -> float:
    with x_server() as display:
        began = time.monotonic()
        process = start(display)
        try:
            wait_for_keyboard(display, process)
            return time.monotonic() - began
        finally:
            process.kill()
            process.wait()


def time_bar() -> Figures:
    """Seconds from the start of a time bar's process until its window is on the screen."""
    first = timebar.framed(timebar.State("Lena", left=7200.0))
    with x_server() as display:

        def start() -> None:
            with _Window("asyncluster.ndm.timebar", display, first) as bar:
                wait_for_window(display, bar.process, TIME_BAR)

        return {"seconds": _median(start)}


class _Window:
    """One of our windows' programs, with the node daemon's end of its socket here."""

    def __init__(self, module: str, display: str, first: bytes) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, "--fd", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env=_on(display),
                stderr=subprocess.DEVNULL,
            )
        self.pid = self.process.pid
        self._socket.sendall(first)

    def __enter__(self) -> _Window:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        self.process.kill()
        self.process.wait()
        self._socket.close()


def _our_greeter(display: str) -> subprocess.Popen[bytes]:
    window = _Window("asyncluster.ndm.greeter", display, greeter.framed(greeter.Configuration("pc1")))
    process: subprocess.Popen[bytes] = window.process
    process.window = window  # type: ignore[attr-defined]  # keeps the socket open
    return process


def _sddm(display: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sddm-greeter", "--test-mode"], env=_on(display), **_QUIET)


class _LightDM:
    """As much of LightDM's daemon as its greeter needs to come up: the answer to its first words."""

    _CONNECTED = 7
    _HINTS = {"show-manual-login": "true", "hide-users": "true", "default-session": "default"}

    def start(self, display: str) -> subprocess.Popen[bytes]:
        """Starts its greeter."""
        from_greeter, greeter_out = os.pipe()
        greeter_in, to_greeter = os.pipe()
        environ = {"LIGHTDM_TO_SERVER_FD": str(greeter_out), "LIGHTDM_FROM_SERVER_FD": str(greeter_in)}
        process = subprocess.Popen(
            ["lightdm-gtk-greeter"], env=_on(display) | environ, pass_fds=[greeter_out, greeter_in], **_QUIET
        )
        for end in (greeter_out, greeter_in):
            os.close(end)
        threading.Thread(target=self._serve, args=(from_greeter, to_greeter), daemon=True).start()
        return process

    def _serve(self, from_greeter: int, to_greeter: int) -> None:
        with open(from_greeter, "rb") as reader, open(to_greeter, "wb", buffering=0) as writer:
            reader.read(8)  # it says "connect" first, and then never needs us again
            hints = b"".join(_string(name) + _string(value) for name, value in self._HINTS.items())
            body = struct.pack("!I", 1) + _string("1.32.0") + struct.pack("!I", len(self._HINTS)) + hints
            writer.write(struct.pack("!II", self._CONNECTED, len(body)) + body)
            reader.read()  # until it ends


_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def _string(text: str) -> bytes:
    return struct.pack("!I", len(text)) + text.encode()


def _on(display: str) -> dict[str, str]:
    """An environment on that display, whatever this process draws on."""
    return {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}

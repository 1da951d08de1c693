"""The demo's workstation from outside: a program at a terminal, what belongs to it, and hands that type."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
from support.waiting import within
from support.xserver import until, xdotool

GREETER = "AsynCluster greeter"
TIME_BAR = "AsynCluster time bar"
PASSWORD = r"[a-z]{4}(-[a-z]{4}){3}"
START_SECONDS = 60.0

DEMO = (sys.executable, "-m", "asyncluster", "demo", "--no-console", "--iterations", "2")
_ALONE = """
import subprocess, sys
from asyncluster.core.client.local import LocalCluster
with LocalCluster(nodes=1) as cluster:
    directory = str(cluster.socket.parent.parent)
    subprocess.run([sys.executable, "-m", "asyncluster.ndm.trial", directory])
"""
#: A cluster with a workstation, without the demo's job.
ALONE = (sys.executable, "-c", _ALONE)


class Terminal:
    """A program at a terminal of its own, and everything that it starts.

    Args:
        command: the program.
        display: the screen that it finds.
        folder: for its temporary files; what has it in its environment or command belongs to the program.
    """

    def __init__(self, command: tuple[str, ...], display: str, folder: Path, **identity: Any) -> None:
        self.folder = folder
        self._master, terminal = pty.openpty()
        self._said = b""
        self.process = subprocess.Popen(
            command,
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={"PATH": "/usr/bin:/bin", "DISPLAY": display, "TMPDIR": str(folder), "HOME": str(folder)},
            cwd="/",
            start_new_session=True,
            **identity,
        )
        os.close(terminal)

    def wait_for(self, pattern: str) -> str:
        """What matches, once it has been said."""
        end = time.monotonic() + within(START_SECONDS)
        while not (found := re.search(pattern, self._said.decode(errors="replace"))):
            assert time.monotonic() < end, self._said.decode(errors="replace")[-2000:]
            if select.select([self._master], [], [], 0.5)[0]:
                self._said += os.read(self._master, 65536)
        return found[0]

    def programs(self) -> list[psutil.Process]:
        """What belongs to it and lives."""
        mine = []
        for process in psutil.process_iter():
            try:
                words = [*process.cmdline(), *process.environ().values()]
                if process.status() != psutil.STATUS_ZOMBIE and any(str(self.folder) in word for word in words):
                    mine.append(process)
            except psutil.Error:
                continue
        return mine

    def named(self, word: str) -> psutil.Process | None:
        """The program of it whose command has this word."""
        for process in self.programs():
            try:
                if word in process.cmdline():
                    return process
            except psutil.Error:
                continue
        return None

    def titles(self) -> str:
        """Names of all windows on the workstation's own X server."""
        for process in self.programs():
            try:
                command = process.cmdline()
            except psutil.Error:
                continue
            if command and Path(command[0]).name == "Xephyr" and "-title" not in command:
                display = next(word for word in command if re.fullmatch(r":\d+", word))
                where = {"DISPLAY": display, "XAUTHORITY": command[command.index("-auth") + 1], "PATH": "/usr/bin:/bin"}
                tree = subprocess.run(["xwininfo", "-root", "-tree"], env=where, capture_output=True, text=True)
                focus = ["xdotool", "getwindowfocus", "getwindowname"]
                return tree.stdout + "focus " + subprocess.run(focus, env=where, capture_output=True, text=True).stdout
        return ""

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        until(lambda: not self.programs(), within(30))
        os.close(self._master)


def log_in(screen: str, terminal: Terminal, password: str) -> None:
    """Somebody logs in at the workstation; returns when the session has its time bar."""
    until(lambda: f"focus {GREETER}" in terminal.titles(), within(START_SECONDS))
    xdotool(screen, "mousemove", "500", "680")  # the window under the pointer gets the keys
    xdotool(screen, "type", "demo")
    xdotool(screen, "key", "Tab")
    xdotool(screen, "type", password)
    xdotool(screen, "key", "Return")
    until(lambda: TIME_BAR in terminal.titles(), within(START_SECONDS))

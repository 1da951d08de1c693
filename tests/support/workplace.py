"""A master and a node with real displays, each a process of its own, and hands that type."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from support.unix_people import status_of
from support.waiting import time_until, wait_for

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.net.ports import free_port
from asyncluster.ndm.session.group import ControlGroup, home

_CONFIGURATION = """[server]
database = sqlite:///{state}/asyncluster.db
subnets = 127.0.0.1
[client]
host = 127.0.0.1
user = test
password = {password}
workers = 1
node name = pc1
[common]
tcp port = {port}
socket = {state}/control.sock
server password = {server_password}
state = {state}
[display]
size = {size[0]}, {size[1]}
window manager = {window_manager}
displays = {displays}
x server = Xvfb -screen 0 {screen[0]}x{screen[1]}x24
grace = {grace} s
power buttons = no
"""
GRACE = 2.0  # seconds
LOGIN_SIZE, SCREEN_SIZE = (420, 300), (1024, 768)
LOGIN_PASSWORD = "over the hills"


class Screen:
    """A display, with somebody before it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.directory = Path(f"/run/asyncluster-node/{number}")

    def group_of(self, part: str) -> ControlGroup:
        found = home()
        assert found is not None
        return ControlGroup(found / f"asyncluster-{self.number}" / part)

    def group(self, part: str) -> list[int]:
        return self.group_of(part).pids()

    def keeper(self) -> int:
        """The process that keeps what stands on the display."""
        return int(status_of(self.group("x")[0])["PPid"])

    def program(self, module: str) -> int:
        for pid in self.group("inside"):
            try:
                if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return pid
            except OSError:
                continue
        return 0

    def x(self, *command: str) -> subprocess.CompletedProcess[str]:
        authority = str(self.directory / "server")
        environment = {"DISPLAY": f":{self.number}", "XAUTHORITY": authority, "PATH": os.environ["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20)

    def greeter_is_usable(self) -> bool:
        """The greeter is up and what is typed arrives in it."""
        if not self.program("asyncluster.ndm.greeter"):
            return False
        focus = self.x("xdotool", "getwindowfocus").stdout.strip()
        return focus.isdecimal() and int(focus) > 1 and bool(self.x("xdotool", "getwindowname", focus).stdout.strip())

    def wait_for_greeter(self, seconds: float = 30.0) -> float:
        return time_until(self.greeter_is_usable, f"a greeter on :{self.number}", seconds)

    def type(self, name: str, password: str) -> None:
        self.x("xdotool", "type", name)
        self.x("xdotool", "key", "Tab")
        self.x("xdotool", "type", password)
        self.x("xdotool", "key", "Return")

    def restart_greeter(self) -> None:
        """Whoever typed before leaves no name and no password in it."""
        former = self.program("asyncluster.ndm.greeter")
        os.kill(former, signal.SIGKILL)
        wait_for(lambda: self.program("asyncluster.ndm.greeter") not in (0, former), "a fresh greeter")

    def picture(self, path: Path) -> None:
        assert self.x("import", "-window", "root", str(path)).returncode == 0


class Site:
    """One master, one node with two displays.

    Attributes:
        screens: of the displays.
        processes: master and node, by noun.
    """

    def __init__(self, directory: Path, displays: list[int], window_manager: str) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.state.mkdir()
        self.configuration = directory / "asyncluster.conf"
        self.configuration.touch(0o600)
        self.configuration.write_text(
            _CONFIGURATION.format(
                state=self.state,
                port=free_port(),
                password=secrets.token_hex(12),
                server_password=secrets.token_hex(12),
                displays=", ".join(f":{number}" for number in displays),
                grace=int(GRACE),
                size=LOGIN_SIZE,
                screen=SCREEN_SIZE,
                window_manager=window_manager,
            )
        )
        self.screens = [Screen(number) for number in displays]
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, noun: str) -> None:
        with (self.directory / f"{noun}.log").open("ab") as log:
            self.processes[noun] = subprocess.Popen(
                [sys.executable, "-m", "asyncluster", "--config", str(self.configuration), noun, "run"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, noun: str, number: signal.Signals = signal.SIGKILL) -> None:
        process = self.processes.pop(noun)
        process.send_signal(number)
        process.wait(30)

    def log(self, noun: str) -> str:
        return (self.directory / f"{noun}.log").read_text()

    def ask(self, verb: str, **arguments: Any) -> Any:
        with Cluster(socket=str(self.state / "control.sock")) as cluster:
            return cluster.ask(verb, **arguments)

    def show(self, name: str) -> dict[str, Any]:
        return self.ask("user show", name=name)

    def sheet(self, name: str) -> list[dict[str, Any]]:
        return self.ask("timesheet list", name=name)

    def guessed(self, name: str, times: int) -> None:
        """Somebody has typed wrong passwords at the node, a minute ago."""
        row = (name, self.ask("node list")[0]["name"], int(time.time()) - 60)
        with closing(sqlite3.connect(self.state / "asyncluster.db", timeout=30)) as database, database:
            database.executemany(
                "INSERT INTO failures (user_name, node, at, cleared) VALUES (?, ?, ?, 0)", [row] * times
            )

    def wait_for_node(self) -> None:
        wait_for(lambda: len(self.ask("node list")) == 1, "the node")

    @contextmanager
    def another_node(self) -> Iterator[None]:
        """Something kills the node; returns when the master knows its successor."""
        before = self.log("master").count(" attached from ")
        yield
        wait_for(lambda: self.log("master").count(" attached from ") > before, "the node to be back", 40)

    def open_all_week(self) -> None:
        for day in range(7):
            self.ask("opening add", day=str(day), start="00:00", end="24:00")

    def node_daemon(self) -> int:
        steward = self.processes["node"].pid
        children = Path(f"/proc/{steward}/task/{steward}/children").read_text().split()
        for child in children:
            if b"asyncluster.ndm.node" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        return 0

    def close(self) -> None:
        for noun in ("node", "master"):
            if noun in self.processes:
                self.kill(noun, signal.SIGTERM)


@contextmanager
def site(window_manager: str = "/usr/bin/openbox") -> Iterator[Site]:
    """A master and a node that people can sit down at; open all week."""
    directory = Path(tempfile.mkdtemp(prefix="asyncluster-people-"))
    directory.chmod(0o755)
    first = 2000 + os.getpid() % 1000 * 2
    made = Site(directory, [first, first + 1], window_manager)
    try:
        made.start("master")
        wait_for(lambda: (made.state / "control.sock").exists(), "the master")
        made.open_all_week()
        made.start("node")
        made.wait_for_node()
        yield made
    except AssertionError:
        print(*(path.read_text() for path in directory.glob("*.log")), sep="\n")
        raise
    finally:
        made.close()
        for screen in made.screens:
            shutil.rmtree(screen.directory, ignore_errors=True)
        shutil.rmtree(directory, ignore_errors=True)
        shutil.rmtree(f"{made.state}-node", ignore_errors=True)

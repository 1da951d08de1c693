"""The console as a process of its own, over a real socket, with a master that goes away and comes back."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncluster.__main__ import asyncluster
from asyncluster.core.errors import ConfigError

_TESTS = Path(__file__).parent.parent

#: Puts the console together as `run` does; `until(condition, then)` goes on when something has become true.
PROGRAM = """
import sys
from pathlib import Path
from PyQt6.QtCore import QSettings
from asyncluster.console.program import Console
from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.reactor import install
from asyncluster.core.qt.theme import Mode

app = make_application("AsynCluster console")
reactor = install(tls=False)
settings = QSettings(sys.argv[2], QSettings.Format.IniFormat)
console = Console(app, reactor, Path(sys.argv[1]), mode=Mode.DARK, settings=settings)
window, link, mirror = console.window, console.link, console.mirror
window.show()
reactor.callWhenRunning(link.start)

def until(condition, then):
    if condition():
        then()
    else:
        reactor.callLater(0.02, until, condition, then)
"""


@pytest.fixture
def serve(tmp_path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts a master with a simulated lab; all are ended with the test."""
    started = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "support.labmaster", str(tmp_path / "sock")],
            env={**os.environ, "PYTHONPATH": f"{_TESTS}:{_TESTS.parent}"},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def console(tmp_path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Runs a console with a script appended; it prints, and reads its standard input to wait for the test."""
    started = []

    def start(source: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [
                sys.executable,
                "-c",
                PROGRAM + textwrap.dedent(source) + "\nreactor.run()",
                str(tmp_path / "sock"),
                str(tmp_path / "settings.ini"),
            ],
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(_TESTS.parent)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def lines(process: subprocess.Popen[str], count: int) -> list[str]:
    assert process.stdout is not None
    return [process.stdout.readline().rstrip("\n") for _ in range(count)]


def test_it_shows_the_room_acts_and_sees_what_came_of_it(serve, console):
    serve()
    process = console("""
        room = window._pages[0]

        def act():
            print(room.subtitle.text(), "cores:", len(mirror.table("cores").rows) > 0)
            room.view.select(["pc02"])
            room.press("d")
            until(lambda: mirror.table("nodes").rows["pc02"].state == "draining", seen)

        def seen():
            print("draining", window._done.accessibleName())
            reactor.stop()

        until(lambda: len(mirror.table("nodes").rows) == 24 and mirror.table("cores").rows, act)
    """)
    assert lines(process, 2) == ["24 PCs cores: True", "draining pc02 takes no new calls."]
    assert process.wait(30) == 0


def test_it_survives_its_master_and_shows_the_next_one(serve, console):
    master = serve()
    process = console("""
        from asyncluster.console.link import State

        def up():
            print("up", len(mirror.table("nodes").rows))
            sys.stdout.flush()
            until(lambda: link.state is State.AWAY, away)

        def away():
            print("away", len(mirror.table("nodes").rows), window._trouble.isVisible())
            sys.stdout.flush()
            until(lambda: link.state is State.UP and not window._trouble.isVisible(), again)

        def again():
            print("again", window._top._master.text())
            window.close()

        until(lambda: len(mirror.table("nodes").rows) == 24, up)
    """)
    assert lines(process, 1) == ["up 24"]
    master.kill()
    master.wait()
    assert lines(process, 1) == ["away 24 True"]
    serve()
    assert lines(process, 1) == ["again Master ok"]
    assert process.wait(30) == 0


def test_without_a_master_the_window_shows_and_says_so(console):
    process = console("""
        def said():
            print(window._trouble.accessibleName().split(".")[0], link.reason)
            reactor.stop()

        until(lambda: window._trouble.isVisible(), said)
    """)
    (line,) = lines(process, 1)
    assert line.startswith("The master does not answer No master answers at")
    assert "asyncluster master run" in line


def test_the_command_is_there_and_says_how_to_reach_a_master_far_away():
    result = CliRunner().invoke(asyncluster, ["console", "--help"])
    assert result.exit_code == 0
    assert "ssh -L" in result.output


def test_a_configuration_that_cannot_be_read_is_told_before_anything_is_shown(tmp_path, monkeypatch):
    monkeypatch.delenv("ASYNCLUSTER_SOCKET", raising=False)
    with pytest.raises(ConfigError):
        asyncluster.main(["--config", str(tmp_path / "none.conf"), "console"], standalone_mode=False)

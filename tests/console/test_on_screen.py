"""The console on an X server with a window manager, used by a mouse and a keyboard that are not Qt's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.xserver import until, windows, x_server, xdotool

_ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def display() -> Iterator[str]:
    with x_server("1440x900") as display:
        manager = subprocess.Popen(["openbox"], env={**os.environ, "DISPLAY": display}, stderr=subprocess.DEVNULL)
        yield display
        manager.terminate()
        manager.wait()


@pytest.fixture
def lab(tmp_path) -> Iterator[subprocess.Popen[str]]:
    environment = {**os.environ, "PYTHONPATH": f"{_ROOT / 'tests'}:{_ROOT}"}
    process = subprocess.Popen(
        [sys.executable, "-m", "support.labmaster", str(tmp_path / "sock")],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def console(display, lab, tmp_path) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    environment = {**inherited, "DISPLAY": display, "XDG_CONFIG_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "asyncluster", "console", "--socket", str(tmp_path / "sock"), "--theme", "light"]
    process = subprocess.Popen(command, env=environment, cwd=_ROOT)
    try:
        until(lambda: windows(display, "AsynCluster"))
        while not _watches_cores(said(lab)):
            pass  # each line is waited for; cores are asked for once nodes are shown
        yield process
    finally:
        process.kill()
        process.wait()


def said(lab: subprocess.Popen[str]) -> Any:
    """The next question that the lab was asked, waited for."""
    assert lab.stdout is not None
    return json.loads(lab.stdout.readline())


def _watches_cores(question: Any) -> bool:
    verb, arguments = question
    return verb == "watch" and "cores" in arguments["topics"]


def asked(lab: subprocess.Popen[str]) -> Any:
    """The next question that is not about what the console looks at."""
    while (question := said(lab))[0] == "watch":
        pass
    return question


def active(display: str) -> str:
    """Title of the window that has the keyboard; "" if none has."""
    with suppress(subprocess.CalledProcessError):
        return xdotool(display, "getactivewindow", "getwindowname").strip()
    return ""


def palette(display: str, text: str) -> None:
    """Opens the palette, types, and does what the first line says."""
    xdotool(display, "search", "--sync", "--onlyvisible", "--name", "^AsynCluster$", "windowactivate", "--sync")
    until(lambda: active(display) == "AsynCluster")
    xdotool(display, "key", "ctrl+k")
    until(lambda: active(display) == "Commands")
    xdotool(display, "type", "--delay", "20", text)
    xdotool(display, "key", "Return")


def test_a_person_gets_thirty_minutes_by_the_palette(display, lab, console):
    palette(display, "give lena 30")
    assert asked(lab) == ["user grant", {"name": "lfischer", "duration": "30min"}]


def test_a_kick_asks_by_name_and_a_hasty_enter_is_no(display, lab, console):
    palette(display, "log out lena")
    until(lambda: active(display) == "Log Lena Fischer out?")
    xdotool(display, "key", "Return")
    until(lambda: active(display) == "AsynCluster")
    palette(display, "give maria 15")
    assert asked(lab) == ["user grant", {"name": "mkoval", "duration": "15min"}]

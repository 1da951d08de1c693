"""What the demo says where there is no screen, and what it opens where there is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from asyncluster.core.commands import demo_windows
from asyncluster.core.commands.demo_windows import Windows, missing_here

SAYS = "import sys, time; print({words!r}, flush=True); time.sleep({seconds})"


@pytest.fixture
def open_windows(monkeypatch):
    """What is said, and started, for a choice; programs say what they are told to, and stay for so long."""
    started: list[str] = []

    def run(words: str = '{"name": "demo", "password": "tavo"}', seconds: float = 60, **choice: Any) -> list[str]:
        real = subprocess.Popen

        def popen(command: list[str], **options: Any) -> subprocess.Popen[str]:
            started.append(command[2])
            return real([sys.executable, "-c", SAYS.format(words=words, seconds=seconds)], **options)

        said: list[str] = []
        monkeypatch.setattr(demo_windows.subprocess, "Popen", popen)
        with Windows(Path("/nowhere/control/sock"), said.append) as windows:
            windows.open(**choice)
            run.open = bool(windows)
            if not seconds:
                windows.wait()
        return said

    run.started = started
    return run


def test_without_a_screen_one_line_says_so(open_windows, monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    assert open_windows(console=None, desk=None) == [missing_here()]
    assert open_windows.started == []
    assert open_windows(console=False, desk=False) == []


def test_with_a_screen_both_windows_open(open_windows, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":1")
    (welcome,) = open_windows(console=None, desk=None)
    assert "log in as demo with the password tavo" in welcome
    assert open_windows.started == ["asyncluster", "asyncluster.ndm.trial"]
    assert open_windows.open


def test_waiting_ends_with_the_first_window_that_is_closed(open_windows, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":1")
    open_windows(console=False, desk=True, seconds=0)


def test_what_stands_in_a_workstation_s_way_is_said_and_the_demo_goes_on(open_windows, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":1")
    said = open_windows('{"failed": "Xephyr is not installed."}', console=False, desk=None)
    assert said == ["There is no workstation to log in at: Xephyr is not installed."]
    assert not open_windows.open

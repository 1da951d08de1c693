"""The command that the README begins with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from support.waiting import wait_for

DEMO = [sys.executable, "-m", "asyncluster", "demo", "--no-console", "--iterations", "4"]


def start(folder: Path) -> subprocess.Popen[str]:
    environment = {**os.environ, "TMPDIR": str(folder)}
    environment.pop("DISPLAY", None)
    return subprocess.Popen(
        DEMO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=environment
    )


def left_behind(folder: Path) -> list[str]:
    """Files in the demo's temporary directory, and processes that were started with it."""
    processes = []
    for process in psutil.process_iter():
        try:
            if str(folder) in process.environ().get("TMPDIR", "") and process.status() != psutil.STATUS_ZOMBIE:
                processes.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return processes + os.listdir(folder)


def test_it_finds_what_it_looks_for_and_leaves_nothing(tmp_path: Path) -> None:
    with start(tmp_path) as demo:
        out, err = demo.communicate(timeout=100)
    assert demo.returncode == 0, err
    for name, truth in (("location", 0.1), ("scale", 0.4)):
        found = re.search(rf"^{name} +([\d.]+) ± ([\d.]+)", out, re.MULTILINE)
        assert found, out
        assert abs(float(found[1]) - truth) <= float(found[2])
    assert "asyncluster config init" in out
    assert out.count("There is no screen here") == 1
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nor_when_it_is_stopped_in_the_middle(tmp_path: Path, blow: signal.Signals) -> None:
    with start(tmp_path) as demo:
        assert demo.stdout is not None
        wait_for(lambda: "effective chains" in demo.stdout.readline(), "it computes", seconds=100)
        demo.send_signal(blow)
        demo.communicate(timeout=30)
    wait_for(lambda: left_behind(tmp_path) == [], "nothing is left")

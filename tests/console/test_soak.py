"""An hour with the console: master and console use as much memory at its end as after some minutes.

It is 57 minutes, so that `make test-faults` is over in 60. ASYNCLUSTER_SOAK_SECONDS shortens it, for whoever has
changed something and wants to know soon.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.looking import Screen
from support.looking import console as a_console

import asyncluster as ac
from benchmarks.processes import private_memory
from benchmarks.scale import room
from benchmarks.trial import Master

SECONDS = float(os.environ.get("ASYNCLUSTER_SOAK_SECONDS", "3420"))
NODES = 100
CALLS = 2000
CALL_SECONDS = 2.0
GROWTH = 12e6  # bytes, over two thirds of the time: far less than one byte per row that has come

pytestmark = [pytest.mark.faults, pytest.mark.timeout(SECONDS * 1.5 + 300)]


@pytest.fixture
def master() -> Iterator[Master]:
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Master(Path(folder)) as master:
        yield master


@pytest.fixture
def screen(master: Master, tmp_path: Path) -> Iterator[Screen]:
    with room(master, NODES, CALL_SECONDS), a_console(master.socket, tmp_path) as screen:
        screen.find("pc0001, ", "RoomView")
        yield screen


def look_around(screen: Screen) -> None:
    """What an operator does in a minute: every page, a filter, the palette, a plot, the other theme and back."""
    for page in "1234567":
        screen.key(page)
    screen.key("2", "slash")
    screen.type("state:comp")
    screen.key("ctrl+a", "BackSpace")
    screen.click("pc0001", "TableView")
    screen.key("h")
    screen.find("Close", "QPushButton")
    screen.key("Escape")
    screen.wait(lambda: not screen.says("Close"), "the end of the plot")
    screen.key("ctrl+k")
    screen.find("Command", "QLineEdit")
    screen.key("Escape")
    screen.wait(lambda: not screen.says("Command"), "the end of the palette")
    screen.key("t", "t", "1")


def test_memory_is_flat(master, screen):
    console: list[float] = []
    server: list[float] = []
    with ac.Cluster(socket=str(master.socket)) as cluster, cluster.job("def step(number): ...") as job:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            calls = [job.run("step", number) for number in range(CALLS)]
            look_around(screen)
            console.append(screen.figures()["memory"])
            server.append(private_memory(master.pid))
            for call in calls:
                call.result(60)
    for name, samples in (("console", console), ("master", server)):
        third = len(samples) // 3
        early, late = statistics.median(samples[third : 2 * third]), statistics.median(samples[2 * third :])
        print(f"{name}: {len(samples)} rounds, {samples[0] / 1e6:.1f}, {early / 1e6:.1f}, {late / 1e6:.1f} MB")
        assert late - early < GROWTH, f"the {name} grows: {[round(sample / 1e6) for sample in samples]} MB"

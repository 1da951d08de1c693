"""A console before a real master, whose one node has a real person at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.looking import Screen
from support.looking import console as a_console
from support.workplace import Site

import asyncluster as ac

#: Says who runs it, and then keeps its core busy for as long as it may.
BUSY = """
import os

def pid():
    return os.getpid()

def spin(number):
    while True:
        pass

def square(number):
    return number * number
"""


@pytest.fixture
def console(site: Site, tmp_path: Path) -> Iterator[Screen]:
    """The operator's screen: the room, with the node in it."""
    with a_console(site.state / "control.sock", tmp_path) as screen:
        screen.find("pc1, ", "RoomView")
        yield screen


@pytest.fixture
def lena(sit_down: Callable[..., Any]) -> Any:
    """She sits at pc1, and has two hours a day."""
    return sit_down("lena", daily_hours=2.0)


@pytest.fixture
def job(site: Site) -> Iterator[ac.Job]:
    """A job that somebody else has opened."""
    with ac.Cluster(socket=str(site.state / "control.sock")) as cluster, cluster.job(BUSY, name="busy") as job:
        yield job
        site.ask("node resume", names=["pc1"])  # or else the calls that wait would keep it open

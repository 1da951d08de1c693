from __future__ import annotations

import os
from collections.abc import Callable

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from asyncluster.core.qt.theme import Look
from asyncluster.core.wire.greeter import Configuration, Openings, Session
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.keyboard import Keyboard

#: Monday 23 November 2026, 14:18:00 UTC
NOW = 1_795_443_480.0


class Clocks:
    """Both clocks of a greeter, moved by the test."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return 1000 + self.passed

    def wall(self) -> float:
        return NOW + self.passed


@pytest.fixture
def clocks():
    return Clocks()


@pytest.fixture
def sent():
    """What the greeter has sent, in order."""
    return []


@pytest.fixture
def make_greeter(qapp, clocks, sent) -> Callable[..., Greeter]:
    """Makes a greeter with a fake clock whose messages are collected; keyword arguments go to its Configuration."""
    made = []

    def make(**fields: object) -> Greeter:
        settings = {
            "node": "pc06",
            "cluster": "Physics lab",
            "sessions": [Session("plasma", "Plasma"), Session("icewm", "IceWM")],
            "session": "icewm",
            "power": True,
            "mode": "light",
            **fields,
        }
        look = Look(qapp, ("base", "greeter"))
        greeter = Greeter(Configuration(**settings), look, Keyboard(), sent.append, clocks.monotonic, clocks.wall)
        greeter.receive(Openings([(540, 1080)], None, "UTC"))
        made.append(greeter)
        return greeter

    yield make
    for greeter in made:
        greeter._timer.stop()
        greeter.deleteLater()
    qapp.setStyleSheet("")


@pytest.fixture
def greeter(make_greeter):
    return make_greeter()

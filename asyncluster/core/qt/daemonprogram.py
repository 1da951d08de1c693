"""A Qt program that a node daemon talks to: application, reactor and link, wired once for greeter and time bar.

Such a program is started with a socket as an inherited descriptor, `--fd N`, and ends when that socket closes; who
started it starts it again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PyQt6.QtCore import QLocale

from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.reactor import install
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.translations import speak

T = TypeVar("T")


class DaemonProgram(Generic[T]):
    """A window behind a link. Subclasses say what is sent and what a message does.

    Attributes:
        first: the type of message that brings the window up; what comes before it waits.
        decoder, max_frame: of the link.

    Args:
        name: of the application and of its command.
        sheets: its style sheets.
    """

    first: type
    decoder: Any
    max_frame: int

    def __init__(self, name: str, sheets: Sequence[str]) -> None:
        self.app = make_application(name)
        self.look = Look(self.app, sheets)
        self._name = name
        self._window: Any = None
        self._early: list[T] = []

    def begin(self, message: Any) -> Any:
        """Makes what is on the screen and returns what takes further messages by `receive`."""
        raise NotImplementedError

    def language(self, message: Any) -> str:
        """The language that the first message asks for."""
        return str(message.language)

    def send(self, framed: bytes) -> None:
        """Sends one frame to the node daemon."""
        self._link.send(framed)

    def run(self, descriptor: int) -> int:
        """Runs until the link is lost. Returns the exit code."""
        self._reactor = install(tls=False)
        from asyncluster.core.qt.link import Link, attach  # imports Twisted: after the reactor

        self._link = Link(self.decoder, self.max_frame, self._received, self._lost)
        attach(self._reactor, descriptor, self._link)
        self._reactor.run()
        return 0

    def _received(self, message: Any) -> None:
        if self._window is not None:
            self._window.receive(message)
        elif isinstance(message, self.first):
            QLocale.setDefault(QLocale(speak(self.app, self.language(message))))
            self._window = self.begin(message)
            for early in self._early:
                self._window.receive(early)
            self._early.clear()
        else:
            self._early.append(message)

    def _lost(self, reason: str) -> None:
        print(f"{self._name}: {reason}", file=sys.stderr)
        if self._reactor.running:
            self._reactor.stop()


def descriptor_from(argv: Sequence[str] | None, program: str) -> int:
    """The number after `--fd`."""
    parser = argparse.ArgumentParser(prog=program)
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the node daemon")
    return int(parser.parse_args(argv).fd)

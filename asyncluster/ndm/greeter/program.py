"""The greeter as a process: `python -m asyncluster.ndm.greeter --fd N`.

Started by the node daemon's steward as an unprivileged user, with a socket to the node daemon as descriptor N and an
X server in its environment. It ends when that socket or the X server does; who started it starts it again.
"""

from __future__ import annotations

import argparse
import ctypes
import resource
import sys
from collections.abc import Sequence

from PyQt6.QtCore import QLocale
from PyQt6.QtGui import QWindow

from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.reactor import install
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.translations import speak
from asyncluster.core.wire.greeter import MAX_FRAME, Configuration, Ready, ToGreeter, framed, to_greeter
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.keyboard import Keyboard
from asyncluster.ndm.greeter.screens import Screens

_PR_SET_DUMPABLE = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the greeter until its socket closes. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="asyncluster-greeter")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the socket to the node daemon")
    descriptor = parser.parse_args(argv).fd
    _keep_secrets()
    program = Program()
    return program.run(descriptor)


def _keep_secrets() -> None:
    """Passwords are typed here: no core dumps, and no reading of our memory by processes of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class Program:
    """Wires application, reactor, link and windows. The first Configuration brings the windows up."""

    def __init__(self) -> None:
        self._app = make_application("AsynCluster greeter")
        self._look = Look(self._app, ("base", "greeter"))
        self._greeter: Greeter | None = None
        self._early: list[ToGreeter] = []

    def run(self, descriptor: int) -> int:
        """Runs until the link is lost."""
        reactor = install(tls=False)
        from asyncluster.core.qt.link import Link, attach  # imports Twisted: after the reactor

        self._reactor = reactor
        self._link = Link(to_greeter, MAX_FRAME, self._received, self._lost)
        attach(reactor, descriptor, self._link)
        reactor.run()
        return 0

    def _received(self, message: ToGreeter) -> None:
        if self._greeter is not None:
            self._greeter.receive(message)
        elif isinstance(message, Configuration):
            self._begin(message)
        else:
            self._early.append(message)

    def _begin(self, configuration: Configuration) -> None:
        QLocale.setDefault(QLocale(speak(self._app, configuration.language)))
        self._greeter = Greeter(
            configuration, self._look, Keyboard(self._app), lambda message: self._link.send(framed(message))
        )
        self._app.focusWindowChanged.connect(self._focused)
        self._screens = Screens(self._app, self._greeter)
        for message in self._early:
            self._greeter.receive(message)

    def _focused(self, window: QWindow | None) -> None:
        if window is not None:
            self._app.focusWindowChanged.disconnect(self._focused)
            self._link.send(framed(Ready()))

    def _lost(self, reason: str) -> None:
        print(f"asyncluster-greeter: {reason}", file=sys.stderr)
        if self._reactor.running:
            self._reactor.stop()

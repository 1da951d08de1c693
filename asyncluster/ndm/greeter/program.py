"""The greeter as a process: `python -m asyncluster.ndm.greeter --fd N`.

Started by the steward as an unprivileged user, with a socket to the node daemon as descriptor N and an X server in
its environment.
"""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Sequence

from PyQt6.QtGui import QWindow

from asyncluster.core.qt.daemonprogram import DaemonProgram, descriptor_from
from asyncluster.core.wire.greeter import MAX_FRAME, Configuration, Ready, ToGreeter, framed, to_greeter
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.keyboard import Keyboard
from asyncluster.ndm.greeter.screens import Screens

_PR_SET_DUMPABLE = 4


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the greeter until its socket closes. Returns the exit code."""
    descriptor = descriptor_from(sys.argv[1:] if argv is None else argv, "asyncluster-greeter")
    _keep_secrets()
    return Program("AsynCluster greeter", ("base", "greeter")).run(descriptor)


def _keep_secrets() -> None:
    """Passwords are typed here: no core dumps, and no reading of our memory by processes of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


class Program(DaemonProgram[ToGreeter]):
    """The first Configuration brings the windows up; Ready goes back when the keyboard is there."""

    first = Configuration
    decoder = to_greeter
    max_frame = MAX_FRAME

    def begin(self, message: Configuration) -> Greeter:
        keyboard = Keyboard(self.app)
        greeter = Greeter(message, self.look, keyboard, lambda answer: self.send(framed(answer)))
        self.app.focusWindowChanged.connect(self._focused)
        self._screens = Screens(self.app, greeter)
        return greeter

    def shown(self) -> bool:
        return self.app.focusWindow() is not None

    def _focused(self, window: QWindow | None) -> None:
        if window is not None:
            self.app.focusWindowChanged.disconnect(self._focused)
            self.send(framed(Ready()))

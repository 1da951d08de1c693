"""The console as a process: puts its parts together. The only place that knows all of them.

Application first, reactor second, everything that imports Twisted's reactor after that. The connection is made once
the window shows, so that a master that is away does not keep anybody waiting for it.
"""

from __future__ import annotations

import os
import pwd
import time
from pathlib import Path
from random import SystemRandom
from typing import Any

from PyQt6.QtCore import QSettings, QTimer
from PyQt6.QtWidgets import QApplication

from asyncluster.console.desk import Desk
from asyncluster.console.link import MasterLink
from asyncluster.console.pages import build_pages
from asyncluster.console.state.mirror import Mirror
from asyncluster.console.window import Window
from asyncluster.core.client.address import dial
from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.reactor import install
from asyncluster.core.qt.theme import Look, Mode


def run(socket: Path, *, config: Path | None = None, mode: Mode | None = None) -> int:
    """Shows the console until its window is closed; returns the exit code.

    Args:
        socket: the master's control socket.
        config: the configuration that jobs submitted here are to use.
        mode: light or dark; None: as it was the last time.
    """
    app = make_application("AsynCluster console")
    app.setDesktopFileName("asyncluster-console")  # by which desktops find its icon
    reactor = install(tls=False)
    console = Console(app, reactor, socket, config=config, mode=mode)
    console.window.show()
    QTimer.singleShot(0, console.link.start)
    reactor.run()
    return 0


class Console:
    """All parts, connected.

    Attributes:
        mirror, link, desk, window: the parts that tests and pictures look at.
    """

    def __init__(
        self,
        app: QApplication,
        reactor: Any,
        socket: Path,
        *,
        config: Path | None = None,
        mode: Mode | None = None,
        settings: QSettings | None = None,
    ) -> None:
        settings = settings or QSettings("asyncluster", "console")
        look = Look(app, ("base", "console"))
        look.choose(mode or _mode(settings))
        self.mirror = Mirror(time.monotonic, time.time)
        self.link = MasterLink(reactor, lambda: dial(socket), self.mirror, SystemRandom())
        self.desk = Desk(self.mirror, look, settings, self.link.ask)
        self.window = Window(self.desk, self.link, build_pages(self.desk, socket, config), _account())
        reactor.addSystemEventTrigger("before", "shutdown", self.link.stop)


def _mode(settings: QSettings) -> Mode:
    try:
        return Mode(settings.value("window/theme", Mode.AUTO.value))
    except ValueError:
        return Mode.AUTO


def _account() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

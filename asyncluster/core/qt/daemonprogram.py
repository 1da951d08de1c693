"""A Qt program that a node daemon talks to: application, window, reactor and link, wired once for greeter and time bar.

Such a program is started with a socket as an inherited descriptor, `--fd N`, and ends when that socket closes; who
started it starts it again.

A person waits for the window, and nobody for Twisted, whose import takes as long as all the rest. So the window comes
first, on Qt alone; the reactor is installed and takes the socket over when it can be used. What is typed meanwhile
waits in Qt's queue.
"""

from __future__ import annotations

import gc
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

import msgspec
from PyQt6.QtCore import QEventLoop, QLocale, QSocketNotifier, QTimer

from asyncluster.core.errors import ProtocolError
from asyncluster.core.qt.application import make_application
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.translations import speak
from asyncluster.core.wire.framing import HEADER_SIZE, FrameReader

T = TypeVar("T")

#: Seconds after which the reactor is installed though there is no window yet: the node daemon has said nothing.
_PATIENCE = 2.0
_READ = 64 * 1024


class DaemonProgram(ABC, Generic[T]):
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
        self._unsent: list[bytes] = []
        self._unread = b""
        self._link: Any = None

    @abstractmethod
    def begin(self, message: Any) -> Any:
        """Makes what is on the screen and returns what takes further messages by `receive`."""

    @abstractmethod
    def shown(self) -> bool:
        """Whether the window is there for its person."""

    def language(self, message: Any) -> str:
        """The language that the first message asks for."""
        return str(message.language)

    def send(self, framed: bytes) -> None:
        """Sends one frame to the node daemon, or keeps it until there is a link."""
        if self._link is None:
            self._unsent.append(framed)
        else:
            self._link.send(framed)

    def run(self, descriptor: int) -> int:
        """Runs until the link is lost. Returns the exit code."""
        self._show(descriptor)
        from asyncluster.core.qt.reactor import install

        self._reactor = install(tls=False)
        from asyncluster.core.qt.link import Link, attach  # imports Twisted: after the reactor

        self._link = Link(self.decoder, self.max_frame, self._received, self._lost)
        attach(self._reactor, descriptor, self._link)
        for framed in self._unsent:
            self._link.send(framed)
        if self._unread:
            self._link.dataReceived(self._unread)
        gc.enable()  # `__main__` has switched it off
        self._reactor.run()
        return 0

    def _show(self, descriptor: int) -> None:
        """Returns when the window is there, or when that is for the link to wait for: see `_PATIENCE`."""
        waiting = True

        def leave_to_link() -> None:
            nonlocal waiting
            waiting = False

        def read() -> None:
            if not self._take_first(os.read(descriptor, _READ)):
                leave_to_link()

        os.set_inheritable(descriptor, False)
        flags = QEventLoop.ProcessEventsFlag.AllEvents | QEventLoop.ProcessEventsFlag.WaitForMoreEvents
        notifier = QSocketNotifier(descriptor, QSocketNotifier.Type.Read)  # type: ignore[call-overload]
        notifier.activated.connect(read)
        QTimer.singleShot(int(_PATIENCE * 1000), leave_to_link)
        while waiting and (self._window is None or not self.shown()):
            self.app.processEvents(flags)
        notifier.setEnabled(False)

    def _take_first(self, data: bytes) -> bool:
        """Takes the frames that are whole and make sense; anything else is kept for the link to judge."""
        self._unread += data
        try:
            for body in FrameReader(self.max_frame).receive(self._unread):
                message = self.decoder.decode(body)
                self._unread = self._unread[HEADER_SIZE + len(body) :]
                self._received(message)
        except (ProtocolError, msgspec.DecodeError):
            return False
        return bool(data)

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


def descriptor_from(argv: Sequence[str], program: str) -> int:
    """The number after `--fd`, of these arguments alone: argparse would take as long as some windows.

    Raises:
        SystemExit: they are others.
    """
    if len(argv) != 2 or argv[0] != "--fd" or not argv[1].isdecimal():
        raise SystemExit(f"usage: {program} --fd DESCRIPTOR    (the socket to the node daemon)")
    return int(argv[1])

"""A greeter on its own X server, as an unprivileged user, until it ends or is told to.

The greeter's link goes to the node daemon: its keeper makes the socket pair, keeps neither end and hears nothing of
what is typed.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.display.screen import Screen
from asyncluster.ndm.session.channel import Channel, ChannelClosed
from asyncluster.ndm.session.environment import PATH
from asyncluster.ndm.session.lastwords import last_words
from asyncluster.ndm.session.launch import Who, launch
from asyncluster.ndm.session.orders import Greet
from asyncluster.ndm.session.watch import Watch

LOG = "greeter.log"
PROGRAM = ("-I", "-m", "asyncluster.ndm.greeter")


class Greeting:
    """See the module.

    Args:
        order: the steward's.
        channel: to the steward.
        watch: of this process.
    """

    def __init__(self, order: Greet, channel: Channel, watch: Watch) -> None:
        self._order = order
        self._channel = channel
        self._watch = watch
        self._screen = Screen(order.place)

    def run(self) -> None:
        """Puts the greeter up, waits for its end, and takes it down."""
        try:
            self._screen.up()
            greeter = self._start()
            self._channel.send({"event": "running"})
            self._wait(greeter)
        except (AsynClusterError, OSError) as error:
            _report(self._channel, str(error))
        finally:
            self._screen.down()

    def _start(self) -> int:
        order = self._order
        home = order.place.directory / "home"
        home.mkdir(mode=0o700)
        os.chown(home, order.uid, order.gid)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            pid = launch(
                [sys.executable, *PROGRAM, "--fd", str(theirs.fileno())],
                Who(order.uid, order.gid, (), str(home), LOG),
                self._environment(home),
                self._screen.inside,
                keep=theirs.fileno(),
            )
            self._channel.send({"event": "window"}, [ours.fileno()])
        return pid

    def _environment(self, home: Path) -> dict[str, str]:
        order = self._order
        return {
            "PATH": PATH,
            "HOME": str(home),
            "XDG_RUNTIME_DIR": str(home),
            "LANG": "C.UTF-8",
            "DISPLAY": f":{order.place.display}",
            "XAUTHORITY": str(self._screen.let_in(order.uid, order.gid)),
            "QT_QPA_PLATFORM": "xcb",
        }

    def _wait(self, greeter: int) -> None:
        while not self._watch.told_to_stop:
            for channel in self._watch.wait([self._channel], None):
                try:
                    if channel.receive() is not None:
                        return  # there is but one thing to be told: to end
                except ChannelClosed:
                    return
            ended = self._watch.ended()
            if greeter in ended:
                said = last_words(self._order.place.directory / "home" / LOG)
                raise AsynClusterError(f"The greeter ended with status {ended[greeter]}. {said}".strip())
            if self._screen.pid in ended:
                raise AsynClusterError("The X server ended while the greeter was up.")


def _report(channel: Channel, words: str) -> None:
    try:
        channel.send({"event": "failed", "words": words})
    except ChannelClosed:
        pass  # the steward has gone before; nobody wants to know

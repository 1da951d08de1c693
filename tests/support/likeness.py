"""What a greeter says on its screen, read from the screen: its pixels are those of another greeter told so by us.

The other one is the same program on a display of its own. It shows the words that a test expects; a picture of the
place under the fields must be the same on both screens.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from support.workplace import LOGIN_SIZE, SCREEN_SIZE, Screen
from support.xserver import Program, until, x_server, xdotool

from asyncluster.core.wire import greeter as wire
from asyncluster.ndm.greeter.loginbox import TITLE

_NOTICE = 132  # pixels from the login window's top to its notice
_HEAD = 28  # height of the notice's first line, which counts seconds during a wait


class Likeness:
    """A greeter that says what it is told.

    Args:
        display: of an X server as large as those of the node, which this has for itself.
        greeter: on it, its name filled in.
    """

    def __init__(self, display: str, greeter: Program) -> None:
        self._display = display
        self._greeter = greeter
        self._known: dict[tuple[str, str, float], bytes] = {}
        self._resting = settled(display)

    def refusing(self, reason: str, advice: str = "", wait: float = 0.0) -> bytes:
        """The picture of a refusal; of one with a wait, what does not change while it is counted."""
        if (reason, advice, wait) not in self._known:
            self._rest()
            xdotool(self._display, "key", "x", "Return")
            self._greeter.receive()
            checking = settled(self._display, self._resting)
            self._greeter.send(wire.framed(wire.Refused(reason, advice, wait)))
            self._known[reason, advice, wait] = settled(self._display, checking, counting=wait > 0)
        return self._known[reason, advice, wait]

    def resting(self) -> bytes:
        """The picture while nothing has been asked."""
        return self._resting

    def waiting_for_the_master(self) -> bytes:
        """The picture while the master does not answer."""
        self._rest()
        self._greeter.send(wire.framed(wire.MasterState(False)))
        picture = settled(self._display, self._resting)
        self._greeter.send(wire.framed(wire.MasterState(True)))
        return picture

    def _rest(self) -> None:
        """A key makes it forget the last refusal, once a wait is over."""
        shown = notice(self._display)
        while shown != self._resting:
            xdotool(self._display, "key", "x", "BackSpace")
            shown = notice(self._display)


@contextmanager
def likeness() -> Iterator[Likeness]:
    """A greeter's likeness with an X server of its own."""
    with x_server("{}x{}".format(*SCREEN_SIZE)) as display:
        greeter = Program("asyncluster.ndm.greeter", display, wire.from_greeter)
        try:
            language = os.environ.get("LANG", "en")
            greeter.send(wire.framed(wire.Configuration("pc1", size=LOGIN_SIZE, language=language)))
            greeter.receive()
            xdotool(display, "type", "somebody")
            xdotool(display, "key", "Tab")
            yield Likeness(display, greeter)
        finally:
            greeter.close()


def notice(display: str, authority: str = "", *, counting: bool = False) -> bytes:
    """The pixels of what stands under the fields; b"" if there is no login window.

    Args:
        counting: without the line that changes each second.
    """
    width, height = LOGIN_SIZE
    above = _NOTICE + (_HEAD if counting else 0)
    below = 24 if counting else 0  # the bar of the wait
    place = f"{width - 60}x{height - above - below}+44+{above}"  # to the right of its sign
    return subprocess.run(
        ["import", "-window", TITLE, "-crop", place, "+repage", "rgb:-"],
        env={**os.environ, "DISPLAY": display, "XAUTHORITY": authority},
        capture_output=True,
        timeout=20,
    ).stdout


def settled(display: str, *former: bytes, counting: bool = False) -> bytes:
    """The pixels when they do not change any more, and are not those of what stood there before."""
    until(lambda: notice(display) not in (b"", *former), 60)
    before, present = b"", notice(display, counting=counting)
    while before != present:
        before, present = present, notice(display, counting=counting)
    return present


def says(screen: Screen, picture: bytes, *, counting: bool = False) -> bool:
    """Does a node's greeter show this?"""
    return notice(f":{screen.number}", str(screen.directory / "server"), counting=counting) == picture

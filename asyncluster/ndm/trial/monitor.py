"""The monitor of a trial workstation: a window on somebody's screen that is an X server itself (Xephyr).

Each greeter and each session has an X server of its own, started and ended on this one, so that the window stays.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path
from typing import Self

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.display.cookie import authority, host_name, new_cookie, write_authority
from asyncluster.ndm.display.xserver import NoDisplay, XServer

SIZE = "1024x720"
_TITLE = "AsynCluster demo: a workstation"
_NUMBERS = range(200, 1000)
_ATTEMPTS = 5


class NoMonitor(AsynClusterError):
    """There can be no such window here; the message says why."""


class Monitor:
    """See the module.

    Attributes:
        display: its number.
        pidfd: becomes readable when it has been closed.

    Args:
        place: a directory of this process' own, for its files.

    Raises:
        NoMonitor: there is no screen, or no Xephyr.
        NoDisplay: it does not come up.
    """

    def __init__(self, place: Path) -> None:
        if not os.environ.get("DISPLAY"):
            raise NoMonitor("There is no screen here: $DISPLAY is not set.")
        if shutil.which("Xephyr") is None:
            raise NoMonitor("Xephyr is not installed. Install it for a login window: apt install xserver-xephyr")
        self._place = place
        self._cookie = new_cookie()
        self._server, self.display = self._start()
        self.pidfd = os.pidfd_open(self._server.process.pid)

    def let_in(self, uid: int, gid: int) -> Path:
        """The authority file for programs of that user; -1: of whoever runs this."""
        path = self._place / "monitor-client"
        write_authority(path, authority(self._cookie, self.display, host_name()), uid, gid)
        return path

    def _start(self) -> tuple[XServer, int]:
        program = ["Xephyr", "-screen", SIZE, "-title", _TITLE, "-no-host-grab"]
        for attempt in range(_ATTEMPTS):
            display = free_display()
            keys = self._place / "monitor"
            write_authority(keys, authority(self._cookie, display, host_name()))
            try:
                server = XServer.start(program, display, keys, self._place / "monitor.log")
                server.wait_until_ready()
            except NoDisplay:  # somebody else may have taken the number meanwhile
                if attempt + 1 == _ATTEMPTS:
                    raise
            else:
                return server, display
        raise AssertionError("unreachable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        os.close(self.pidfd)
        self._server.stop()


def free_display() -> int:
    """The number of a display that nobody uses."""
    free = [number for number in _NUMBERS if not any(path.exists() for path in _traces(number))]
    if not free:
        raise NoMonitor("All numbers of X displays are in use.")
    return random.choice(free)  # noqa: S311 - nobody gains by guessing it


def _traces(number: int) -> tuple[Path, Path]:
    return Path(f"/tmp/.X{number}-lock"), Path(f"/tmp/.X11-unix/X{number}")  # noqa: S108 - where X servers leave them

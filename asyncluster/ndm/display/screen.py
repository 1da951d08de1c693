"""A display while somebody uses it: X server, cookies and process group, put up and taken down as one.

Everything is made anew each time: whoever used the display before keeps no cookie, no X client, no clipboard and no
grab. The keeper of whatever stands on the display owns it.
"""

from __future__ import annotations

import errno
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from asyncluster.ndm.display.cookie import authority, host_name, new_cookie, write_authority
from asyncluster.ndm.display.xserver import XServer
from asyncluster.ndm.session.group import ControlGroup, Descendants, Processes

_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108 - where all X servers have theirs
_FLAGS = 6  # of a process, counted from behind its name; see proc(5)
_PF_EXITING = 0x4  # of Linux's include/linux/sched.h


@dataclass(frozen=True)
class Place:
    """Where a display's files and processes are.

    Attributes:
        display: its number.
        program: the X server with its arguments.
        directory: of this display, root's, entered by anybody, listed by nobody.
        group: its control group; None: there are none here.
    """

    display: int
    program: tuple[str, ...]
    directory: Path
    group: Path | None


class Screen:
    """See the module.

    Attributes:
        inside: the processes that are to be on the screen.

    Args:
        place: where.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._group = None if place.group is None else ControlGroup(place.group)
        self._descendants = Descendants()
        self._server: XServer | None = None
        self._cookie = new_cookie()
        self.inside: Processes = self._descendants

    @property
    def pid(self) -> int:
        """The X server's process; 0 if there is none."""
        return self._server.process.pid if self._server is not None else 0

    def serves(self) -> bool:
        """Does the X server still take clients? One that was killed loses them before its end can be waited for."""
        if _is_ending(self.pid):
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
            failure = probe.connect_ex(str(_SOCKETS / f"X{self._place.display}"))
        return failure in (0, errno.EAGAIN)  # it is there, or so busy that it lets clients wait

    def up(self) -> None:
        """Starts the X server; returns when it serves.

        Raises:
            NoDisplay: it does not.
            OSError: files or control groups cannot be made.
        """
        keys = self._place.directory / "server"
        write_authority(keys, self._authority())
        if self._group is not None:
            self._group.make()
            self.inside = self._group.part("inside")
        self._server = XServer.start(self._place.program, self._place.display, keys, self._place.directory / "x.log")
        self._descendants.spared.add(self.pid)
        if self._group is not None:
            self._group.part("x").adopt(self.pid)
        self._server.wait_until_ready()

    def let_in(self, uid: int, gid: int) -> Path:
        """The authority file for programs of that user."""
        path = self._place.directory / "client"
        write_authority(path, self._authority(), uid, gid)
        return path

    def down(self) -> None:
        """Ends everything on it, and itself. Harmless if it never came up."""
        if self._server is not None:
            self.inside.kill()
            self._server.stop()
        if self._group is not None:
            self._group.kill()
            self._group.remove()
        clear(self._place)

    def _authority(self) -> bytes:
        return authority(self._cookie, self._place.display, host_name())


def clear(place: Place) -> None:
    """Removes what a display leaves behind; its X server does not run."""
    for name in ("client", "server", "x.log"):
        (place.directory / name).unlink(missing_ok=True)
    shutil.rmtree(place.directory / "home", ignore_errors=True)
    (_SOCKETS / f"X{place.display}").unlink(missing_ok=True)  # a killed server leaves it


def _is_ending(pid: int) -> bool:
    """Whether the kernel has begun to end a process; it does so before it closes the process's sockets."""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return True
    return bool(int(status.rpartition(b")")[2].split()[_FLAGS]) & _PF_EXITING)

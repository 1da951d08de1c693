"""The time bar's process in a session: started as the person, started again when it ends or stands still.

Nothing depends on it. Its link goes to the node daemon, a new one each time: who kills a program may leave half a
message behind.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from asyncluster.ndm.session.channel import Channel, ChannelClosed
from asyncluster.ndm.session.group import Processes
from asyncluster.ndm.session.launch import LaunchFailed, Who, launch

PROGRAM = ("-I", "-m", "asyncluster.ndm.timebar")
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0
_GOOD_RUN = 20.0  # seconds after which a new failure is the first again
_LOOK = 2.0


class TimeBar:
    """See the module.

    Args:
        who: the person.
        environment: of the session.
        processes: of the session.
        niceness: of the session.
    """

    def __init__(self, who: Who, environment: Mapping[str, str], processes: Processes, niceness: int) -> None:
        self._who = Who(who.uid, who.gid, who.groups, who.home, log=None)
        self._environment = environment
        self._processes = processes
        self._niceness = niceness
        self._pid = 0
        self._started = 0.0
        self._wait = _FIRST_WAIT
        self._due = 0.0
        self._look_at = 0.0

    def tend(self, ended: Mapping[int, int], now: float, channel: Channel) -> None:
        """Starts it if it is due; its new link goes to the steward.

        Args:
            ended: children of this process that have ended since the last call.
        """
        if self._pid in ended:
            self._gone(now)
        if self._pid and now >= self._look_at:
            self._look_at = now + _LOOK
            if _stands_still(self._pid):
                os.kill(self._pid, signal.SIGKILL)
        if not self._pid and now >= self._due:
            self._start(now, channel)

    def wake_at(self) -> float:
        """When to tend it again if nothing happens."""
        return self._look_at if self._pid else self._due

    def _start(self, now: float, channel: Channel) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                channel.send({"event": "window"}, [ours.fileno()])
                argv = [sys.executable, *PROGRAM, "--fd", str(theirs.fileno())]
                self._pid = launch(
                    argv,
                    self._who,
                    self._environment,
                    self._processes,
                    niceness=self._niceness,
                    keep=theirs.fileno(),
                )
            except (ChannelClosed, LaunchFailed, OSError):
                self._gone(now)
                return
        self._started = now
        self._look_at = now + _LOOK

    def _gone(self, now: float) -> None:
        self._pid = 0
        self._due = now + self._wait
        good = now - self._started >= _GOOD_RUN
        self._wait = _FIRST_WAIT if good else min(2 * self._wait, _LONGEST_WAIT)


def _stands_still(pid: int) -> bool:
    """Has somebody stopped or traced it?"""
    try:
        status = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return status[status.rindex(b")") + 2 : status.rindex(b")") + 3] in (b"T", b"t")

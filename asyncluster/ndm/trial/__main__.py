"""A node with a login window, for `asyncluster demo`: `python -m asyncluster.ndm.trial DIRECTORY`.

    demo -- this --+-- Xephyr                    a window on the screen, and an X server: the workstation's monitor
                   +-- `trial.node`              steward, node daemon, X servers on that monitor, greeter, session

DIRECTORY is that of a `LocalCluster`, whose master this node joins and where the guest gets an account and hours. One
JSON object on standard output says how it went: {"name": "demo", "password": ...} or {"failed": "words"}. It ends when
the window is closed, when it is told to (SIGTERM), or with its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.config import Role, load
from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.steward import trees
from asyncluster.ndm.trial.guests import NAME, invite, new_password
from asyncluster.ndm.trial.monitor import Monitor
from asyncluster.ndm.trial.nodeprogram import NodeProgram
from asyncluster.ndm.worker.confine import become_subreaper

_LONGEST_BASE = 40  # characters; the path of a UNIX socket has room for 107
_PR_SET_PDEATHSIG = 1
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(directory: str) -> int:
    """Runs the workstation; returns the exit code."""
    _end_with_parent()
    become_subreaper()
    cluster, place = Path(directory), _new_directory()
    password = new_password()
    try:
        settings, _ = load(cluster / "node-1.conf", Role.NODE)
        with Monitor(place) as monitor, NodeProgram(settings, place, monitor, password) as node:
            with Cluster(cluster / "control" / "sock") as master:
                invite(master, password)
            _say({"name": NAME, "password": password})
            select.select([monitor.pidfd, node.pidfd], [], [])
    except (AsynClusterError, OSError) as error:
        _say({"failed": str(error)})
        return 1
    finally:
        _end_what_is_left()
        shutil.rmtree(place, ignore_errors=True)
    return 0


def _new_directory() -> Path:
    """A directory for everything here: not the cluster's, which may be gone a moment before we are."""
    base = tempfile.gettempdir()
    if len(base) > _LONGEST_BASE:
        base = "/tmp"  # noqa: S108 - `mkdtemp` makes a directory of our own in it
    place = Path(tempfile.mkdtemp(prefix="asyncluster-desk-", dir=base))
    place.chmod(0o711)  # root's node runs as another user, and must find its own in it
    return place


def _end_what_is_left() -> None:
    """A keeper that took longer than its steward would wait would go on writing into the directory."""
    while orphans := trees.kill_orphans(()):
        for pid in orphans:
            os.waitpid(pid, 0)


def _say(fields: dict[str, Any]) -> None:
    print(json.dumps(fields), flush=True)


def _end_with_parent() -> None:
    for number in _ENDING:
        signal.signal(number, _leave)
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit()


def _leave(_number: int, _frame: Any) -> None:
    """Begins the end, which no second signal interrupts."""
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    sys.exit()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

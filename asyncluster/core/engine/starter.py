"""Starts the scheduler's process for the master: `python -m asyncluster.core.engine.starter FD UID GID`.

The scheduler unpickles what clients send, so it must not have the master's rights; but the master has given up root's,
and so cannot start anything as somebody else. This process was started before that. It does one thing: for each
message, which brings along the scheduler's socket, it ends the scheduler that there was and starts one, as the account
that it was told. It ends when the master does, and the scheduler with it. UID -1: the account stays.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import Any

from asyncluster.core.privileges import find_account

_GRACE = 5.0
_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "PYTHONPATH", "JOURNAL_STREAM")


class Starter:
    """The master's end.

    Args:
        account: names of accounts, of which the first that exists is taken; only root may ask for another than its
            own, so for everybody else they do not count.
    """

    def __init__(self, accounts: tuple[str, ...]) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        account = next(filter(None, map(find_account, accounts)), None) if os.geteuid() == 0 else None
        who = ["-1", "-1"] if account is None else [str(account.pw_uid), str(account.pw_gid)]
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", __name__, str(theirs.fileno()), *who],
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env=environment(),
            )
        self._socket = ours

    def start(self, line: socket.socket) -> None:
        """Has a scheduler started that talks over this socket; an earlier one is ended first."""
        socket.send_fds(self._socket, [b"start"], [line.fileno()])

    def close(self) -> None:
        """Ends the scheduler; returns when it is gone."""
        self._socket.close()
        self._process.wait()


def environment() -> dict[str, str]:
    """What the scheduler needs of ours."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def serve(control: socket.socket, user: int, group: int) -> None:
    """Starts schedulers until the master hangs up."""
    identity: dict[str, Any] = {} if user < 0 else {"user": user, "group": group, "extra_groups": []}
    scheduler: subprocess.Popen[bytes] | None = None
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(control, 16, 1)
        if scheduler is not None:
            _end(scheduler)
        if not message:
            return
        (line,) = descriptors
        scheduler = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "asyncluster.core.engine.scheduler", str(line)],
            stdin=subprocess.DEVNULL,
            pass_fds=(line,),
            start_new_session=True,
            **identity,
        )
        os.close(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]), int(sys.argv[3]))

"""How a worker process is started: same arguments, environment and directory whoever starts it.

No shell, no inherited environment but a short list, a session of its own, no descriptor but those it was given, a
private directory that is its home, its working directory and its place for temporary files.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asyncluster.ndm.worker.confine import Confinement, Orders

#: In the environment of every worker, and of what it starts; by it they are found after a crash of everything.
MARKER = "ASYNCLUSTER_NODE"

_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "LD_LIBRARY_PATH", "PYTHONPATH")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class User:
    """Whom workers run as.

    Attributes:
        dedicated: nothing but workers runs as this user.
    """

    name: str
    uid: int
    gid: int
    dedicated: bool


@dataclass(frozen=True)
class Ends:
    """A new worker's descriptors: its socket, its page, and the pipes that are its standard output and error."""

    socket: int
    page: int
    out: int
    err: int

    def close(self) -> None:
        """Closes all of them, as the spawner does once the worker has them."""
        for fd in (self.socket, self.page, self.out, self.err):
            os.close(fd)


def start(
    ends: Ends, limits: Confinement, directory: str, marker: str, user: User | None = None
) -> subprocess.Popen[bytes]:
    """Starts a worker in a directory that `prepare` made.

    Raises:
        OSError: there is no memory or no process left, or the interpreter is gone.
    """
    identity: dict[str, Any] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    orders = Orders(ends.socket, ends.page, limits)
    return subprocess.Popen(
        [sys.executable, "-P", "-s", "-m", "asyncluster.ndm.worker", orders.line()],
        stdin=subprocess.DEVNULL,
        stdout=ends.out,
        stderr=ends.err,
        pass_fds=(ends.socket, ends.page),
        cwd=directory,
        env=environment(os.environ, directory, marker),
        start_new_session=True,
        **identity,
    )


def prepare(directory: str, user: User | None = None) -> None:
    """Makes a worker's private directory."""
    os.mkdir(directory, 0o700)
    if user is not None:
        os.chown(directory, user.uid, user.gid)


def remove(directory: str) -> None:
    """Removes it, whatever the worker left in it; symbolic links are not followed."""
    shutil.rmtree(directory, ignore_errors=True)


def environment(ours: Mapping[str, str], directory: str, marker: str) -> dict[str, str]:
    """A worker's environment. There is one worker a core, so libraries are told to use one thread each."""
    kept = {name: value for name, value in ours.items() if name in _KEPT or name.startswith("LC_")}
    return {
        "PATH": os.defpath,
        **dict.fromkeys(_ONE_THREAD, "1"),
        **kept,
        "HOME": directory,
        "TMPDIR": directory,
        MARKER: marker,
    }

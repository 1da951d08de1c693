"""A person sits down: seconds from Enter to their session, and from the end of their time to the greeter.

It takes root: a real account, PAM, a real master and node with its greeter on a virtual X server, keys from xdotool.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pwd import getpwnam

from asyncluster.core.people.passwords import Hasher
from benchmarks.workloads import Figures

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.workplace import LOGIN_PASSWORD, Site, site

_REPEATS = 5
_NAME = f"acbench-{os.getpid()}"
_SECONDS = 30.0
_DAY = 24.0  # hours


def enter_and_end() -> Figures:
    """Seconds from Enter to the session's first program, without the password's hash, and from the end to the greeter.

    Raises:
        PermissionError: this is not root.
    """
    if os.geteuid() != 0:
        raise PermissionError("sitting down takes root")
    with site() as made, _account() as uid:
        made.ask("user add", name=_NAME, password=LOGIN_PASSWORD, daily_hours=_DAY)
        rounds = [_sit_down(made, uid) for _ in range(_REPEATS + 1)][1:]
    hashing = _hash_seconds()
    entered, ended = (statistics.median(column) for column in zip(*rounds, strict=True))
    return {"seconds": entered - hashing, "hash_s": hashing, "greeter_back_s": ended}


def _sit_down(made: Site, uid: int) -> tuple[float, float]:
    screen = made.screens[0]
    screen.wait_for_greeter()
    screen.x("xdotool", "type", _NAME)
    screen.x("xdotool", "key", "Tab")
    screen.x("xdotool", "type", LOGIN_PASSWORD)
    start = time.monotonic()
    screen.x("xdotool", "key", "Return")
    entered = _wait(lambda: _runs(uid), start)
    _wait(lambda: bool(screen.program("asyncluster.ndm.timebar")), start)
    start = time.monotonic()
    made.ask("user quota", name=_NAME, daily_hours=0.0)
    ended = _wait(screen.greeter_is_usable, start)
    made.ask("user quota", name=_NAME, daily_hours=_DAY)
    return entered, ended


def _runs(uid: int) -> bool:
    """Whether that user has a program of their own, which no keeper is any more."""
    for entry in os.scandir("/proc"):
        try:
            if entry.name.isdigit() and entry.stat().st_uid == uid:
                return b"asyncluster" not in Path(entry.path, "cmdline").read_bytes()
        except OSError:
            continue
    return False


def _wait(condition: Callable[[], bool], start: float) -> float:
    """Seconds from `start` until the condition holds."""
    while not condition():
        if time.monotonic() - start > _SECONDS:
            raise TimeoutError("nobody sits down here")
        time.sleep(0.002)
    return time.monotonic() - start


def _hash_seconds() -> float:
    hasher = Hasher()
    stored = hasher.hash(LOGIN_PASSWORD)
    seconds = []
    for _ in range(_REPEATS):
        start = time.monotonic()
        hasher.verify(LOGIN_PASSWORD, stored)
        seconds.append(time.monotonic() - start)
    return statistics.median(seconds)


@contextmanager
def _account() -> Iterator[int]:
    """An account of this machine for as long as it takes; yields its number."""
    subprocess.run(["useradd", "-m", "-s", "/bin/bash", _NAME], check=True, capture_output=True)
    try:
        yield getpwnam(_NAME).pw_uid
    finally:
        subprocess.run(["userdel", "-rf", _NAME], capture_output=True)

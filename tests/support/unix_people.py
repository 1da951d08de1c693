"""Real accounts of this machine, X displays and what is left of them, for tests that run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.waiting import wait_for

PASSWORD = "correct horse"


@pytest.fixture
def unix_person() -> Iterator[Callable[..., pwd.struct_passwd]]:
    """Makes accounts with a home; removes them and whatever still runs as them.

    Several runs of the tests share this machine's accounts, so the name gets this run's number.
    """
    made: list[pwd.struct_passwd] = []

    def make(name: str = "actest1", *options: str) -> pwd.struct_passwd:
        name = f"{name}-{os.getpid()}"
        subprocess.run(["userdel", "-rf", name], capture_output=True)
        subprocess.run(["useradd", "-m", "-s", "/bin/bash", *options, name], check=True, capture_output=True)
        subprocess.run(["chpasswd"], input=f"{name}:{PASSWORD}".encode(), check=True, capture_output=True)
        made.append(pwd.getpwnam(name))
        return made[-1]

    yield make
    for account in made:
        subprocess.run(["pkill", "-KILL", "-U", str(account.pw_uid)], capture_output=True)
        wait_for(lambda uid=account.pw_uid: not processes_of(uid), f"the end of {account.pw_name}'s processes")
        subprocess.run(["userdel", "-rf", account.pw_name], capture_output=True)
        shutil.rmtree(f"/run/user/{account.pw_uid}", ignore_errors=True)


@pytest.fixture
def free_display() -> Callable[[], int]:
    """Numbers of X displays that nobody uses."""
    given: set[int] = set()

    def find() -> int:
        for number in range(170 + os.getpid() % 500, 1000):
            used = any(Path(p).exists() for p in (f"/tmp/.X{number}-lock", f"/tmp/.X11-unix/X{number}"))
            if not used and number not in given:
                given.add(number)
                return number
        raise AssertionError("no display is free")

    return find


def processes_of(uid: int) -> list[int]:
    """The processes of a user that live."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "status").read_text()
            except OSError:
                continue
            if f"\nUid:\t{uid}\t" in status and "\nState:\tZ" not in status:
                found.append(int(entry.name))
    return found


def status_of(pid: int) -> dict[str, str]:
    """/proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def named(name: str, uid: int) -> int:
    """The process of that name and user; 0 if there is none."""
    for pid in processes_of(uid):
        try:
            if Path(f"/proc/{pid}/comm").read_text().strip() == name:
                return pid
        except OSError:
            continue
    return 0

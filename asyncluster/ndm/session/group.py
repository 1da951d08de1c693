"""All processes of a session, as one thing that can be asked, told and ended: a control group.

    asyncluster-77/          of display :77; killed as a whole when its keeper is gone
        x                    the X server
        inside               greeter, or session and time bar

A process cannot leave the group that it is in, so `kill` finds them all: also those that have forked twice, made a
session of their own, or ignore every signal. Where the kernel offers no second version of control groups, the keeper
inherits orphans instead and everything below it is swept (`Descendants`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from asyncluster.ndm.steward import trees

_MOUNTS = Path("/proc/self/mountinfo")
_OURS = Path("/proc/self/cgroup")
_POLL = 0.005  # seconds


class Processes(Protocol):
    """The processes of a session."""

    def join(self) -> None:
        """Puts the calling process into it; whatever it starts is in it, too."""

    def pids(self) -> list[int]:
        """Those that live."""

    def kill(self) -> None:
        """Kills all of them; returns when none is left."""


@contextlib.contextmanager
def _unless_removed() -> Iterator[None]:
    """Passes over a group that is gone, or goes while its file is open: the kernel calls that no such device."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENODEV):
            raise


class ControlGroup:
    """A control group of the second version.

    Args:
        path: its directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def make(self) -> None:
        """Makes it, empty; what a former one holds is killed."""
        if self.path.is_dir():
            self.kill()
            self.remove()
        self.path.mkdir()

    def part(self, name: str) -> ControlGroup:
        """A group inside it, made if needed."""
        inner = ControlGroup(self.path / name)
        inner.path.mkdir(exist_ok=True)
        return inner

    def join(self) -> None:
        (self.path / "cgroup.procs").write_text("0")

    def adopt(self, pid: int) -> None:
        """Puts a process into it."""
        (self.path / "cgroup.procs").write_text(str(pid))

    def pids(self) -> list[int]:
        with _unless_removed():
            return [int(line) for line in (self.path / "cgroup.procs").read_text().split()]
        return []

    def tell_kill(self) -> bool:
        """Begins to kill all that is in it; False if there is no such group."""
        return self._write("cgroup.kill", "1")

    def freeze(self, on: bool) -> bool:
        """Lets all that is in it stand still, or go on; False if there is no such group."""
        return self._write("cgroup.freeze", str(int(on)))

    def kill(self) -> None:
        if not self.tell_kill():
            return
        with _unless_removed(), (self.path / "cgroup.events").open("rb", buffering=0) as events:
            watch = select.poll()
            watch.register(events, select.POLLPRI)
            while b"populated 1" in events.read(200):
                watch.poll(100)
                events.seek(0)

    def try_remove(self) -> bool:
        """Removes it, if no process is left in it; there is nothing inside. True if it is gone."""
        try:
            self.path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:  # busy
            return False
        return True

    def _write(self, file: str, text: str) -> bool:
        with _unless_removed():
            (self.path / file).write_text(text)
            return True
        return False

    def remove(self) -> None:
        """Removes it and what is inside; all its processes must have ended."""
        if not self.path.is_dir():
            return
        for inner in self.path.iterdir():
            if inner.is_dir():
                ControlGroup(inner).remove()
        for _attempt in range(100):
            try:
                self.path.rmdir()
                return
            except OSError:  # the last process is gone, and the kernel has not noted it yet
                time.sleep(_POLL)
        self.path.rmdir()


class Descendants:
    """Everything below this process, which must be a subreaper, but for the processes that are `spared`."""

    def __init__(self) -> None:
        self.spared: set[int] = set()

    def join(self) -> None:
        """Whoever is started from here is in it."""

    def pids(self) -> list[int]:
        spared = {pid for root in self.spared for pid in (root, *trees.descendants(root))}
        return sorted(trees.descendants(os.getpid()) - spared)

    def kill(self) -> None:
        while self.pids():
            trees.kill_orphans(self.spared)
            time.sleep(_POLL)


def tell(processes: Processes, number: signal.Signals) -> None:
    """Sends a signal to all of them."""
    for pid in processes.pids():
        trees.send(pid, number)


def home(mounts: Path = _MOUNTS, ours: Path = _OURS) -> Path | None:
    """The directory in which this process may make control groups; None: there is no second version here."""
    mounted = _mount_point(mounts.read_text())
    if mounted is None:
        return None
    for line in ours.read_text().splitlines():
        if line.startswith("0::/"):
            place = mounted / line.removeprefix("0::/")
            return place if os.access(place / "cgroup.procs", os.W_OK) and _can_kill(place) else None
    return None


def _can_kill(place: Path) -> bool:
    """Linux 5.14 and later; the root group has no `cgroup.kill`, a fresh one below shows it."""
    probe = place / f"asyncluster-probe-{os.getpid()}"
    try:
        probe.mkdir()
        able = (probe / "cgroup.kill").exists()
        probe.rmdir()
    except OSError:
        return False
    return able


def _mount_point(mountinfo: str) -> Path | None:
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        if after.startswith("cgroup2 "):
            return Path(before.split()[4])
    return None

"""The machine itself: clock, kernel, limits, space, and who starts the daemons."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.errors import ConfigError
from asyncluster.core.people.zones import local_zone
from asyncluster.doctor.findings import Finding, ok, problem, warning
from asyncluster.ndm.session import group

TOPIC = "Machine"
#: Before this no version of the program was written.
_EARLIEST = 1_763_856_000.0
_FILES = 4096
_LITTLE = 1 << 30
_NEARLY_NOTHING = 64 << 20
_OLDEST_KERNEL = (5, 14)
_TIME_ERROR = 5  # of adjtimex(2): the clock follows no other
_UNIT_FOLDERS = (
    "/etc/systemd/system",
    "/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/usr/local/lib/systemd/system",
)


@dataclass(frozen=True)
class Facts:
    """Attributes:
    now: wall clock, seconds since 1970.
    synchronised: whether something keeps the clock right.
    zone: name of the time zone; "" if TZ names none.
    kernel: (major, minor).
    groups: whether control groups of the second version can be made and killed.
    memory_files: whether anonymous files (memfd) can be made.
    files: how many files a daemon may open.
    free: bytes left where the state directory is.
    systemd: whether it runs this machine.
    units: which of ours are installed.
    links: whether the kernel keeps accounts from luring each other by links in /tmp.
    """

    now: float
    synchronised: bool
    zone: str
    kernel: tuple[int, int]
    groups: bool
    memory_files: bool
    files: int
    free: int
    systemd: bool
    units: frozenset[str]
    links: bool


def look(state: Path) -> Facts:
    """Asks the kernel and looks at the disk."""
    release = platform.release().split(".")
    return Facts(
        now=time.time(),
        synchronised=_synchronised(),
        zone=_zone(),
        kernel=(int(release[0]), int(release[1].partition("-")[0])),
        groups=group.home() is not None,
        memory_files=_memory_files(),
        files=resource.getrlimit(resource.RLIMIT_NOFILE)[1],
        free=shutil.disk_usage(_existing(state)).free,
        systemd=Path("/run/systemd/system").is_dir(),
        units=frozenset(name for name in ("master", "node") if _unit(name)),
        links=all(_setting(f"fs/protected_{kind}links") != "0" for kind in ("sym", "hard")),
    )


def judge(facts: Facts, *, master: bool, node: bool) -> Iterator[Finding]:
    """What is wrong for the parts that this machine has."""
    yield from _judge_clock(facts, master=master)
    yield from _judge_kernel(facts, node=node)
    if 0 <= facts.files < _FILES:
        yield warning(
            TOPIC,
            f"A process may open {facts.files} files only; each node and each client takes one.",
            f"Raise the hard limit to {_FILES} or more: LimitNOFILE= in the unit, or ulimit -Hn",
        )
    yield _judge_space(facts.free)
    for name, part in (("master", master), ("node", node)):
        if part and facts.systemd and name not in facts.units:
            yield warning(TOPIC, f"Nothing starts the {name} when this machine starts.", f"asyncluster {name} install")


def _judge_clock(facts: Facts, *, master: bool) -> Iterator[Finding]:
    if facts.now < _EARLIEST:
        yield problem(TOPIC, "The clock is years behind.", "Set it, and let NTP keep it right.")
    elif not facts.synchronised:
        yield warning(TOPIC, "Nothing keeps the clock of this machine right.", "Run an NTP client: apt install chrony")
    else:
        yield ok(TOPIC, "The clock is kept right.")
    if master and not facts.zone:
        yield problem(
            TOPIC,
            "The environment variable TZ names no time zone.",
            "Unset TZ, or set it to a name such as Europe/Berlin.",
        )
    elif master:
        yield ok(TOPIC, f"Openings and quotas count in the time zone {facts.zone}.")


def _judge_kernel(facts: Facts, *, node: bool) -> Iterator[Finding]:
    if facts.kernel < _OLDEST_KERNEL:
        yield warning(
            TOPIC,
            f"Linux {facts.kernel[0]}.{facts.kernel[1]} is older than {_OLDEST_KERNEL[0]}.{_OLDEST_KERNEL[1]}.",
            "Upgrade the system.",
        )
    if not facts.memory_files:
        yield problem(
            TOPIC, "The kernel makes no anonymous files (memfd), which large data travel in.", "Upgrade the system."
        )
    if node and not facts.links:
        yield warning(
            TOPIC,
            "The kernel lets accounts lure each other by links in /tmp, jobs included.",
            "sysctl -w fs.protected_symlinks=1 fs.protected_hardlinks=1, and the same in a file in /etc/sysctl.d",
        )
    if node and not facts.groups:
        yield warning(
            TOPIC,
            "No control groups of version 2 can be made here, so the ends of sessions and workers rely on the process "
            "table.",
            "Run the node under systemd as root, on a system with cgroup2.",
        )


def _judge_space(free: int) -> Finding:
    words = f"{free / (1 << 20):,.0f} MB are free on the disk of the state directory"
    if free < _NEARLY_NOTHING:
        return problem(TOPIC, f"Only {words}: nothing can be recorded any more.", "Make room.")
    if free < _LITTLE:
        return warning(TOPIC, f"Only {words}.", "Make room before the timesheet cannot be written.")
    return ok(TOPIC, f"{words}.")


def _synchronised() -> bool:
    buffer = ctypes.create_string_buffer(512)  # a struct timex of zeros: only asks
    return int(ctypes.CDLL(None).adjtimex(buffer)) not in (_TIME_ERROR, -1)


def _setting(name: str) -> str:
    """A setting of the kernel; "" if it has none such."""
    try:
        return Path("/proc/sys", name).read_text().strip()
    except OSError:
        return ""


def _zone() -> str:
    try:
        return str(local_zone())
    except ConfigError:
        return ""


def _memory_files() -> bool:
    try:
        os.close(os.memfd_create("doctor", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING))
    except OSError:
        return False
    return True


def _existing(path: Path) -> Path:
    return path if path.exists() or path == path.parent else _existing(path.parent)


def _unit(name: str) -> bool:
    return any(Path(folder, f"asyncluster-{name}.service").exists() for folder in _UNIT_FOLDERS)

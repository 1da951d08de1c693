"""What people need to log in at this machine: an X server, sessions, PAM, fonts, and a window that can open."""

from __future__ import annotations

import importlib.util
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asyncluster.core.config import DisplaySettings
from asyncluster.doctor.findings import Finding, ok, problem, warning
from asyncluster.ndm.display.xserver import environment
from asyncluster.ndm.session.desktop_entries import find_sessions
from asyncluster.ndm.steward.setup import RUN, SERVICE

TOPIC = "Displays"
_PAM = Path("/etc/pam.d")
_SOCKETS = Path("/tmp/.X11-unix")  # noqa: S108  # where X servers have them, by definition
_FONTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_FONT_KINDS = frozenset({".ttf", ".otf", ".ttc", ".pfb", ".gz"})


@dataclass(frozen=True)
class Facts:
    """Attributes:
    root: whether the doctor runs as root, as a node with displays must.
    x_server, window_manager: the configured programs; "" for none.
    x_server_found, window_manager_found: whether they are installed.
    sessions: how many are on offer besides the window manager.
    pam: whether there are rules for our logins.
    qt: whether PyQt6 is installed.
    fonts: whether there is any.
    sockets_safe: whether the directory of the X sockets, if it is there, is root's and sticky.
    run_safe: the same for the directory of the X cookies: root's, and nobody else's to write.
    """

    root: bool
    x_server: str
    x_server_found: bool
    window_manager: str
    window_manager_found: bool
    sessions: int
    pam: bool
    qt: bool
    fonts: bool
    sockets_safe: bool
    run_safe: bool


def look(settings: DisplaySettings) -> Facts:
    """Looks for programs and files."""
    manager = settings.window_manager[0] if settings.window_manager else ""
    return Facts(
        root=os.geteuid() == 0,
        x_server=settings.x_server[0],
        x_server_found=shutil.which(settings.x_server[0], path=environment({})["PATH"]) is not None,
        window_manager=manager,
        window_manager_found=bool(manager) and shutil.which(manager) is not None,
        sessions=len(find_sessions(settings.sessions)),
        pam=(_PAM / SERVICE).exists(),
        qt=importlib.util.find_spec("PyQt6") is not None,
        fonts=any(path.suffix in _FONT_KINDS for folder in _FONTS for path in folder.rglob("*")),
        sockets_safe=_roots_own(_SOCKETS, sticky=True),
        run_safe=_roots_own(RUN, sticky=False),
    )


def judge(facts: Facts) -> Iterator[Finding]:
    """What keeps people from logging in, or lets others into their screens."""
    if not facts.root:
        yield problem(TOPIC, "Displays need root: only root can start sessions of others.", "Run the node as root.")
    if facts.x_server_found:
        yield ok(TOPIC, f"The X server {facts.x_server} is installed.")
    else:
        yield problem(
            TOPIC,
            f"The X server {facts.x_server} is not installed.",
            "apt install xserver-xorg, or set [display] x server.",
        )
    yield from _judge_sessions(facts)
    if not facts.pam:
        yield warning(
            TOPIC, f"There is no {_PAM / SERVICE}: PAM uses its rules for unknown services.", "asyncluster node install"
        )
    if not facts.qt:
        yield problem(
            TOPIC, "PyQt6 is not installed, so the login window cannot open.", "pip install 'asyncluster[gui]'"
        )
    if not facts.fonts:
        yield warning(
            TOPIC, "There are no fonts, so the login window shows no letters.", "apt install fonts-dejavu-core"
        )
    if not facts.sockets_safe:
        yield problem(
            TOPIC,
            f"{_SOCKETS} is not root's, or others can remove what is in it: screens could be imitated.",
            f"chown root:root {_SOCKETS}; chmod 1777 {_SOCKETS}",
        )
    if not facts.run_safe:
        yield problem(TOPIC, f"{RUN}, which holds the keys of the screens, is not root's alone.", f"rm -r {RUN}")


def _judge_sessions(facts: Facts) -> Iterator[Finding]:
    if facts.window_manager and not facts.window_manager_found:
        found = warning if facts.sessions else problem
        yield found(
            TOPIC,
            f"The window manager {facts.window_manager} is not installed.",
            "Install it, or name another one in [display] window manager.",
        )
    elif not facts.window_manager and not facts.sessions:
        yield problem(TOPIC, "There is no session to log in to.", "Install a desktop, such as: apt install icewm")
    else:
        offers = facts.sessions + bool(facts.window_manager)
        yield ok(TOPIC, f"{offers} session{'s are' if offers > 1 else ' is'} on offer.")


def _roots_own(path: Path, *, sticky: bool) -> bool:
    """Whether a directory that exists belongs to root, and others change nothing in it that is not their own."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return True
    writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    kept = not writable or (sticky and bool(status.st_mode & stat.S_ISVTX))
    return stat.S_ISDIR(status.st_mode) and status.st_uid == 0 and kept

"""The environment of a session: made from the account and the display, with nothing of root's own in it.

`asked` goes to PAM before the session is opened; modules add and change. What PAM then lists is the environment.
"""

from __future__ import annotations

import pwd
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

PATH = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games"
_PLAIN = re.compile(r"[A-Za-z0-9_./=:,@%+-]+")


@dataclass(frozen=True)
class Surroundings:
    """Where a session takes place.

    Attributes:
        display: number of the X display.
        terminal: number of the virtual terminal; None: a display without one.
        session: id of the chosen session, "" for the node's own.
        desktops: for XDG_CURRENT_DESKTOP.
    """

    display: int
    terminal: int | None
    session: str
    desktops: tuple[str, ...] = ()


def asked(account: pwd.struct_passwd, place: Surroundings) -> dict[str, str]:
    """What PAM is told."""
    result = {
        "USER": account.pw_name,
        "LOGNAME": account.pw_name,
        "HOME": account.pw_dir,
        "SHELL": account.pw_shell or "/bin/sh",
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "DISPLAY": f":{place.display}",
        "XDG_SESSION_TYPE": "x11",
        "XDG_SESSION_CLASS": "user",
    }
    if place.session:
        result |= {"XDG_SESSION_DESKTOP": place.session, "DESKTOP_SESSION": place.session}
    if place.desktops:
        result["XDG_CURRENT_DESKTOP"] = ":".join(place.desktops)
    if place.terminal is not None:
        result |= {"XDG_SEAT": "seat0", "XDG_VTNR": str(place.terminal)}
    return result


def final(listed: Mapping[str, str], authority: str, runtime: str) -> dict[str, str]:
    """What the session gets: PAM's list, the way to the X cookie and the runtime directory.

    What would let a module's file choose code for our own programs is left out.
    """
    kept = {name: value for name, value in listed.items() if not name.startswith(("LD_", "PYTHON", "BASH_FUNC_"))}
    return {**kept, "XAUTHORITY": authority, "XDG_RUNTIME_DIR": listed.get("XDG_RUNTIME_DIR", runtime)}


@dataclass(frozen=True)
class Helpers:
    """What this machine has for the start of a session.

    Attributes:
        xsession: the distribution's script that prepares a session. It takes the command as one word and splits it at
            blanks; what would not survive that goes without the script.
        dbus: `dbus-run-session`, where nobody else starts a message bus.
    """

    xsession: str | None = None
    dbus: str | None = None


def session_command(argv: Sequence[str], helpers: Helpers) -> list[str]:
    """The program that leads a session; `argv` is the window manager or desktop with its arguments."""
    command = list(argv)
    if helpers.xsession is not None and all(_PLAIN.fullmatch(argument) for argument in argv):
        command = [helpers.xsession, " ".join(argv)]
    return command if helpers.dbus is None else [helpers.dbus, "--", *command]

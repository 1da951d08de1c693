"""Whether there is a screen to show a window on, asked before Qt is: without one, Qt ends the process by a signal."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping

_DISPLAY = re.compile(r"(?P<host>[^/]*):(?P<number>\d{1,5})(?:\.\d+)?")
_SECONDS = 5.0  # for a display on another machine


def missing_screen(environment: Mapping[str, str]) -> str:
    """Why no window can be shown, in a sentence; "" if one can, as far as this can be told from outside."""
    if environment.get("QT_QPA_PLATFORM") or environment.get("WAYLAND_DISPLAY"):
        return ""
    display = environment.get("DISPLAY")
    if not display:
        return "There is no screen here: $DISPLAY is not set."
    found = _DISPLAY.fullmatch(display)
    if found is None or _answers(found["host"], int(found["number"])):
        return ""  # Qt may know what we do not
    return f"There is no screen here: nothing answers at the display {display} that $DISPLAY names."


def _answers(host: str, number: int) -> bool:
    if host not in ("", "unix"):
        return _connects(socket.AF_INET, (host, 6000 + number)) or _connects(socket.AF_INET6, (host, 6000 + number))
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - where X servers have it
    return _connects(socket.AF_UNIX, f"\0{path}") or _connects(socket.AF_UNIX, path)


def _connects(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(_SECONDS)
        try:
            probe.connect(address)
        except (OSError, OverflowError, UnicodeError):
            return False
    return True

"""Restarting and shutting down the computer, for the buttons of the login window."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

#: There while systemd is the first process.
_SYSTEMD = Path("/run/systemd/system")
_COMMANDS = {
    "restart": (("/usr/bin/systemctl", "reboot"), ("/sbin/shutdown", "-r", "now")),
    "shut down": (("/usr/bin/systemctl", "poweroff"), ("/sbin/shutdown", "-h", "now")),
}


def command(action: str, *, systemd: bool) -> Sequence[str]:
    """The command for "restart" or "shut down"."""
    by_systemd, by_init = _COMMANDS[action]
    return by_systemd if systemd else by_init


def perform(action: str, run: Callable[[Sequence[str]], object] | None = None) -> None:
    """Does it; says so if it cannot."""
    argv = command(action, systemd=_SYSTEMD.is_dir())
    if run is None and not os.access(argv[0], os.X_OK):
        print(f"Asked to {action}, but there is no {argv[0]}.", file=sys.stderr)
        return
    (run or _start)(argv)


def _start(argv: Sequence[str]) -> None:
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, cwd="/", start_new_session=True)
    process.returncode = 0  # the steward waits for all its children

"""The process of a trial node's steward, from outside: whom it runs as, what it is told, and its end."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from asyncluster.core.config import Settings
from asyncluster.core.privileges import find_account
from asyncluster.ndm.node.settings import node_settings
from asyncluster.ndm.steward.users import check_runs, first_account
from asyncluster.ndm.trial.guests import NAME
from asyncluster.ndm.trial.monitor import SIZE, Monitor, NoMonitor, free_display

WORKSTATION = "workstation"
GRACE = 2.0
_WINDOW_MANAGERS = ("icewm-session", "openbox", "fluxbox", "marco", "metacity", "xfwm4", "twm")
#: Whom root lets sit down: nobody's session runs as root.
_UNPRIVILEGED = ("asyncluster-greeter", "nobody")
_END_SECONDS = 15.0
_PR_SET_PDEATHSIG = 1


class NodeProgram:
    """`asyncluster.ndm.trial.node`, while the `with` block lasts.

    Attributes:
        pidfd: becomes readable when it has ended.

    Args:
        settings: of a node of the same master.
        place: directory for its files.
        monitor: where its displays are shown.
        password: the guest's, for the login window to show.

    Raises:
        NoMonitor: there is no window manager.
        ConfigError: root has no account that can run it.
    """

    def __init__(self, settings: Settings, place: Path, monitor: Monitor, password: str) -> None:
        home = place / "node"
        home.mkdir(mode=0o700)
        identity: dict[str, Any] = {}
        uid = gid = -1
        if os.geteuid() == 0:
            user = first_account([name for name in _UNPRIVILEGED if find_account(name)], "the guest")
            check_runs((user, "asyncluster.ndm.greeter.program"))
            uid, gid = user.uid, user.gid
            identity = {"user": uid, "group": gid, "extra_groups": []}
            os.chown(home, uid, gid)
        orders = _orders(settings, home, password)
        environment = {name: os.environ[name] for name in ("PATH", "LANG", "TZ", "PYTHONPATH") if name in os.environ}
        environment |= {
            "DISPLAY": f":{monitor.display}",
            "XAUTHORITY": str(monitor.let_in(uid, gid)),
            "HOME": str(home),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-m", "asyncluster.ndm.trial.node"],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=None,
            env=environment,
            cwd="/",
            start_new_session=True,
            preexec_fn=_end_with_parent,
            **identity,
        )
        self.pidfd = os.pidfd_open(self._process.pid)
        assert self._process.stdin is not None
        with self._process.stdin as pipe:
            pipe.write(json.dumps(orders).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        os.close(self.pidfd)
        self._process.terminate()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _orders(settings: Settings, home: Path, password: str) -> dict[str, Any]:
    """What the node is told through its standard input, since it holds passwords."""
    display = free_display()
    window_manager = _window_manager(_WINDOW_MANAGERS)
    shown = replace(
        settings.display,
        displays=(f":{display}",),
        window_manager=(window_manager,),
        sessions=(),
        grace=GRACE,
        power_buttons=False,
        pam_password=False,
        size=(360, 240),
        cluster_name="demo",
    )
    node = node_settings(replace(settings, display=shown), workers=0)
    assert node.reception is not None
    hint = f"Log in as {NAME} with the password {password}."
    return {
        "node": asdict(
            replace(
                node,
                name=WORKSTATION,
                state=str(home),
                reception=replace(node.reception, guest=NAME, hint=hint),
            )
        ),
        "display": display,
        "x server": ["Xephyr", "-screen", SIZE, "-no-host-grab"],
        "niceness": shown.niceness,
    }


def _window_manager(names: Sequence[str]) -> str:
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        raise NoMonitor(f"There is no window manager for a session. Install one, such as {names[1]}.")
    return found


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

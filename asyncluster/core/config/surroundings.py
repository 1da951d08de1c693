"""What the defaults of some keys depend on: who runs the program, where, and with which environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

STANDARD_PATH = Path("/etc/asyncluster.conf")
MACHINE_STATE = Path("/var/lib/asyncluster")
MACHINE_SOCKET = Path("/run/asyncluster/control.sock")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The process that reads a configuration.

    Attributes:
        uid: effective user id.
        host: name of this machine.
        home: home directory of the user.
        environ: the environment; never shown, it is not ours.
    """

    uid: int
    host: str
    home: Path
    environ: Mapping[str, str] = field(repr=False)

    @classmethod
    def here(cls) -> Surroundings:
        """Those of this very process."""
        return cls(os.geteuid(), os.uname().nodename, Path(os.path.expanduser("~")), os.environ)

    @property
    def node_name(self) -> str:
        """The machine's name, with every character that a node's name may not have made a dash."""
        name = re.sub(r"[^A-Za-z0-9._-]", "-", self.host)[:63].lstrip("._-")
        return name or "node"

    @property
    def state(self) -> Path:
        """Where keys and databases live: the machine's directory for root, else the user's own."""
        if self.uid == 0:
            return MACHINE_STATE
        # systemd tells a unit's directory in STATE_DIRECTORY; it may name several.
        given = self._directory("STATE_DIRECTORY")
        if given:
            return given
        return (self._directory("XDG_STATE_HOME") or self.home / ".local/state") / "asyncluster"

    @property
    def socket(self) -> Path:
        """The master's control socket: the machine's for root, else the user's own."""
        if self.uid == 0:
            return MACHINE_SOCKET
        given = self._directory("RUNTIME_DIRECTORY")
        if given:
            return given / "control.sock"
        runtime = self._directory("XDG_RUNTIME_DIR")
        return (runtime / "asyncluster" if runtime else self.state) / "control.sock"

    def _directory(self, variable: str) -> Path | None:
        """The directory in an environment variable, unless it is relative, which XDG says to ignore."""
        first = self.environ.get(variable, "").split(":")[0]
        return Path(first) if first.startswith("/") else None

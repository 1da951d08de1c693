"""Named places at which a test may let the process die: the only way to try every moment of a crash.

Code that makes a change durable in several steps calls `failpoint("name")` between them. Outside of tests the
call does nothing. A process that was started with

    ASYNCLUSTER_FAILPOINT=name:nth:kill      is ended by SIGKILL when it comes to the place for the nth time
    ASYNCLUSTER_FAILPOINT=name:nth:raise     gets a `FailPointReached` there

`FAILPOINTS` names every place; a test compares it with the source.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field

from asyncluster.core.errors import AsynClusterError

VARIABLE = "ASYNCLUSTER_FAILPOINT"

FAILPOINTS = frozenset(
    {
        "attempt-counted",
        "environment-added",
        "environment-unpacked",
        "grant-added",
        "import-accounts",
        "import-openings",
        "import-sessions",
        "job-sampled",
        "login-cleared",
        "login-earlier-ended",
        "login-inserted",
        "report-booked",
        "reconsidered",
        "schema-created",
        "schema-backed-up",
        "schema-upgraded",
        "transaction-before-commit",
        "transaction-committed",
        "user-deleted",
    }
)


class FailPointReached(AsynClusterError):
    """A test asked for this failure."""


@dataclass
class FailPoint:
    """One armed place, which counts how often it was passed."""

    name: str
    nth: int
    action: str
    passed: int = field(default=0)

    @classmethod
    def parse(cls, setting: str) -> FailPoint | None:
        """The place that `setting` (`name:nth:action`) arms; None if it is empty.

        Raises:
            ValueError: the setting names no known place, no positive number or no known action.
        """
        if not setting:
            return None
        name, nth, action = setting.split(":")
        if name not in FAILPOINTS or int(nth) < 1 or action not in ("kill", "raise"):
            raise ValueError(f"{VARIABLE}={setting!r} is not a known NAME:NTH:kill|raise")
        return cls(name, int(nth), action)

    def reached(self, name: str) -> None:
        """Die or raise if this is the armed place and its turn has come."""
        if name != self.name:
            return
        self.passed += 1
        if self.passed != self.nth:
            return
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise FailPointReached(f"The fail point {name} was reached.")


_armed = FailPoint.parse(os.environ.get(VARIABLE, ""))


def failpoint(name: str) -> None:
    """Does nothing, unless this process was started to fail here."""
    if _armed is not None:
        _armed.reached(name)


def arm(setting: str) -> None:
    """Arm a place in this process, for tests; the empty string disarms."""
    global _armed
    _armed = FailPoint.parse(setting)

"""`python quickly.py ARGUMENTS`: the asyncluster command with all waits of the wire and of dispatching a fifth as long.

So a pulled cable is noticed after 3 s instead of 15, and a hundred of them can be pulled in a test. And nodes believe
to be on machines of their own, so that large data travel through the network, too. Nothing else is different.

With ASYNCLUSTER_TEST_DIES=EVENT:ENDING:NTH the process ends itself by SIGKILL just before the nth step of
this kind (an event of Python's audit hooks, such as `os.rename`) on a file whose name ends so: between any two writes
to files, without a place for it in the program.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import fields
from typing import Any

SHARE = 0.2
DIES = "ASYNCLUSTER_TEST_DIES"
_WAITS = ("lease", "report", "client_grace", "found_grace", "rest")


def hurry() -> None:
    """To be called before anything that reads the limits is imported."""
    from asyncluster.core.wire import limits

    for name in dir(limits):
        if name.endswith("_SECONDS"):
            setattr(limits, name, getattr(limits, name) * SHARE)
    from asyncluster.core.jobs.settings import DispatchSettings

    defaults = [field.default * SHARE if field.name in _WAITS else field.default for field in fields(DispatchSettings)]
    DispatchSettings.__init__.__defaults__ = tuple(defaults)  # type: ignore[misc]


def move_out() -> None:
    """Lets a node find itself on another machine than its master."""
    from asyncluster.ndm.node import shell

    shell._boot_id = lambda: "elsewhere"


def die_at(setting: str) -> None:
    """Arms what DIES says."""
    event, ending, nth = setting.split(":")
    left = int(nth)

    def hook(name: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if name == event and str(arguments[0]).endswith(ending):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    if DIES in os.environ:
        die_at(os.environ[DIES])
    hurry()
    if "node" in sys.argv:
        move_out()
    from asyncluster.__main__ import main

    sys.exit(main())

"""Last fences around the daemons: they unpickle nothing, whoever sent it, and leave no core with secrets behind."""

from __future__ import annotations

import resource
import sys


class UnpicklingForbidden(BaseException):
    """Something in this process began to unpickle. Not an `Exception`: no handler may take it for a bad input."""


def forbid_unpickling() -> None:
    """From now on, an attempt of this process to look up anything for a pickle fails. It cannot be undone."""
    sys.addaudithook(_audit)


def forbid_core_dumps() -> None:
    """From now on, this process and its children leave no image of their memory on the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _audit(event: str, _arguments: object) -> None:
    if event == "pickle.find_class":
        raise UnpicklingForbidden("This process must not unpickle anything.")

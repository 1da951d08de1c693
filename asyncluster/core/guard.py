"""Last fences around the daemons: they unpickle nothing, whoever sent it, leave no core with secrets behind, and do not
go on when they had no memory to finish what they were doing.
"""

from __future__ import annotations

import errno
import os
import resource
import sys

from twisted.logger import LogEvent
from twisted.python.failure import Failure


class UnpicklingForbidden(BaseException):
    """Something in this process began to unpickle. Not an `Exception`: no handler may take it for a bad input."""


def forbid_unpickling() -> None:
    """From now on, an attempt of this process to look up anything for a pickle fails. It cannot be undone."""
    sys.addaudithook(_audit)


def forbid_core_dumps() -> None:
    """From now on, this process and its children leave no image of their memory on the disk."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def allow_many_files() -> None:
    """Lets this process open as many files as it may ever: each piece of large data that it keeps is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def failure_of(event: LogEvent) -> Failure | None:
    """What went wrong, by either of Twisted's interfaces: what readers raise still comes by the old one."""
    failure: Failure | None = event.get("log_failure") or event.get("failure")
    return failure


def end_without_memory(event: LogEvent) -> None:
    """A log observer that ends the process at once when a piece of work was broken off for want of memory.

    Nobody knows what that work has left half done. Whoever starts daemons starts this one again, which loses nothing.
    """
    failure = failure_of(event)
    error = failure.value if failure is not None else None
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        os._exit(os.EX_OSERR)


def _audit(event: str, _arguments: object) -> None:
    if event == "pickle.find_class":
        raise UnpicklingForbidden("This process must not unpickle anything.")

"""What can go wrong, in words that a person can read.

Every error that the package raises on purpose descends from `AsynClusterError`; its message is one or two
plain sentences, shown as they stand by the command line (`asyncluster.core.commands`) and by windows. The
class decides the exit code. Errors of a job author's own code are not here: they come home as themselves.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every `asyncluster` command."""

    DONE = 0
    PARTLY = 1
    USAGE = 2
    UNREACHABLE = 3
    REFUSED = 4
    CONFIG = 78


class AsynClusterError(Exception):
    """Something that AsynCluster was asked to do did not happen; the message says what and why."""

    exit_code: ExitCode = ExitCode.PARTLY


class UsageError(AsynClusterError):
    """What was asked makes no sense as it stands; the message names the accepted form."""

    exit_code = ExitCode.USAGE


class ConfigError(AsynClusterError):
    """The configuration is refused; the message lists all of its problems, one a line."""

    exit_code = ExitCode.CONFIG


class MasterUnreachable(AsynClusterError):
    """The master does not answer."""

    exit_code = ExitCode.UNREACHABLE


class NotAllowed(AsynClusterError):
    """The master refused: this account may not do that."""

    exit_code = ExitCode.REFUSED


class ProtocolError(AsynClusterError):
    """A peer sent what the protocol does not allow; its connection is closed."""


class CallFailed(AsynClusterError):
    """A call has no result, for a reason that lies outside the author's code."""


class CallTimeout(CallFailed):
    """The call ran longer than its timeout; its process was ended."""


class WorkerCrashed(CallFailed):
    """The process that ran the call died, as often as the call's retries allow.

    Attributes:
        signal: number of the signal that ended it, or None if it exited.
        exit_status: its exit status, or None if a signal ended it.
        stderr: the last lines that it wrote to its standard error.
        peak_memory: most memory it had resident, in bytes.
    """

    def __init__(
        self,
        message: str,
        *,
        signal: int | None = None,
        exit_status: int | None = None,
        stderr: str = "",
        peak_memory: int = 0,
    ) -> None:
        super().__init__(message)
        self.signal = signal
        self.exit_status = exit_status
        self.stderr = stderr
        self.peak_memory = peak_memory

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild_crash, (str(self), self.signal, self.exit_status, self.stderr, self.peak_memory))


def _rebuild_crash(
    message: str, signal: int | None, exit_status: int | None, stderr: str, peak_memory: int
) -> WorkerCrashed:
    return WorkerCrashed(message, signal=signal, exit_status=exit_status, stderr=stderr, peak_memory=peak_memory)


class NodeLost(CallFailed):
    """The node that ran the call is gone, and the call may not be run again (`retries=0`)."""


class JobCancelled(CallFailed):
    """The call's job was cancelled."""


class JobBroken(CallFailed):
    """The job's code or one of its updates failed on a worker; the message holds the traceback."""

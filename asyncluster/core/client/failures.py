"""From what the master reports to what an author catches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from asyncluster.core.errors import (
    AsynClusterError,
    CallFailed,
    CallTimeout,
    ExitCode,
    JobBroken,
    JobCancelled,
    MasterUnreachable,
    NodeLost,
    NotAllowed,
    UsageError,
    WorkerCrashed,
)

if TYPE_CHECKING:
    from asyncluster.core.wire.messages import Failure, Refusal

_CLASSES: dict[str, type[CallFailed]] = {
    "timeout": CallTimeout,
    "node lost": NodeLost,
    "cancelled": JobCancelled,
    "broken": JobBroken,
}
_REFUSALS: dict[int, type[AsynClusterError]] = {
    ExitCode.REFUSED: NotAllowed,
    ExitCode.USAGE: UsageError,
    ExitCode.UNREACHABLE: MasterUnreachable,
}


class ChunkSplit(WorkerCrashed):
    """A worker died of a chunk: its calls are to be offered one by one. Never reaches an author."""


def error_of(failure: Failure) -> CallFailed:
    """The exception that says what `failure` says."""
    if failure.kind in ("crashed", "split"):
        kind = WorkerCrashed if failure.kind == "crashed" else ChunkSplit
        return kind(
            failure.message,
            signal=failure.signal,
            exit_status=failure.exit_status,
            stderr=failure.stderr,
            peak_memory=failure.peak_memory,
        )
    return _CLASSES.get(failure.kind, CallFailed)(failure.message)


def error_of_refusal(refusal: Refusal) -> AsynClusterError:
    """The exception for a verb that the master refused; its `exit_code` is the refusal's code."""
    kind = _REFUSALS.get(refusal.code)
    if kind is not None:
        return kind(refusal.message)
    error = AsynClusterError(refusal.message)
    if refusal.code in ExitCode._value2member_map_:
        error.exit_code = ExitCode(refusal.code)
    return error

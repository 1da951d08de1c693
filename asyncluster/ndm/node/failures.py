"""The words for calls that ended without a result on this node."""

from __future__ import annotations

import signal

from asyncluster.core.wire.messages import Failure
from asyncluster.ndm.node.instructions import Exit


def crashed(end: Exit) -> Failure:
    """A worker died while it ran the call."""
    return Failure(
        "crashed",
        f"The worker process {how(end)} while it ran this call.",
        signal=end.signal,
        exit_status=end.status,
        stderr=end.stderr,
        peak_memory=end.peak_memory,
    )


def timed_out(seconds: float) -> Failure:
    """A call ran longer than it may."""
    return Failure("timeout", f"The call ran longer than its timeout of {seconds:g} s; its process was ended.")


def ended() -> Failure:
    """A call that may not run again was in a worker that had to go, for no fault of the call."""
    return Failure("node lost", "The call's worker had to be ended while it ran, and the call may not run again.")


def too_large() -> Failure:
    """The data of a call do not fit into the node."""
    return Failure("too large", "The node has no room for the large data that belong to this.")


def died_in_entry(end: Exit) -> str:
    """In place of a traceback: the process never came back from the job's code or an update."""
    return f"The worker process {how(end)} while it ran the job's code or an update.\n{end.stderr}".strip()


def how(end: Exit) -> str:
    """How a process ended, as a predicate."""
    if end.signal is not None:
        try:
            return f"was ended by {signal.Signals(end.signal).name}"
        except ValueError:
            return f"was ended by signal {end.signal}"
    if end.status is not None:
        return f"exited with status {end.status}"
    return "could not be started"

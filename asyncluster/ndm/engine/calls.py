"""Calls of jobs in a Dask worker: a namespace for each job, brought up to date before each call.

A call comes with all entries of its job's log; those that this process has not seen yet are run first, in order. So the
rule that no call sees an older namespace than its update left is the same as in the node's own workers. Other than
there, jobs share a process.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from asyncluster.core.engine.trampoline import Entry
from asyncluster.core.errors import JobBroken
from asyncluster.core.wire import payloads
from asyncluster.ndm.worker.namespace import Namespace

#: Jobs whose namespaces are kept; one that was forgotten is built anew if it is called again.
_KEPT = 8


class Space:
    """The namespace of one job, and how much of its log it has seen."""

    def __init__(self, job: int) -> None:
        self._namespace = Namespace(job)
        self._seen = 0
        self._trouble = ""

    def follow(self, entries: Sequence[Entry]) -> None:
        """Runs what is new.

        Raises:
            JobBroken: the code or an update fails, now or earlier.
        """
        for payload, buffers in entries[self._seen :]:
            run = self._namespace.update if self._seen else self._namespace.load
            self._seen += 1
            try:
                run(payload, [memoryview(buffer) for buffer in buffers])
            except BaseException as error:
                self._trouble = payloads.traceback_text(error)
        if self._trouble:
            raise JobBroken(f"The job's code or one of its updates failed on a worker:\n{self._trouble}")

    def call(self, function: bytes, args: bytes, buffers: Sequence[bytes]) -> Any:
        """Calls a function."""
        found = self._namespace.function(function)
        positional, named = payloads.decode(args, [memoryview(buffer) for buffer in buffers])
        return found(*positional, **(named or {}))


_spaces: dict[int, Space] = {}
_lock = threading.Lock()


def call(job: int, function: bytes, args: bytes, buffers: Sequence[bytes], entries: Sequence[Entry]) -> Any:
    """See the module. Raises what the function raises, and as `Space.follow`."""
    with _lock:
        space = _spaces.pop(job, None) or Space(job)
        _spaces[job] = space  # the one used last is at the end
        while len(_spaces) > _KEPT:
            del _spaces[next(iter(_spaces))]
        space.follow(entries)
    return space.call(function, args, buffers)

"""A job as its author sees it: one namespace, with a log for every niceness that it is called at.

Workers run a job at one niceness. `with_(niceness=...)` therefore opens a second job that has the same code and the
same updates; here the two are one. Everything in this module needs the lock of the flavour, where there is one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from asyncluster.core.blobs import Blob, store
from asyncluster.core.client.calls import Event
from asyncluster.core.client.joblog import JobLog
from asyncluster.core.client.kinds import Kinds
from asyncluster.core.client.ledger import Ledger
from asyncluster.core.client.progress import Standing
from asyncluster.core.errors import JobCancelled, UsageError
from asyncluster.core.wire.payloads import Packed, encode_code

JobCode: TypeAlias = "str | os.PathLike[str] | Sequence[Callable[..., Any]]"


class Variant:
    """The namespace at one niceness."""

    def __init__(self, log: JobLog) -> None:
        self.log = log
        self.kinds = Kinds(log)


class Namespace:
    """The jobs that are one job to their author.

    Args:
        ledger: where they are kept.
        name, niceness: of the job.
        code: packed, from `read_code`.
        environment: as of `Cluster.job`.
    """

    def __init__(self, ledger: Ledger, name: str, niceness: int, code: Packed, environment: str | None = None) -> None:
        log = ledger.open_job(name, niceness, environment)
        log.add_code(code.payload, store_all(code))
        self.name = name
        self.niceness = niceness
        self._ledger = ledger
        self._variants = {niceness: Variant(log)}

    @property
    def log(self) -> JobLog:
        """The log of the job itself."""
        return self._variants[self.niceness].log

    @property
    def logs(self) -> list[JobLog]:
        """The logs at every niceness that the job was called at."""
        return [variant.log for variant in self._variants.values()]

    def variant(self, niceness: int) -> Variant:
        """The job at this niceness, opened if need be."""
        found = self._variants.get(niceness)
        if found is None:
            self.log.check()
            log = self._ledger.open_job(f"{self.name} (niceness {niceness})", niceness, self.log.environment)
            log.copy_log(self.log)
            found = self._variants[niceness] = Variant(log)
        return found

    def update(self, payload: bytes, blobs: Sequence[Blob]) -> list[tuple[JobLog, int]]:
        """Appends an update everywhere; returns for each log the length that includes it."""
        return [
            (variant.log, variant.log.add_update(payload, blobs))
            for variant in self._variants.values()
            if variant.log.error is None or variant.log is self.log
        ]

    def cancel(self, words: str) -> list[Event]:
        """Ends the job; what waits is told `JobCancelled` with these words."""
        events: list[Event] = []
        for variant in self._variants.values():
            events += self._ledger.close_job(variant.log, JobCancelled(words))
        return events

    def standing(self) -> Standing:
        """How far the job is. May be called without the lock: the numbers may then differ by a call."""
        logs = self.logs
        telling = [told for log in logs for told in list(log.telling.values())]
        done = sum(log.done for log in logs)
        partly = sum(fraction for fraction, _ in telling)
        return Standing(done, sum(log.made for log in logs), done + partly, telling[-1][1] if telling else "")

    @property
    def pending(self) -> int:
        """Calls that wait for their end."""
        return sum(len(log.calls) for log in self.logs)


def store_all(packed: Packed) -> list[Blob]:
    """The buffers of a packed value, ready to be sent."""
    return [store(view) for view in packed.buffers]


def read_code(code: JobCode) -> tuple[Packed, str]:
    """A namespace, packed, and a name for a job that was given none.

    Args:
        code: functions, in a list or tuple; a path; or a string. A string with a line break in it is Python; one
            without is a path if it ends in ".py" or names a file, else it is Python, too.

    Raises:
        OSError: the file cannot be read.
        UsageError: it is none of these.
        CannotPickle: a function cannot travel.
    """
    if isinstance(code, str) and ("\n" in code or not (code.endswith(".py") or os.path.isfile(code))):
        return encode_code(code), "job"
    if isinstance(code, str | os.PathLike):
        path = Path(code)
        return encode_code(path.read_text(encoding="utf-8"), str(path.absolute())), path.stem
    if isinstance(code, list | tuple) and all(callable(function) for function in code):
        name = getattr(code[0], "__name__", "job") if code else "job"
        return encode_code(code), str(name)
    raise UsageError("A job is made of Python text, a path, or a list of functions.")

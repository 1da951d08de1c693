"""The functions of a job as its log knows them: each is sent once and then called by a number.

A name of the namespace, or a function that lives as long as its module, becomes an entry of the job's log the first
time it is called. Functions that come and go (closures, bound methods, partials) would make the log grow for ever:
called singly they travel among the arguments of their call, to `operator.call`; a `map` of them is worth an entry.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from asyncluster.core.client.joblog import JobLog
from asyncluster.core.client.options import CallOptions

Function: TypeAlias = str | Callable[..., Any]
_Key: TypeAlias = tuple[Any, CallOptions, bool]


class Kinds:
    """Numbers for functions within one job.

    `find` may be called by any thread at any time; `add` changes the log and needs its lock.
    """

    def __init__(self, log: JobLog) -> None:
        self._log = log
        self._numbers: dict[_Key, int] = {}

    def find(self, function: Function, options: CallOptions, chunked: bool = False) -> int | None:
        """The number of a function that has been added; None if it has not."""
        try:
            return self._numbers.get((function, options, chunked))
        except TypeError:  # a callable that is not hashable
            return None

    def add(self, function: Function, encoded: bytes, options: CallOptions, chunked: bool = False) -> int:
        """Adds a function as `encode_function` gave it; equal ones get the same number."""
        by_content: _Key = encoded, options, chunked
        number = self._numbers.get(by_content)
        if number is None:
            number = self._numbers[by_content] = self._log.add_kind(
                name_of(function), encoded, chunked=chunked, timeout=options.timeout, retries=options.retries
            )
        if lasts(function):
            self._numbers[function, options, chunked] = number
        return number


def name_of(function: Function) -> str:
    """What people see of a function."""
    if isinstance(function, str):
        return function
    return str(getattr(function, "__qualname__", None) or type(function).__qualname__)


def lasts(function: Function) -> bool:
    """Whether a function is a name, or is found in its module under its own name."""
    if isinstance(function, str):
        return True
    found: Any = sys.modules.get(getattr(function, "__module__", None) or "")
    for step in name_of(function).split("."):
        found = getattr(found, step, None)
    return found is function

"""How the daemons log: one line an event on standard error, where systemd or a terminal takes it."""

from __future__ import annotations

import sys
from typing import Any, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
    formatEvent,
    globalLogBeginner,
)
from zope.interface import implementer

from asyncluster.core.guard import end_without_memory, failure_of

_LONGEST = 2000
#: What the journal understands at the beginning of a line.
_PRIORITIES = {LogLevel.debug: "<7>", LogLevel.info: "<6>", LogLevel.warn: "<4>", LogLevel.error: "<3>"}


@implementer(ILogObserver)
class LineObserver:
    """Writes each event as one line; a traceback follows on lines of its own.

    Args:
        stream: where to.
        journal: whether the lines go to systemd's journal, which keeps time and priority itself.
    """

    def __init__(self, stream: TextIO, *, journal: bool) -> None:
        self._stream = stream
        self._journal = journal

    def __call__(self, event: LogEvent) -> None:
        level = event.get("log_level", LogLevel.info)
        failure = failure_of(event)
        if "isError" in event and failure is not None:  # by the old interface, whose text is the traceback
            text = str(event.get("why") or "Unhandled error")
        else:
            text = formatEvent(event).replace("\n", "\\n")[:_LONGEST]
        if failure is not None:
            text += "\n" + failure.getTraceback().rstrip()
        prefix = _PRIORITIES.get(level, "<2>") if self._journal else _words(level)
        try:
            self._stream.write(f"{prefix}{text}\n")
            self._stream.flush()
        except OSError:
            pass  # a full disk or a closed terminal must not stop a daemon


def _words(level: object) -> str:
    return {LogLevel.info: "", LogLevel.debug: "debug: ", LogLevel.warn: "warning: "}.get(level, "error: ")  # type: ignore[call-overload]


def begin(*, verbose: int, quiet: bool, journal: bool) -> None:
    """Starts logging to standard error; what is broken off for want of memory also ends the process.

    Args:
        verbose: 1 or more shows debug events.
        quiet: shows warnings and errors only.
        journal: see `LineObserver`.
    """
    level = LogLevel.debug if verbose else LogLevel.warn if quiet else LogLevel.info
    predicate: Any = LogLevelFilterPredicate(defaultLogLevel=level)
    if not verbose:
        predicate.setLogLevelForNamespace("twisted", LogLevel.warn)  # it tells of every port and factory
    lines: Any = LineObserver(sys.stderr, journal=journal)
    observer: Any = FilteringLogObserver(lines, [predicate])
    observers = [observer, end_without_memory]
    globalLogBeginner.beginLoggingTo(observers, redirectStandardIO=False, discardBuffer=True)

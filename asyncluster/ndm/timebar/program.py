"""The time bar as a process: `python -m asyncluster.ndm.timebar --fd N`, as the person whose session it is."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from asyncluster.core.qt.daemonprogram import DaemonProgram, descriptor_from
from asyncluster.core.wire.timebar import MAX_FRAME, State, ToTimeBar, framed, to_time_bar
from asyncluster.ndm.timebar.window import TimeBar


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the time bar until its socket closes. Returns the exit code."""
    descriptor = descriptor_from(sys.argv[1:] if argv is None else argv, "asyncluster-timebar")
    return Program("AsynCluster time bar", ("base", "timebar")).run(descriptor)


class Program(DaemonProgram[ToTimeBar]):
    """The first State brings the bar up."""

    first = State
    decoder = to_time_bar
    max_frame = MAX_FRAME

    def begin(self, message: State) -> TimeBar:
        self._bar = TimeBar(message, self.look, lambda answer: self.send(framed(answer)))
        self._bar.show()
        return self._bar

    def shown(self) -> bool:
        handle = self._bar.windowHandle()
        return handle is not None and handle.isExposed()

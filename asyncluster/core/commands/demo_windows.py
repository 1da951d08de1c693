"""What the demo shows on a screen: the operator's window, and a workstation in a window where one can log in.

Both are programs of their own, ended with the demo.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

_DESK_SECONDS = 30.0  # for its first words
_NO_SCREEN = "There is no screen here ($DISPLAY is not set), so the demo shows no window: neither console nor login."
_NO_QT = "PyQt6 is not installed, so the demo shows no window. Install it: pip install 'asyncluster[gui]'"
_WELCOME = (
    "The window of a workstation opens, where you can sit down for two hours a day:\n"
    "log in as {name} with the password {password}\n"
)


class Windows:
    """The windows on a cluster, while the `with` block lasts.

    Args:
        socket: the master's control socket.
        say: tells people something.
    """

    def __init__(self, socket: Path, say: Callable[[str], None]) -> None:
        self._socket = socket
        self._say = say
        self._stack = ExitStack()
        self._programs: list[subprocess.Popen[str]] = []

    def open(self, *, console: bool | None, desk: bool | None) -> None:
        """Opens what is wanted; None: where there is a screen."""
        missing = missing_here()
        if missing and None in (console, desk):
            self._say(missing)
        if console or (console is None and not missing):
            self._start("asyncluster", "console", "--socket", str(self._socket))
        if desk or (desk is None and not missing):
            self._open_desk()

    def __bool__(self) -> bool:
        return bool(self._programs)

    def wait(self) -> None:
        """Returns when one of them has been closed."""
        ends = [os.pidfd_open(program.pid) for program in self._programs]
        try:
            select.select(ends, [], [])
        finally:
            for end in ends:
                os.close(end)

    def _open_desk(self) -> None:
        # Its own session: Ctrl-C is for the demo, which then ends it in order.
        directory = str(self._socket.parent.parent)
        program = self._start("asyncluster.ndm.trial", directory, stdout=subprocess.PIPE, start_new_session=True)
        assert program.stdout is not None
        ready, _, _ = select.select([program.stdout], [], [], _DESK_SECONDS)
        line = program.stdout.readline() if ready else ""
        words: dict[str, str] = json.loads(line) if line else {"failed": "It said nothing."}
        if "failed" in words:
            self._say(f"There is no workstation to log in at: {words['failed']}")
            self._programs.remove(program)
        else:
            self._say(_WELCOME.format_map(words))

    def _start(self, module: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", module, *arguments]
        program = subprocess.Popen(command, text=True, **options)
        self._stack.callback(_end, program)
        self._programs.append(program)
        return program

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        self._stack.close()


def missing_here() -> str:
    """Why no window can be shown; "" if it can."""
    if not os.environ.get("DISPLAY"):
        return _NO_SCREEN
    return "" if importlib.util.find_spec("PyQt6") else _NO_QT


def _end(program: subprocess.Popen[str]) -> None:
    program.terminate()
    program.wait()
    if program.stdout is not None:
        program.stdout.close()

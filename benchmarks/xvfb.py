"""A virtual X server, and who has its keyboard."""

from __future__ import annotations

import os
import select
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

_START_SECONDS = 20


@contextmanager
def x_server() -> Iterator[str]:
    """Xvfb without a window manager, as a greeter's X server has none; yields its display, such as ":7"."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-nolisten", "tcp", "-noreset", "-screen", "0", "1280x800x24"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            ready, _, _ = select.select([reading], [], [], _START_SECONDS)
            number = os.read(reading, 20).decode().strip() if ready else ""
            if not number:
                raise RuntimeError("Xvfb does not start")
            yield f":{number}"
        finally:
            os.close(reading)
            server.kill()


def wait_for_keyboard(display: str, process: subprocess.Popen[bytes], seconds: float = 20) -> None:
    """Returns when some window has the keyboard.

    Raises:
        RuntimeError: the process has ended, or it takes too long.
    """
    _wait_for(display, process, ["getwindowfocus"], "no window has the keyboard", seconds)


def wait_for_window(display: str, process: subprocess.Popen[bytes], title: str, seconds: float = 20) -> None:
    """Returns when a window with that title is on the screen.

    Raises:
        RuntimeError: the process has ended, or it takes too long.
    """
    _wait_for(display, process, ["search", "--onlyvisible", "--name", title], f"there is no {title}", seconds)


def _wait_for(
    display: str, process: subprocess.Popen[bytes], question: list[str], trouble: str, seconds: float
) -> None:
    """Asks xdotool until it has an answer."""
    end = time.monotonic() + seconds
    environ = {**os.environ, "DISPLAY": display}
    while not subprocess.run(["xdotool", *question], env=environ, capture_output=True).stdout.strip():
        if process.poll() is not None:
            raise RuntimeError(f"ended with status {process.returncode}")
        if time.monotonic() > end:
            raise RuntimeError(f"{trouble} after {seconds:g} s")

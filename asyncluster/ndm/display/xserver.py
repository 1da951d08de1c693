"""An X server: how it is called, and one running process of it.

It is started with a cookie and without TCP, it does not reset when its last client leaves, and it says itself which
display it serves as soon as it serves it (`-displayfd`). Access control is never off. It dies with the process that
started it.
"""

from __future__ import annotations

import ctypes
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from asyncluster.core.errors import AsynClusterError
from asyncluster.ndm.session.lastwords import last_words

START_SECONDS = 20.0
STOP_SECONDS = 2.0
_FIRST_TERMINAL = 7  # virtual terminals before it are for text logins
_TERMINALS = 63
_PR_SET_PDEATHSIG = 1
_FORBIDDEN = frozenset({"-ac", "-listen", "-auth", "-displayfd", "-reset", "-terminate", "-seat"})
_libc = ctypes.CDLL(None)


class NoDisplay(AsynClusterError):
    """An X server did not come up, or may not be started like this; the message says why."""


def command(program: Sequence[str], display: int, authority: Path, ready: int) -> list[str]:
    """The arguments of an X server.

    Args:
        program: the configured program with its own arguments. Xorg gets a virtual terminal, others need none.
        display: its number.
        authority: its authority file.
        ready: descriptor that the number is written to.

    Raises:
        NoDisplay: the configured arguments open the server, or are ours to give.
    """
    for argument in program[1:]:
        if argument in _FORBIDDEN or re.fullmatch(r"vt[0-9]+|:[0-9]+", argument):
            raise NoDisplay(f"[display] x server must not have the argument {argument}: it belongs to AsynCluster.")
    given = [*program, f":{display}", "-displayfd", str(ready), "-auth", str(authority), "-nolisten", "tcp", "-noreset"]
    return [*given, *_terminal(program, display)]


def _terminal(program: Sequence[str], display: int) -> list[str]:
    number = terminal(program, display)
    return [] if number is None else ["-seat", "seat0", f"vt{number}"]


def terminal(program: Sequence[str], display: int) -> int | None:
    """The virtual terminal that a display is on: 7 for :0, 8 for :1 and so on; None: its server needs none."""
    if Path(program[0]).name not in ("Xorg", "X"):
        return None
    return min(_FIRST_TERMINAL + display, _TERMINALS)


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """What an X server sees of our environment: a nested one needs the way to the outer one."""
    kept = {name: ours[name] for name in ("DISPLAY", "XAUTHORITY", "LANG") if name in ours}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **kept}


class XServer:
    """One X server, from `start` to `stop`.

    Attributes:
        process: it.
    """

    def __init__(self, process: subprocess.Popen[bytes], display: int, ready: int, log: Path) -> None:
        self.process = process
        self._display = display
        self._ready = ready
        self._log = log

    @classmethod
    def start(cls, program: Sequence[str], display: int, authority: Path, log: Path) -> XServer:
        """Starts one; its authority file must be there.

        Raises:
            NoDisplay: the program is not there or cannot be started, or the authority file is empty.
        """
        if not authority.is_file() or not authority.stat().st_size:
            raise NoDisplay(f"The X server was not started: {authority} is missing or empty, which would open it.")
        found = shutil.which(program[0], path=environment({})["PATH"])
        if found is None:
            raise NoDisplay(f"The X server {program[0]} is not installed; see [display] x server.")
        reading, writing = os.pipe()
        try:
            with log.open("wb") as output:
                process = subprocess.Popen(
                    command([found, *program[1:]], display, authority, writing),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    pass_fds=(writing,),
                    env=environment(os.environ),
                    cwd="/",
                    start_new_session=True,
                    preexec_fn=_die_with_parent,
                )
        except OSError as error:
            os.close(reading)
            raise NoDisplay(f"The X server {program[0]} cannot be started: {error.strerror}.") from error
        finally:
            os.close(writing)
        return cls(process, display, reading, log)

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        """Returns when clients can connect.

        Raises:
            NoDisplay: it ended, did not come up in time, or took another number. It does not run any more then.
        """
        said = self._read_number(time.monotonic() + seconds)
        os.close(self._ready)
        if said == str(self._display):
            return
        status = self.process.poll()
        self.stop()
        what = "is not ready" if status is None else f"ended with status {status}"
        if said:
            what = f"serves display :{said} instead"
        raise NoDisplay(f"The X server for display :{self._display} {what}. {last_words(self._log)}".strip())

    def _read_number(self, until: float) -> str:
        said = b""
        while not said.endswith(b"\n") and len(said) < 16:
            readable, _, _ = select.select([self._ready], [], [], max(0.0, until - time.monotonic()))
            chunk = os.read(self._ready, 16) if readable else b""
            if not chunk:
                break
            said += chunk
        return said.decode(errors="replace").strip()

    def stop(self) -> None:
        """Ends it and waits for its end; harmless if it has ended."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

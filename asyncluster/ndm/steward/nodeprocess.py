"""The node daemon as the steward's child: started without root's rights, started again when it dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from asyncluster.core.errors import ExitCode
from asyncluster.ndm.node.settings import NodeSettings
from asyncluster.ndm.session.channel import Channel
from asyncluster.ndm.steward import trees
from asyncluster.ndm.steward.spawn import User

_KEPT = ("PATH", "LANG", "LANGUAGE", "TZ", "PYTHONPATH", "JOURNAL_STREAM")
_FIRST, _LONGEST = 1.0, 60.0
_GOOD = 60.0
_GRACE = 10.0


class NodeProcess:
    """The node daemon's process.

    Args:
        settings: handed over through a pipe, since they hold the passwords.
        user: whom it runs as; None: whoever runs this.
        directory: the node's own. It may lie where that user gets nowhere near, so it is handed over as a descriptor.
        verbose, quiet: as of the command line.

    Attributes:
        channel: to it; None while there is none.
        start_at: when it is to be started, in seconds of the monotonic clock; None: it runs, or shall not run again.
    """

    def __init__(
        self, settings: NodeSettings, user: User | None, directory: Path, *, verbose: int, quiet: bool
    ) -> None:
        self._settings = settings
        self._user = user
        self._directory = directory
        self._options = json.dumps({"verbose": verbose, "quiet": quiet})
        self._process: subprocess.Popen[bytes] | None = None
        self._wait = _FIRST
        self._started = 0.0
        self.channel: Channel | None = None
        self.start_at: float | None = 0.0

    @property
    def pid(self) -> int | None:
        """Its pid, while it runs."""
        return self._process.pid if self._process is not None else None

    def start(self, now: float) -> None:
        """Starts it.

        Raises:
            OSError: that is not possible.
        """
        self.start_at = None
        self._started = now
        self.channel, theirs = Channel.pair()
        reading, writing = os.pipe()
        directory = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        inherited = (theirs.fileno(), reading, directory)
        user = self._user
        identity: dict[str, Any] = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", "asyncluster.ndm.node", *map(str, inherited), self._options],
                stdin=subprocess.DEVNULL,
                pass_fds=inherited,
                cwd="/",
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                start_new_session=True,
                **identity,
            )
            with open(writing, "w") as pipe:
                json.dump(asdict(self._settings), pipe)
        finally:
            theirs.close()
            os.close(reading)
            os.close(directory)

    def ended(self, status: int, now: float) -> ExitCode | None:
        """It has ended with this wait status.

        Returns:
            An exit code if another start makes no sense: what was wrong will be wrong again.
        """
        code = os.waitstatus_to_exitcode(status)
        if self._process is not None:
            self._process.returncode = code
        self._process = None
        self.drop_channel()
        if code == ExitCode.CONFIG:
            return ExitCode.CONFIG
        self._wait = _FIRST if now - self._started > _GOOD else min(2 * self._wait, _LONGEST)
        self.start_at = now + self._wait
        return None

    def drop_channel(self) -> None:
        """Talks to it no more."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None

    def kill(self) -> None:
        """Ends it at once; `ended` follows."""
        if self._process is not None:
            trees.send(self._process.pid, signal.SIGKILL)  # Popen's own kill would wait for it, unseen by the steward

    def close(self) -> None:
        """Ends it in an orderly way, by hanging up; returns when it is gone."""
        self.start_at = None
        self.drop_channel()
        if self._process is None:
            return
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

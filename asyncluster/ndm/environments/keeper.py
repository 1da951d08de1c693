"""The node's environments: gets what the master wants, removes what it does not want any more, and says what is here.

    DIRECTORY/<key>/            installed, for workers to read
    DIRECTORY/incoming/<key>/   wheels on their way; nothing of it outlives the daemon
    DIRECTORY/gone/             what is being removed

What to do is decided in `collection`; this carries it out.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from twisted.logger import Logger

from asyncluster.core.background import in_background
from asyncluster.core.environments.manifest import UnfitEnvironment
from asyncluster.core.net.clock import Timer
from asyncluster.core.wire import environments as e
from asyncluster.core.wire.messages import Message
from asyncluster.ndm.environments.collection import Collection, Get, Leave, Remove, Report, Step
from asyncluster.ndm.environments.fetching import Fetch
from asyncluster.ndm.environments.installation import Installation

#: An answer that has not come after so many seconds is asked for again.
REPEAT_SECONDS = 15.0
_KEY = re.compile(r"[0-9a-f]{64}")
_log = Logger()


class Master(Protocol):
    """The way to the master."""

    def ask_master(self, message: Message) -> None:
        """Sends a message when the connection has room, if there is one."""


class EnvironmentKeeper:
    """See the module.

    Args:
        reactor: Twisted's.
        directory: made if it is not there; workers may read what is in it, if they are handed a descriptor.
        master: the way to it.
        spare: told, with True and with False, that a process is and is not a child of this one that must not be ended.
        now: monotonic seconds.
    """

    def __init__(
        self,
        reactor: Any,
        directory: Path,
        master: Master,
        spare: Callable[[int, bool], None],
        now: Callable[[], float],
    ) -> None:
        self._reactor = reactor
        self._directory = directory
        self._master = master
        self._spare = spare
        self._now = now
        directory.mkdir(mode=0o755, exist_ok=True)
        held = _tidy(directory)
        self._collection = Collection(held)
        self._fetch: Fetch | None = None
        self._installation: Installation | None = None
        self._repeat: Timer | None = None
        self._wake: Timer | None = None
        self._gone = count(1)
        self._closed = False

    # --- From the shell -------------------------------------------------------------------------------------

    def lost(self) -> None:
        """The master is away."""
        self._collection.disconnected()
        self._stop(self._repeat)

    def received(self, message: e.ToNode) -> None:
        """What the master says about environments."""
        if isinstance(message, e.EnvironmentsWanted):
            self._collection.want(message.keys, self._now())
            if self._fetch is not None and self._installation is None:
                self._ask(self._fetch)  # what was asked on an earlier connection is not answered any more
        elif self._fetch is not None and self._installation is None:
            self._arrived(self._fetch, message)
        self._settle()

    def close(self) -> None:
        """Ends what is under way."""
        self._closed = True
        self._stop(self._wake)
        self._leave()

    # --- What is to be done ---------------------------------------------------------------------------------

    def _settle(self) -> None:
        if self._closed:
            return
        wish = self._collection.tick(self._now())
        while steps := self._collection.take():
            for step in steps:
                self._carry_out(step)
        self._stop(self._wake)
        self._wake = None if wish is None else self._reactor.callLater(max(wish - self._now(), 0.1), self._settle)

    def _carry_out(self, step: Step) -> None:
        match step:
            case Get(key):
                self._get(key)
            case Leave():
                self._leave()
            case Remove(key):
                _log.info("Environment {key} is not wanted any more.", key=key)
                self._discard(self._directory / key)
            case Report(message):
                self._master.ask_master(message)

    def _get(self, key: str) -> None:
        _log.info("Fetching environment {key}.", key=key)
        try:
            self._fetch = Fetch(key, self._directory / "incoming" / key)
        except OSError as error:
            self._collection.failed(key, _disk_words(error), self._now())
            return
        self._ask(self._fetch)

    def _ask(self, fetch: Fetch) -> None:
        self._stop(self._repeat)
        question = fetch.ask()
        if question is None:
            self._install(fetch)
            return
        self._master.ask_master(question)
        self._repeat = self._reactor.callLater(REPEAT_SECONDS, self._ask, fetch)

    def _arrived(self, fetch: Fetch, message: e.ManifestIs | e.WheelPiece) -> None:
        try:
            if fetch.received(message):
                self._ask(fetch)
        except UnfitEnvironment as error:
            self._failed(fetch.key, str(error))
        except OSError as error:
            self._failed(fetch.key, _disk_words(error))

    def _install(self, fetch: Fetch) -> None:
        folder = fetch.folder.relative_to(self._directory)
        try:
            self._installation = Installation(
                self._reactor, self._directory, folder, Path(fetch.key), lambda words: self._installed(fetch.key, words)
            )
        except OSError as error:
            self._failed(fetch.key, f"The installation cannot be started: {error.strerror}.")
            return
        self._spare(self._installation.pid, True)

    def _installed(self, key: str, words: str) -> None:
        if words:
            self._failed(key, words)
        else:
            _log.info("Environment {key} is installed.", key=key)
            self._leave()
            self._collection.got(key, self._now())
        self._settle()

    def _failed(self, key: str, words: str) -> None:
        _log.warn("Environment {key} cannot be had: {words}", key=key, words=words)
        self._leave()
        self._collection.failed(key, words, self._now())

    def _leave(self) -> None:
        """Nothing is on its way any more."""
        self._stop(self._repeat)
        if self._installation is not None:
            self._spare(self._installation.pid, False)
            self._installation.close()
            self._installation = None
        if self._fetch is not None:
            self._fetch.close()
            self._discard(self._fetch.folder)
            self._fetch = None

    def _discard(self, folder: Path) -> None:
        """Removes a folder from sight at once, and from the disk in a thread: it may hold a hundred thousand files."""
        gone = self._directory / "gone" / str(next(self._gone))
        try:
            gone.parent.mkdir(exist_ok=True)
            folder.rename(gone)
        except OSError:
            gone = folder
        in_background(shutil.rmtree, gone, True)

    def _stop(self, timer: Timer | None) -> None:
        if timer is not None and timer.active():
            timer.cancel()


def _tidy(directory: Path) -> list[str]:
    """Removes what an earlier life was in the middle of; returns the keys of what is installed."""
    for rest in (directory / "incoming", directory / "gone", *directory.glob("*.partial")):
        shutil.rmtree(rest, ignore_errors=True)
    return [entry.name for entry in directory.iterdir() if _KEY.fullmatch(entry.name)]


def _disk_words(error: OSError) -> str:
    return f"The environment could not be written: {error.strerror or error}."

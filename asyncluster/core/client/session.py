"""The ledger at work on real links: what the flavours share, without threads or event loops.

A flavour watches `fileno` for reading (and for writing while `blocked`), calls `read` and `write`, and calls `retry` at
the time `retry_at`. It tells each event that these hand back, outside its lock if it has one.

    start        the first link must come at once, else MasterUnreachable
    up           read and write
    away         the link broke: said once in the log, then tried again with random, growing waits, for as long as
                 `patience` allows; calls are kept meanwhile
    over         closed, or given up: the ledger's `error` says why
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from random import Random, SystemRandom
from typing import Protocol

from asyncluster.core.blobs import Blob
from asyncluster.core.client import address
from asyncluster.core.client.calls import Event, Tell, Told
from asyncluster.core.client.defaults import patience_or_default
from asyncluster.core.client.ledger import Ledger, Phase
from asyncluster.core.client.link import Link
from asyncluster.core.client.options import SAME
from asyncluster.core.errors import AsynClusterError, MasterUnreachable, NotAllowed, ProtocolError
from asyncluster.core.wire.messages import Message, PassBlob

_system_random = SystemRandom()
_log = logging.getLogger("asyncluster")

#: Bounds of the random wait before each new attempt to reach the master, in seconds.
RETRY_FIRST = 0.1
RETRY_LAST = 5.0

#: Seconds that closing waits for the last words to go out.
LAST_WORDS = 2.0

#: Seconds a master may take to greet.
GREETING_SECONDS = 10.0


class Dial(Protocol):
    """Opens a link to the master or raises MasterUnreachable."""

    def __call__(self) -> Link: ...


def _nothing() -> None:
    pass


class Session:
    """One client at one master, over as many links as it takes.

    Args:
        path: the master's socket.
        patience: seconds to look for a master that went away; None: for ever; default: the environment's.
        clock: monotonic seconds.
        random: for keys and waits.
        dial: opens a link; default: to `path`.

    Attributes:
        ledger: what is going on.
        retry_at: when to call `retry`, or None.
        before_close: called before the descriptor is closed, for loops that must stop to watch it first.
    """

    def __init__(
        self,
        path: Path,
        *,
        patience: float | None = SAME,
        clock: Callable[[], float] = time.monotonic,
        random: Random = _system_random,
        dial: Dial | None = None,
    ) -> None:
        self.path = path
        self.ledger = Ledger(f"python {os.getpid()}", random)
        self.retry_at: float | None = None
        self.before_close: Callable[[], None] = _nothing
        self._patience = patience_or_default(patience)
        self._clock = clock
        self._random = random
        self._dial: Dial = dial or (lambda: Link(address.dial(path)))
        self._link: Link | None = None
        self._away_since: float | None = None
        self._linked_at = 0.0
        self._attempts = 0
        self._up: list[Tell] = []

    # --- for the flavour ----------------------------------------------------------------------------------

    @property
    def fileno(self) -> int:
        """The descriptor to watch, or -1 if there is none."""
        return self._link.fileno() if self._link else -1

    @property
    def blocked(self) -> bool:
        """Whether the link waits to be writable."""
        return self._link is not None and self._link.blocked

    def start(self, tell: Tell) -> list[Event]:
        """Opens the first link; `tell` hears when the master has greeted, or why it will not.

        Raises:
            MasterUnreachable: nobody is there.
        """
        link = self._dial()
        self._up.append(tell)
        return self._connected(link)

    def read(self) -> list[Event]:
        """Takes what has arrived and returns what came to its end by it."""
        if self._link is None:
            return []
        events: list[Event] = []
        try:
            for message in self._link.receive():
                events += self._received(message)
            events += self.write()
        except (OSError, AsynClusterError) as error:
            events += self._lost(error)
        return events

    def write(self) -> list[Event]:
        """Sends what there is to send, as far as the kernel takes it."""
        if self._link is None:
            return []
        try:
            self._link.flush()
            while not self._link.blocked:
                outgoing = self.ledger.take()
                if not outgoing:
                    break
                self._link.send(outgoing)
        except (OSError, AsynClusterError) as error:
            return self._lost(error)
        return []

    def retry(self) -> list[Event]:
        """Tries to reach the master again, or gives up on one that has not greeted in time."""
        if self._link is not None:
            return self._lost(MasterUnreachable(f"The master at {self.path} does not answer."))
        try:
            link = self._dial()
        except MasterUnreachable:
            return self._wait()
        return self._connected(link)

    def close(self) -> list[Event]:
        """Drops the link and ends everything. What there was to say must have been written."""
        return self._abandon(MasterUnreachable("This cluster has been closed."))

    def forked(self) -> None:
        """In a child process: the link is the parent's."""
        error = "This process was forked from the one that opened the cluster. Open another one here."
        self._abandon(MasterUnreachable(error))

    # --- within -------------------------------------------------------------------------------------------

    def _hang_up(self) -> None:
        if self._link is not None:
            self.before_close()
            self._link.close()
            self._link = None

    def _abandon(self, error: AsynClusterError) -> list[Event]:
        """Ends everything with `error`."""
        self.retry_at = None
        self._hang_up()
        events: list[Event] = [Told(tell, None, error) for tell in self._up]
        self._up.clear()
        return events + self.ledger.abandon(error)

    def _connected(self, link: Link) -> list[Event]:
        self._link = link
        self._linked_at = self._clock()
        self.ledger.connected()
        self.retry_at = self._clock() + GREETING_SECONDS
        return self.write()

    def _received(self, message: Message | tuple[PassBlob, Blob]) -> list[Event]:
        if isinstance(message, tuple):
            self.ledger.received_blob(message[0].job, message[1])
            return []
        greeting = self.ledger.phase is Phase.GREETING
        events = self.ledger.received(message)
        if greeting and self.ledger.phase is Phase.UP:
            self.retry_at = None
            events += [Told(tell, None, None) for tell in self._up]
            self._up.clear()
            if self._away_since is not None:
                _log.warning("The master at %s is back.", self.path)
                self._away_since = None
        return events

    def _lost(self, error: Exception) -> list[Event]:
        """The link is useless."""
        self._hang_up()
        greeting = self.ledger.phase is Phase.GREETING
        events = self.ledger.lost()
        if greeting and isinstance(error, NotAllowed | ProtocolError):
            return events + self._abandon(error)
        if self._up:
            return events + self._abandon(MasterUnreachable(f"The master at {self.path} did not answer: {error}"))
        now = self._clock()
        if self._away_since is None:
            self._away_since = now
            _log.warning("The connection to the master at %s is lost (%s); trying to reach it again.", self.path, error)
        if now - self._linked_at > RETRY_LAST:
            self._attempts = 0
        return events + self._wait()

    def _wait(self) -> list[Event]:
        """Sets the time of the next attempt, random so that many clients do not come at once."""
        now = self._clock()
        bound = min(RETRY_LAST, RETRY_FIRST * 2.0**self._attempts)
        self._attempts += 1
        self.retry_at = now + self._random.uniform(0, bound)
        if self._patience is None or self._away_since is None or now < self._away_since + self._patience:
            return []
        error = f"The master at {self.path} has been away for {self._patience:g} s. Its calls are given up."
        return self._abandon(MasterUnreachable(error))

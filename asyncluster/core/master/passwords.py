"""Checking passwords off the reactor, in threads of their own: a check takes an eighth of a second and 64 MiB."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from asyncluster.core.people.passwords import Hasher


class PasswordChecker:
    """Hashes and verifies in a pool of threads; `cryptography` releases the interpreter while it computes.

    There are at least two threads: with one on a machine of two cores, a class of forty would wait longer than 5 s.

    Args:
        reactor: Twisted's; in its thread the Deferreds fire.
        hasher: with the costs of new hashes.
        threads: how many; by default one less than there are cores.
    """

    def __init__(self, reactor: Any, hasher: Hasher | None = None, *, threads: int | None = None) -> None:
        self._reactor = reactor
        self._hasher = hasher or Hasher()
        count = threads or max(2, (os.cpu_count() or 1) - 1)
        self._pool = ThreadPool(count, count, name="passwords")
        # All begin with the reactor, while there is memory for them; a master that does not get that far has none.
        reactor.callWhenRunning(self._pool.start)

    def verify(self, password: str, stored: str | None) -> Deferred[bool]:
        """Is it the password of `stored`? For None (nobody's) the answer takes as long."""
        return deferToThreadPool(self._reactor, self._pool, self._hasher.verify, password, stored)

    def hash(self, password: str) -> Deferred[str]:
        """A new hash."""
        return deferToThreadPool(self._reactor, self._pool, self._hasher.hash, password)

    def is_outdated(self, stored: str) -> bool:
        """Was it made with other costs than those of new hashes?"""
        return self._hasher.is_outdated(stored)

    def stop(self) -> None:
        """Finish what has begun."""
        self._pool.stop()

"""The reactor of the headless programs: Twisted's own for epoll, without a log context for each event.

Twisted calls every reader within a context that names it to the old logging interface, `twisted.python.log`. Nothing of
ours logs by that, and making and dropping the context is a tenth of what a short call costs master and node daemon.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.main import installReactor

#: Of the reactor's own pool, for look-ups of names, of people and in files. All begin with the reactor, since one that
#: begins when there is no memory left may keep the reactor waiting for ever.
_THREADS = 4


class Reactor(EPollReactor):
    """Reads and writes whatever is ready, and no more."""

    def doIteration(self, delay: float | None) -> None:
        """Waits until something is ready, at most `delay` seconds (without end if None), and lets it work."""
        ready = self._poller.poll(-1 if delay is None else delay, len(self._selectables))
        for descriptor, event in ready:
            selectable = self._selectables.get(descriptor)  # None: one before it has closed this one
            if selectable is not None:
                self._doReadOrWrite(selectable, descriptor, event)


def install() -> Any:
    """Makes the reactor and names it the process's own; the composition root of a program does so first.

    Raises:
        twisted.internet.error.ReactorAlreadyInstalledError: something has imported another one.
    """
    reactor: Any = Reactor()
    installReactor(reactor)
    reactor.getThreadPool().adjustPoolsize(_THREADS, _THREADS)
    return reactor

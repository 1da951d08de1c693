"""The real reactor, in a thread of its own, for tests that need sockets, processes or real time.

Twisted's reactor cannot be started twice, so all tests of a run share it: it starts with the first test that asks.
Each test undoes what it opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

T = TypeVar("T")


class ReactorThread:
    """Calls into the reactor's thread.

    Attributes:
        reactor: Twisted's; touch it in its thread only.
    """

    def __init__(self) -> None:
        from twisted.internet import reactor
        from twisted.internet.threads import blockingCallFromThread

        self.reactor: Any = reactor
        self._blocking_call = blockingCallFromThread
        self._thread = threading.Thread(target=reactor.run, args=(False,), name="reactor", daemon=True)  # type: ignore[attr-defined]
        self._thread.start()

    def call(self, function: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
        """Runs `function` in the reactor's thread; returns its result, that of its Deferred, or raises its error."""
        return self._blocking_call(self.reactor, function, *args, **keywords)

    def wait_until(self, condition: Callable[[], T], seconds: float = 10.0) -> T:
        """Returns what `condition`, asked in the reactor's thread, gives as soon as it is true."""
        from twisted.internet.defer import Deferred

        deadline = self.reactor.seconds() + seconds

        def look(answer: Deferred[T]) -> None:
            value = condition()
            if value:
                answer.callback(value)
            elif self.reactor.seconds() > deadline:
                answer.errback(TimeoutError(f"it did not become true within {seconds:g} s"))
            else:
                self.reactor.callLater(0.005, look, answer)

        def ask() -> Deferred[T]:
            answer: Deferred[T] = Deferred()
            look(answer)
            return answer

        result: T = self.call(ask)
        return result

    def stop(self) -> None:
        self.reactor.callFromThread(self.reactor.stop)
        self._thread.join(10)


@pytest.fixture(scope="session")
def reactor_thread() -> Iterator[ReactorThread]:
    thread = ReactorThread()
    yield thread
    thread.stop()

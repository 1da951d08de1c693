"""One fake clock for everybody, and processes that may be killed or stopped at any time.

Nothing here waits: `Clock.run` jumps from one appointment to the next. Two appointments for the same instant come in
the order in which they were made, so a run is a function of its seed.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from typing import Any


class Timer:
    """An appointment that can be cancelled."""

    __slots__ = ("_action", "_arguments", "at")

    def __init__(self, at: float, action: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        self.at = at
        self._action: Callable[..., None] | None = action
        self._arguments = arguments

    def cancel(self) -> None:
        self._action = None

    @property
    def active(self) -> bool:
        return self._action is not None

    def ring(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action(*self._arguments)


class Clock:
    """Simulated time.

    Attributes:
        now: seconds; it begins above 0, as the clocks of real machines do.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()

    def later(self, seconds: float, action: Callable[..., None], *arguments: Any) -> Timer:
        """Has `action` called in so many seconds."""
        timer = Timer(self.now + seconds, action, arguments)
        heappush(self._heap, (timer.at, next(self._order), timer))
        return timer

    def run(self, until: float) -> None:
        """Lets time pass until then."""
        heap = self._heap
        while heap and heap[0][0] <= until:
            self.now, _order, timer = heappop(heap)
            timer.ring()
        self.now = until


class Process:
    """Something that runs on the clock: killed, it does nothing more; stopped, it does everything late.

    All that reaches a process, messages and timers alike, reaches it by `do`.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.alive = True
        self.stopped = False
        self._backlog: list[tuple[Callable[..., None], tuple[Any, ...]]] = []

    def do(self, action: Callable[..., None], *arguments: Any) -> None:
        """Has the process do this: now, when it runs again, or never if it is dead."""
        if not self.alive:
            return
        if self.stopped:
            self._backlog.append((action, arguments))
        else:
            action(*arguments)

    def later(self, seconds: float, action: Callable[..., None], *arguments: Any) -> Timer:
        """`do`, in so many seconds."""
        return self.clock.later(seconds, self.do, action, *arguments)

    def stop(self) -> None:
        """SIGSTOP."""
        self.stopped = True

    def resume(self) -> None:
        """SIGCONT: everything that came meanwhile comes now."""
        self.stopped = False
        backlog, self._backlog = self._backlog, []
        for action, arguments in backlog:
            self.do(action, *arguments)

    def kill(self) -> None:
        """SIGKILL."""
        self.alive = False
        self._backlog.clear()

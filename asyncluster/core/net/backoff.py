"""How long a node waits before it tries its master again. Pure but for the randomness that it is given."""

from __future__ import annotations

from collections.abc import Callable

from asyncluster.core.wire import limits


class Backoff:
    """Full jitter: each wait is random between nothing and a bound, which doubles from wait to wait.

    After a power cut all nodes of a room look for the master at once; so they come back spread out.

    Args:
        random: a number from 0 up to 1, as `random.random`.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._bound = limits.RECONNECT_FIRST_SECONDS

    def next(self) -> float:
        """The next wait, in seconds."""
        wait = self._random() * self._bound
        self._bound = min(2 * self._bound, limits.RECONNECT_LAST_SECONDS)
        return wait

    def reset(self) -> None:
        """The last connection was a good one: starts from the first bound again."""
        self._bound = limits.RECONNECT_FIRST_SECONDS

"""How long a node waits before it tries its master again. Pure but for the randomness that it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat

from asyncluster.core.wire import limits


class Backoff:
    """Full jitter: each wait is random between nothing and a bound that grows from wait to wait.

    After a power cut all nodes of a room look for the master at once; so they come back spread out. The bound doubles,
    but rests for some attempts at the seconds that a restart of the master takes.

    A master on the node's own machine was often started together with it, and no other node comes that way: it is
    looked for more often at first.

    Args:
        random: a number from 0 up to 1, as `random.random`.
        near: the master is on this machine.
    """

    def __init__(self, random: Callable[[], float], *, near: bool = False) -> None:
        self._random = random
        self._near = near
        self._bounds = _bounds(near)

    def next(self) -> float:
        """The next wait, in seconds."""
        return self._random() * next(self._bounds)

    def reset(self) -> None:
        """The last connection was a good one: starts from the first bound again."""
        self._bounds = _bounds(self._near)


def _bounds(near: bool) -> Iterator[float]:
    if near:
        yield from repeat(limits.RECONNECT_NEAR_SECONDS, limits.RECONNECT_NEAR_ATTEMPTS)
    bound = limits.RECONNECT_FIRST_SECONDS
    while bound < limits.RECONNECT_REST_SECONDS:
        yield bound
        bound *= 2
    for _ in range(limits.RECONNECT_REST_ATTEMPTS):
        yield limits.RECONNECT_REST_SECONDS
    while True:
        bound = min(2 * bound, limits.RECONNECT_LAST_SECONDS)
        yield bound

"""How long to wait after wrong passwords. Nobody is ever locked out: a wait ends by itself within a minute.

Three counts of the last hour decide, the longest wait wins:

* one person at one node: five failures are free, then 2, 4, 8 ... 60 s after the latest; a right password clears it;
* one person at all nodes: 30, then one every 60 s;
* everybody at one node: 60, then one every 60 s.

An attempt is counted as a failure *before* its password is checked, and cleared if it was right, so a hundred
attempts at once are not a hundred free ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WINDOW = 3600  # seconds that a failure counts
FREE_PAIR = 5
FREE_USER = 30
FREE_NODE = 60
LONGEST = 60  # seconds


@dataclass(frozen=True, slots=True)
class Failures:
    """Instants of failures of the last hour, in any order.

    Attributes:
        pair: of this person at this node, since the latest right password there.
        user: of this person anywhere.
        node: of anybody at this node.
    """

    pair: Sequence[int] = ()
    user: Sequence[int] = ()
    node: Sequence[int] = ()


def wait(failures: Failures, now: int) -> int:
    """Seconds until the next attempt may be made, 0 if it may be made now."""
    beyond = len(failures.pair) - FREE_PAIR
    pair_pause = min(LONGEST, 2 ** min(beyond + 1, 10)) if beyond >= 0 else 0
    pauses = (
        (failures.pair, pair_pause),
        (failures.user, LONGEST if len(failures.user) >= FREE_USER else 0),
        (failures.node, LONGEST if len(failures.node) >= FREE_NODE else 0),
    )
    return max(_rest(times, pause, now) for times, pause in pauses)


def _rest(times: Sequence[int], pause: int, now: int) -> int:
    if not pause:
        return 0
    # A failure "in the future" was counted before the clock was set back: it counts as just now.
    return max(0, min(max(times), now) + pause - now)

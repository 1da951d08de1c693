"""What the time bar shows, without Qt and without a clock of its own. `now` is seconds of a clock that only runs
forward and counts suspend, so that a laptop's lid gives no time.

The node daemon says how much is left; between its messages the model counts down by itself. Which message is shown,
which warning is on and when the next thing changes is decided here.
"""

from __future__ import annotations

from collections import deque
from enum import IntEnum

from asyncluster.core.wire.timebar import Ending, Notice, State, ToTimeBar

#: Messages that may wait to be read. The node daemon keeps what was not acknowledged; more are not needed here.
MAX_NOTICES = 100


class Level(IntEnum):
    """How urgent it is."""

    CALM = 0
    SOON = 1  # a tint and a clock
    NOW = 2  # full colour, a second line
    LAST = 3  # danger, seconds are counted


class TimeModel:
    """The state that was said last, and the messages that wait.

    Attributes:
        state: as the node daemon said it.
        ending: the session ends before its time; None: it does not.
    """

    def __init__(self, state: State, now: float) -> None:
        self.state = state
        self.ending: Ending | None = None
        self._at = now
        self._ending_at = now
        self._notices: deque[Notice] = deque(maxlen=MAX_NOTICES)

    def take(self, message: ToTimeBar, now: float) -> None:
        """Takes what the node daemon says."""
        match message:
            case State():
                self.state, self._at = message, now
            case Notice():
                if message.id not in {notice.id for notice in self._notices}:  # it may be sent again
                    self._notices.append(message)
            case Ending():
                self.ending, self._ending_at = message, now

    # --- time

    def left(self, now: float) -> float | None:
        """Seconds until the session ends, never below 0; None: no limit."""
        ends = []
        if self.state.left is not None:
            ends.append(self._at + self.state.left)
        if self.ending is not None:
            ends.append(self._ending_at + self.ending.seconds)
        return max(0.0, min(ends) - now) if ends else None

    def level(self, now: float) -> Level:
        """How urgent it is: the last warning time is LAST, the one before NOW, any earlier SOON."""
        left = self.left(now)
        if self.ending is not None:
            return Level.LAST
        if left is None:
            return Level.CALM
        due = sorted((seconds for seconds in self.state.warn_at if left <= seconds), reverse=True)
        later = len(self.state.warn_at) - len(due)
        return Level(max(Level.SOON, Level.LAST - later)) if due else Level.CALM

    def share(self, now: float) -> float | None:
        """How full the bar is, 0 to 1; None: there is nothing that it could be part of.

        While it warns, the bar is the time since the warning began, so that its end can be seen coming.
        """
        left = self.left(now)
        if left is None:
            return None
        whole = self._whole(left)
        return min(1.0, left / whole) if whole else None

    def mark(self) -> float | None:
        """Where the first warning stands on the calm bar, 0 to 1."""
        whole = self.state.total
        first = max(self.state.warn_at, default=0.0)
        return first / whole if whole and first < whole else None

    def _whole(self, left: float) -> float | None:
        if self.ending is not None:
            return self.ending.seconds or None
        due = [seconds for seconds in self.state.warn_at if left <= seconds]
        return min(due) if due else self.state.total

    def used_today(self, now: float) -> float:
        """Seconds used today, this session included."""
        return self.state.used_today + now - self._at

    def used_week(self, now: float) -> float:
        """Seconds used this week, this session included."""
        return self.state.used_week + now - self._at

    def next_change(self, now: float) -> float:
        """Seconds after which something on the bar is another one: each second at the end, else each minute."""
        left = self.left(now)
        if left is None or left == 0:
            return 60.0
        step = 1.0 if self.level(now) is Level.LAST else 60.0
        wait = left % step or step
        crossing = [left - seconds for seconds in self.state.warn_at if seconds < left]
        return min([wait, *crossing])

    # --- messages

    def notice(self) -> Notice | None:
        """The message that is shown: the oldest that was not acknowledged."""
        return self._notices[0] if self._notices else None

    def waiting(self) -> int:
        """How many messages wait, the shown one included."""
        return len(self._notices)

    def acknowledge(self) -> int | None:
        """OK was pressed. Returns the id of the message that is gone now; None: there was none."""
        return self._notices.popleft().id if self._notices else None

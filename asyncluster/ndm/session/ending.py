"""How a session ends: one path for logout, time over, kick, crash and stop. It decides; the keeper does.

    RUNNING --- why it ends ---> ASKED --- all gone, or patience over ---> over
                                  (every process gets SIGTERM)             (every process is killed)

Who ends it against the person's will gives `grace` to save work; after a logout or a crash of the X server nobody
could use it, so the rest gets only `FAREWELL`. When the steward is gone the session waits for a new one as long as
`grace`, and ends at once if none takes it over. All times are seconds on CLOCK_BOOTTIME.
"""

from __future__ import annotations

from enum import Enum, auto

from asyncluster.core.people.ends import End

FAREWELL = 1.0
_UNWATCHED = frozenset({End.LOGOUT, End.CRASHED})


class Move(Enum):
    """What the keeper is to do now."""

    WAIT = auto()
    ASK = auto()  # every process to end
    KILL = auto()  # whatever is left


class Course:
    """A session from its beginning to the moment when nothing of it may be left.

    Attributes:
        deadline: when it ends at the latest; None: no limit.
        reason: why it ends; None: it goes on.
        ended: when that began.

    Args:
        grace: see the module, in seconds.
    """

    def __init__(self, deadline: float | None, grace: float) -> None:
        self.deadline = deadline
        self.reason: End | None = None
        self.ended: float | None = None
        self._grace = grace
        self._kill_at = 0.0
        self._asked = False
        self._alone_until: float | None = None

    def end(self, reason: End, now: float) -> None:
        """It ends, for this reason; a later one changes nothing but may shorten the wait."""
        if reason is End.LOGOUT and self._asked:
            return  # the window manager was quick to obey; other programs may still be saving
        patience = min(self._grace, FAREWELL) if reason in _UNWATCHED else self._grace
        self._end(reason, now, patience)

    def steward_lost(self, now: float) -> None:
        """Nobody looks after this session any more."""
        self._alone_until = now + self._grace

    def steward_back(self) -> None:
        """Somebody does."""
        self._alone_until = None

    def move(self, now: float, *, alive: bool) -> Move:
        """What to do now; `alive` says whether any process of the session is."""
        if self._alone_until is not None and now >= self._alone_until:
            self._end(End.NODE_STOPPED, now, 0.0)
        if self.reason is None and self.deadline is not None and now >= self.deadline:
            self._end(End.TIME, self.deadline, now - self.deadline + self._grace)
        if self.reason is None:
            return Move.WAIT
        if not alive or now >= self._kill_at:
            return Move.KILL
        if not self._asked:
            self._asked = True
            return Move.ASK
        return Move.WAIT

    def wake_at(self) -> float | None:
        """When to ask again if nothing else happens; None: never."""
        moments = [self._kill_at] if self.reason is not None else [self.deadline]
        return min((at for at in (*moments, self._alone_until) if at is not None), default=None)

    def _end(self, reason: End, now: float, patience: float) -> None:
        if self.reason is None:
            self.reason = reason
            self.ended = now
            self._kill_at = now + patience
        else:
            self._kill_at = min(self._kill_at, now + patience)

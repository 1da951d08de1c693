"""When a display gets a greeter, when a session may open on it, and how long a broken one is left alone.

    nothing -- start_at --> greeter -- login admitted --> greeter ends -- gone --> session -- gone --> nothing

One stay at a time, each with an X server of its own. A greeter that fails is started again at once the first time,
then after 1, 2, 4 ... 30 s; one that has lasted starts the count anew. It decides; the steward does. `now` is in
seconds of the monotonic clock.
"""

from __future__ import annotations

from enum import Enum, auto

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_GOOD_RUN = 30.0


class Move(Enum):
    """What the steward is to do with a display."""

    START_GREETER = auto()
    END_GREETER = auto()
    OPEN_SESSION = auto()


class _Login(Enum):
    NONE = auto()
    ASKED = auto()
    ADMITTED = auto()
    OPEN = auto()


class Supervisor:
    """One display.

    Attributes:
        start_at: when the next greeter is due; None: not before something else happens.
        failures: how often in a row greeters have failed.
    """

    def __init__(self, now: float) -> None:
        self.start_at: float | None = now
        self.failures = 0
        self._greeter_since: float | None = None
        self._login = _Login.NONE
        self._ending = False

    @property
    def open(self) -> bool:
        """Whether a session stands on the display, or is about to."""
        return self._login is _Login.OPEN

    def tick(self, now: float) -> Move | None:
        """Time has passed."""
        if self.start_at is None or now < self.start_at:
            return None
        self.start_at = None
        self._greeter_since = now
        self._ending = False
        return Move.START_GREETER

    def login_asked(self) -> bool:
        """Somebody wants to sit down; False: somebody else is about to, or does."""
        if self._login is not _Login.NONE:
            return False
        self._login = _Login.ASKED
        return True

    def adopted(self) -> None:
        """A session stands on the display since before the steward was started."""
        self._login = _Login.OPEN
        self.start_at = None

    def admitted(self) -> Move:
        """The person may sit down: the display must become free."""
        if self._greeter_since is not None:
            self._login = _Login.ADMITTED
            self._ending = True
            return Move.END_GREETER
        self._login = _Login.OPEN
        self.start_at = None
        return Move.OPEN_SESSION

    def login_gone(self, now: float) -> None:
        """The session has ended, or there will be none."""
        self._login = _Login.NONE
        if self._greeter_since is None and self.start_at is None:
            self.start_at = now

    def greeter_gone(self, now: float) -> Move | None:
        """The greeter and its X server are gone."""
        since, self._greeter_since = self._greeter_since, None
        if self._login is _Login.ADMITTED:
            self._login = _Login.OPEN
            return Move.OPEN_SESSION
        if since is not None and now - since >= _GOOD_RUN:
            self.failures = 0
        wait = 0.0 if self._ending or not self.failures else _FIRST_WAIT * 2 ** (self.failures - 1)
        self.failures += not self._ending
        self.start_at = now + min(wait, _LONGEST_WAIT)
        return None

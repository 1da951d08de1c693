"""What is typed and what is said about it: one model for all screens, without Qt and without a clock of its own.

    RESTING --submit--> CHECKING --refused--> REFUSED --edit--> RESTING
                            |                    (with a wait: WAITING until it is over, then RESTING)
                            '--accepted--> ACCEPTED --clear--> RESTING

`now` is always seconds of a clock that only runs forward. While the master is away nothing is submitted; the name
stays, and the message goes when the master is back.
"""

from __future__ import annotations

import math
from enum import Enum, auto

import msgspec

from asyncluster.core.wire.greeter import Login, Refused

#: Longest name and password that can be typed, in characters and in bytes of UTF-8.
MAX_NAME = 256
MAX_PASSWORD = 1024

#: The node daemon answers every Login well before this, in seconds; if not, the greeter stops waiting.
ANSWER_SECONDS = 60.0


class Phase(Enum):
    """Where a login stands."""

    RESTING = "resting"
    CHECKING = "checking"
    REFUSED = "refused"
    WAITING = "waiting"
    ACCEPTED = "accepted"


class Field(Enum):
    """The two fields, for the question where the keyboard belongs."""

    NAME = auto()
    PASSWORD = auto()


class Countdown(msgspec.Struct, frozen=True):
    """A wait after refusals.

    Attributes:
        left: whole seconds that are still to be waited.
        share: how much of the wait is over, 0 to 1.
    """

    left: int
    share: float


class LoginModel:
    """Name, password and phase of the login that is being typed.

    Attributes:
        name, password: as typed so far.
        phase: see the module.
        refusal: the last answer while it is shown, else None.
        master_away: the master does not answer, so nothing can be submitted.
        unanswered: the last Login was given up, since nothing came back.
    """

    def __init__(self) -> None:
        self.name = ""
        self.password = ""
        self.phase = Phase.RESTING
        self.refusal: Refused | None = None
        self.master_away = False
        self.unanswered = False
        self._since = 0.0  # when CHECKING or WAITING began

    # --- from the fields

    def edit(self, field: Field, text: str) -> None:
        """Takes what a field holds now. While a login is checked, nothing changes."""
        if self.phase in (Phase.CHECKING, Phase.ACCEPTED):
            return
        if field is Field.NAME:
            self.name = text[:MAX_NAME]
        else:
            self.password = text[:MAX_PASSWORD]
        if self.phase is Phase.REFUSED and text:
            self._rest()
        self.unanswered = False

    def submit(self, session: str, layout: str, now: float) -> Login | None:
        """The Login to send, or None if there is nothing to send now (`wants` says what is missing)."""
        self.tick(now)
        if self.phase not in (Phase.RESTING, Phase.REFUSED) or self.master_away or self.wants() is not None:
            return None
        login = Login(self.name.strip(), self.password, session, layout)
        self.password = ""
        self.refusal = None
        self.unanswered = False
        self.phase, self._since = Phase.CHECKING, now
        return login

    def wants(self) -> Field | None:
        """The field that must still be filled before anything can be submitted."""
        if not self.name.strip():
            return Field.NAME
        if not self.password or len(self.password.encode("utf-8", "surrogatepass")) > MAX_PASSWORD:
            return Field.PASSWORD
        return None

    # --- from the node daemon

    def refused(self, answer: Refused, now: float) -> None:
        """The Login opens no session, or the promised one failed. The name stays, the password is empty."""
        if self.phase not in (Phase.CHECKING, Phase.ACCEPTED):
            return
        self.refusal = answer
        self.phase = Phase.WAITING if answer.retry_after > 0 else Phase.REFUSED
        self._since = now

    def accepted(self) -> None:
        """The session begins: nothing of this person stays in the window."""
        self.clear()
        self.phase = Phase.ACCEPTED

    def clear(self) -> None:
        """Back to an empty window, as after a while without a key or for the next person."""
        self.name = self.password = ""
        self.unanswered = False
        self._rest()

    # --- from the clock

    def tick(self, now: float) -> None:
        """Lets a wait or a check end whose time is over."""
        if self.phase is Phase.WAITING and self._ends_in(now) <= 0:
            self._rest()
        elif self.phase is Phase.CHECKING and now - self._since >= ANSWER_SECONDS:
            self.unanswered = True
            self._rest()

    def countdown(self, now: float) -> Countdown | None:
        """The wait that is on, if there is one."""
        if self.phase is not Phase.WAITING or self.refusal is None:
            return None
        left = max(0.0, self._ends_in(now))
        return Countdown(math.ceil(left), 1 - left / self.refusal.retry_after)

    def next_tick(self, now: float) -> float | None:
        """Seconds after which `tick` or `countdown` has something new to say; None: nothing is on."""
        if self.phase is Phase.WAITING:
            left = max(0.0, self._ends_in(now))
            return left - math.floor(left) or min(1.0, left)
        if self.phase is Phase.CHECKING:
            return max(0.0, self._since + ANSWER_SECONDS - now)
        return None

    def _ends_in(self, now: float) -> float:
        assert self.refusal is not None
        return self._since + self.refusal.retry_after - now

    def _rest(self) -> None:
        self.phase = Phase.RESTING
        self.refusal = None

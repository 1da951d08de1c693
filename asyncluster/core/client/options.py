"""How calls are run: what `Job.with_` sets, kept apart from the calls' own arguments."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from asyncluster.core.errors import UsageError

#: How often a call may run again by default after a worker died of it.
RETRIES = 2

#: Stands for an option that is left as it is.
SAME: Any = object()


@dataclass(frozen=True, slots=True)
class CallOptions:
    """Options of calls.

    Attributes:
        timeout: seconds that a call may run, then its process is ended and it fails with `CallTimeout`; None: no limit.
        retries: how often it may run again after its worker process died. 0: it is run once at most, whatever happens.

    Raises:
        UsageError: a value out of range.
    """

    timeout: float | None = None
    retries: int = RETRIES

    def __post_init__(self) -> None:
        if self.timeout is not None and not (0 < self.timeout <= 1e9 and math.isfinite(self.timeout)):
            raise UsageError(f"A timeout is a number of seconds above 0, or None; it was {self.timeout!r}.")
        if not isinstance(self.retries, int) or not 0 <= self.retries <= 1000:
            raise UsageError(f"Retries are a whole number from 0 to 1000; they were {self.retries!r}.")

    @property
    def in_chunks(self) -> bool:
        """Whether such calls may share a row: one's time or one's crash must not be the others'."""
        return self.timeout is None and self.retries > 0


def check_niceness(niceness: int) -> int:
    """The same niceness.

    Raises:
        UsageError: it is not a whole number from 0 to 19.
    """
    if not isinstance(niceness, int) or not 0 <= niceness <= 19:
        raise UsageError(f"Niceness is a whole number from 0 to 19; it was {niceness!r}.")
    return niceness


def change(
    options: CallOptions, niceness: int, *, timeout: float | None, retries: int, new_niceness: int
) -> tuple[CallOptions, int]:
    """Options and niceness with those changed that are not `SAME`.

    Raises:
        UsageError: a value out of range.
    """
    asked: dict[str, Any] = {"timeout": timeout, "retries": retries}
    changes = {name: value for name, value in asked.items() if value is not SAME}
    return replace(options, **changes), niceness if new_niceness is SAME else check_niceness(new_niceness)

"""The truth about one session."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.clock import Timer


@dataclass
class Seat:
    """Somebody at a node.

    Attributes:
        unseen: seconds at its end that no record has, for a power cut.
        holds: how long it may last, as its node knows.
    """

    session: str
    user: str
    node: str
    started: int
    begun: float
    holds: int | None
    noted: int = 0
    ended: float | None = None
    unseen: float = 0.0
    reason: str = ""
    booked: bool = False
    end: Timer | None = None

    def lasted(self, now: float) -> float:
        return (now if self.ended is None else self.ended) - self.begun

"""What the desk knows of one session, from the master's grant until its end has been booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from asyncluster.core.wire import people as p
from asyncluster.core.wire import timebar as t
from asyncluster.ndm.session.record import Record

MOST_NOTICES = 20


@dataclass
class Seat:
    """A session that goes on, or is about to begin.

    Attributes:
        display: ":77".
        started: when it began by the master's clock, in seconds since 1970.
        began, deadline: the same instant, and the end, on CLOCK_BOOTTIME; None: no limit.
        lease: what the master has promised last; None: not since this node daemon was started.
        open: its keeper has said that it runs.
        ending: words of an end that is under way; "" while there is none.
        notices: messages that the person has not confirmed yet, by number.
    """

    session: str
    user: str
    display: str
    started: int
    began: float
    deadline: float | None
    lease: p.Lease | None = None
    open: bool = False
    ending: str = ""
    notices: dict[int, t.Notice] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record) -> Seat:
        """A session that was there before this node daemon."""
        return cls(record.session, record.user, record.display, record.started, record.began, record.deadline)

    def elapsed(self, now: float) -> int:
        """Whole seconds that it has lasted."""
        return max(0, round(now - self.began))

    def live(self, now: float) -> p.LiveSession:
        """As it is reported to the master."""
        holds = None if self.deadline is None else max(0, round(self.deadline - self.began))
        return p.LiveSession(self.session, self.user, self.display, self.started, self.elapsed(now), holds)

    def never_was(self, reason: str) -> p.EndedSession:
        """As a session is reported that the master has granted and this computer could not open."""
        return p.EndedSession(self.session, self.user, self.display, self.started, 0, reason)

    def add(self, notice: t.Notice) -> None:
        """Keeps a message until the person has confirmed it; the oldest goes if there are many."""
        while len(self.notices) >= MOST_NOTICES:
            del self.notices[min(self.notices)]
        self.notices[notice.id] = notice

    def state(self, now: float, wall: float, warn_at: Sequence[float]) -> t.State:
        """For the time bar."""
        lease = self.lease
        left = None if self.deadline is None else max(0.0, self.deadline - now)
        return t.State(
            name=self.user,
            left=left,
            until=None if left is None else wall + left,
            total=self._total(),
            used_today=0.0 if lease is None else lease.used_today,
            used_week=0.0 if lease is None else lease.used_week,
            daily=None if lease is None else lease.daily,
            weekly=None if lease is None else lease.weekly,
            closes=None if lease is None else lease.closes,
            warn_at=tuple(warn_at),
        )

    def _total(self) -> float | None:
        """What the time that is left is a part of: the quota that ends the session, or else all of the session."""
        quotas = {} if self.lease is None else {"daily": self.lease.daily, "weekly": self.lease.weekly}
        quota = quotas.get(self.lease.limit) if self.lease is not None else None
        if quota is not None:
            return float(quota)
        return None if self.deadline is None else max(0.0, self.deadline - self.began)


def ended(record: Record) -> p.EndedSession:
    """A session that is over, as it is reported to the master."""
    return p.EndedSession(record.session, record.user, record.display, record.started, record.elapsed, record.reason)

"""What must hold in a room when all is healed: the listed sessions beside those that there were."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from simulation.checker import Violation
from simulation.people.seat import Seat

from asyncluster.core.database import sessions as table
from asyncluster.core.database.database import Database
from asyncluster.core.people.ends import End
from asyncluster.core.people.sessions import GRACE, Session

QUOTA = 600  # seconds a day
_ROUNDING = 2.0  # seconds that a session's start and end are rounded by, ways of messages included


def check(seats: Sequence[Seat], database: Database, now: float, people: Iterable[str]) -> list[Violation]:
    """What is wrong with the books of these people, and with how long they sat."""
    rows = database.call(table.timesheet, user=None, since=0, until=2**40)
    found = list(_leases(seats, now))
    for user in people:
        mine = [seat for seat in seats if seat.user == user]
        found += _of_one(user, mine, [row for row in rows if row.user == user], now)
    return found


def _leases(seats: Iterable[Seat], now: float) -> Iterator[Violation]:
    for seat in seats:
        if seat.holds is not None and seat.lasted(now) > seat.holds + _ROUNDING:
            yield Violation("lease", now, f"{seat.user} sat for {seat.lasted(now):.0f} s of {seat.holds} s")


def _of_one(user: str, seats: Sequence[Seat], listed: Sequence[Session], now: float) -> Iterator[Violation]:
    true = sum(seat.lasted(now) for seat in seats)
    slack = sum(seat.unseen for seat in seats) + _ROUNDING * (len(seats) + len(listed)) + _unlisted(seats, listed, now)
    if true > QUOTA + slack:
        yield Violation("budget", now, f"{user} sat for {true:.0f} s of {QUOTA} s")
    if any(row.ended is None for row in listed):
        yield Violation("stuck", now, f"a session of {user} is open")
        return
    # A login whose answer never reached its node is listed as promised: it could have been a session.
    real = [row for row in listed if row.uuid in {seat.session for seat in seats}]
    booked = sum((row.ended or 0) - row.started for row in real)
    charged = sum((row.charged_until or row.ended or 0) - row.started for row in real)
    if booked > true + slack or charged < _union(seats, now) - slack:
        words = f"{booked} s of {user} are listed, {charged} s charged, {true:.0f} s true"
        yield Violation("books", now, words)
    for earlier, later in pairwise(listed):
        if earlier.ended is None or earlier.ended > later.started or earlier.ended < earlier.started:
            yield Violation("overlap", now, f"{earlier} and {later}")


def _unlisted(seats: Sequence[Seat], rows: Iterable[Session], now: float) -> float:
    """Seconds that sessions went on after the master had ended them for another login, as far as that is tolerated.

    A node that the network keeps from hearing of it is given `GRACE` to end the earlier session.
    """
    tolerated = (End.ELSEWHERE, End.REPLACED)
    listed = {row.uuid: (row.ended or 0) - row.started for row in rows if row.end_reason in tolerated}
    longer = (seat.lasted(now) - listed.get(seat.session, seat.lasted(now)) for seat in seats)
    return sum(min(float(GRACE), max(0.0, seconds)) for seconds in longer)


def _union(seats: Sequence[Seat], now: float) -> float:
    """Seconds in which a person sat anywhere."""
    total, until = 0.0, 0.0
    for seat in sorted(seats, key=lambda seat: seat.begun):
        end = seat.begun + seat.lasted(now)
        total += max(0.0, end - max(seat.begun, until))
        until = max(until, end)
    return total

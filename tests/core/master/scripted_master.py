"""A master that lives through a script of logins, reports and operators' acts, one line of output for each that it has
acknowledged; run by `test_killed.py`, which lets it die on the way.

    python scripted_master.py URL FIRST_STEP
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.people import PASSWORD, Room

from asyncluster.core.database.database import Database
from asyncluster.core.wire.people import BeginSession, EndedSession, LiveSession, SessionReport

ADA, EARLIER, BOB = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2, 3))
START = "2026-06-01 10:00"
BEGAN = 1780300800


def _row(session: str, user: str, elapsed: int) -> LiveSession:
    return LiveSession(session, user, ":0", BEGAN, elapsed, 7200)


def _ended(session: str, user: str, elapsed: int) -> EndedSession:
    return EndedSession(session, user, ":0", BEGAN, elapsed, "logout")


def _begin(room: Room, node: str, session: str, user: str) -> None:
    answer = room.wait(room.people.begin(node, BeginSession(1, session, ":0", user, PASSWORD)))
    assert type(answer).__name__ == "SessionGranted", answer


def _report(room: Room, node: str, live: list[LiveSession], ended: list[EndedSession]) -> None:
    room.wait(room.people.report(node, SessionReport(live, ended)))


STEPS = (
    lambda room: _begin(room, "pc1", EARLIER, "ada"),
    lambda room: _begin(room, "pc2", BOB, "bob"),
    lambda room: _report(room, "pc1", [_row(EARLIER, "ada", 60)], []),
    lambda room: room.ask("user grant", name="bob", duration="15min"),
    lambda room: _begin(room, "pc3", ADA, "ada"),
    lambda room: _report(room, "pc1", [], [_ended(EARLIER, "ada", 60)]),
    lambda room: _report(room, "pc3", [_row(ADA, "ada", 30)], []),
    lambda room: room.ask("user quota", name="ada", daily_hours=1.0),
    lambda room: _report(room, "pc2", [], [_ended(BOB, "bob", 100)]),
    lambda room: room.ask("user delete", name="bob"),
    lambda room: _report(room, "pc3", [], [_ended(ADA, "ada", 90)]),
)


def main() -> None:
    url, first = sys.argv[1], int(sys.argv[2])
    with Database(url) as database:
        room = Room(database, START)
        for node in ("pc1", "pc2", "pc3"):
            room.people._contact |= {node}
        for number, step in enumerate(STEPS[first:], first):
            step(room)
            print(number, flush=True)


if __name__ == "__main__":
    main()

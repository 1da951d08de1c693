"""kill -9 of the master between any two writes: what it had acknowledged is there, and nothing is there twice.

The master is a process of its own that lives through a script. It dies at a fail point, is started again with the step
that it had not acknowledged, and goes on to the end; then the books must be those of a master that never died.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.people import Room

from asyncluster.core.database.database import Database
from asyncluster.core.failpoints import VARIABLE

SCRIPT = Path(__file__).with_name("scripted_master.py")
STEPS = 11
PLACES = [
    ("attempt-counted", 1),
    ("login-earlier-ended", 1),
    ("login-inserted", 3),
    ("report-booked", 1),
    ("user-deleted", 1),
    ("transaction-before-commit", 6),
    ("transaction-committed", 5),
]
MORE_PLACES = [
    ("login-cleared", 2),
    ("login-inserted", 1),
    ("report-booked", 3),
    ("reconsidered", 1),
    ("grant-added", 1),
    *(("transaction-before-commit", nth) for nth in range(1, 15) if nth != 6),
    *(("transaction-committed", nth) for nth in range(1, 13) if nth != 5),
]


def run(url: str, first: int, point: str = "") -> tuple[int, int]:
    """Let a master live from a step on: its exit status, and the first step that it has not acknowledged."""
    ended = subprocess.run(
        [sys.executable, str(SCRIPT), url, str(first)],
        env=os.environ | {VARIABLE: point},
        capture_output=True,
        text=True,
        timeout=60,
    )
    done = [int(line) for line in ended.stdout.split()]
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode, (done[-1] + 1 if done else first)


def prepare(url: str) -> None:
    with Database(url) as database:
        room = Room(database)
        room.open_daily()
        room.add("ada", daily_hours=2.0)
        room.add("bob", daily_hours=2.0)


@pytest.mark.parametrize(
    ("name", "nth"), PLACES + [pytest.param(*place, marks=pytest.mark.faults) for place in MORE_PLACES]
)
def test_a_master_that_is_killed_anywhere_keeps_its_books(tmp_path: Path, name: str, nth: int) -> None:
    url = f"sqlite:///{tmp_path}/asyncluster.db"
    prepare(url)
    status, first = run(url, 0, f"{name}:{nth}:kill")
    assert status == -signal.SIGKILL, "the script does not come to this place"
    assert run(url, first) == (0, STEPS)
    with Database(url) as database:
        room = Room(database)
        sheet = [(row["name"], row["node"], round(row["hours"] * 3600)) for row in room.ask("timesheet list")]
        # A step that was committed but not acknowledged was asked for again: a grant may then be there twice.
        people = [person["name"] for person in room.ask("user list")]
    assert sorted(sheet) == [("ada", "pc1", 60), ("ada", "pc3", 90), ("bob", "pc2", 100)]
    assert people == ["ada"]

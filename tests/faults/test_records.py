"""F2: a session's keeper dies between any two steps of writing its record, which is then the old or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support import quickly

from asyncluster.ndm.session.record import Records

SESSION = "00000000-0000-0000-0000-000000000001"

#: Saves three times, and prints after each; then forgets.
PROGRAM = f"""
import os, sys
sys.path.insert(0, {str(Path(quickly.__file__).parents[1])!r})
from pathlib import Path
from support import quickly
from asyncluster.ndm.session.record import Record, Records

records = Records(Path(sys.argv[1]))
quickly.die_at(os.environ[quickly.DIES])
for elapsed in (0, 30, 60):
    records.save(Record({SESSION!r}, "ada", ":0", 1000, "boot", 5.0, None, elapsed))
    print(elapsed, flush=True)
records.forget({SESSION!r})
print("forgotten", flush=True)
"""

STEPS = [
    *((f"open:{SESSION}.new", nth) for nth in (1, 2, 3)),
    *((f"os.rename:{SESSION}.new", nth) for nth in (1, 2, 3)),
    (f"os.remove:{SESSION}.json", 1),
]


@pytest.mark.parametrize(("step", "nth"), STEPS)
def test_a_record_is_there_whole_whatever_kills_its_keeper(tmp_path: Path, step: str, nth: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env={**os.environ, quickly.DIES: f"{step}:{nth}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    acknowledged = [int(line) for line in done.stdout.split()]
    records = Records(tmp_path)
    assert [record.elapsed for record in records.load()] == acknowledged[-1:]
    records.forget(SESSION)
    assert records.load() == []

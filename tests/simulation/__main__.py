"""Plays one history again, and says what is wrong with it.

    PYTHONPATH=tests python -m simulation --profile small --seed 4711
    PYTHONPATH=tests python -m simulation --profile small --seed 4711 --job 123 --call 45

    PYTHONPATH=tests python -m simulation --plant "updates are not replayed" --seed 0

The second form also shows all that happened to one call; the third has a bug of `simulation.planted` in the code.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from simulation import history as h
from simulation.planted import named, planted
from simulation.playing import PLAYERS, Played


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--profile", choices=PLAYERS, default="small")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--job", type=int)
    parser.add_argument("--call", type=int)
    parser.add_argument("--plant", metavar="BUG", type=named)
    options = parser.parse_args()
    with planted(options.plant) if options.plant else nullcontext():
        played = PLAYERS[options.profile](options.seed)
    if options.job is not None:
        _show(played, options.job, options.call)
    for violation in played.violations:
        print(f"{violation.at:.6f}  {violation.invariant}: {violation.words}")
    print(f"{played.faults.total()} faults, {len(played.history)} records, {len(played.violations)} violations")
    return 1 if played.violations else 0


def _show(played: Played, job: int, call: int | None) -> None:
    runs = {
        record.run
        for record in played.history
        if isinstance(record, h.Begun) and record.job == job and call in (None, record.call)
    }
    for record in played.history:
        about_it = getattr(record, "job", None) == job and call in (None, getattr(record, "call", call))
        if about_it or getattr(record, "run", None) in runs or isinstance(record, h.Fault):
            print(f"{record.at:.6f}  {record}")


if __name__ == "__main__":
    sys.exit(main())

"""F6: everything loses its power at once, and what the disk had of the last writes may be torn."""

from __future__ import annotations

import os
import random
from pathlib import Path

from support.arena import CALLS, DATABASE, Arena
from support.strikes import Strikes, faults


@faults("F6", "power cut of master and all nodes, with a torn write-ahead log", push=2, nightly=16)
def test_everything_loses_its_power(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            for daemon in [arena.master, *(place.daemon for place in arena.places)]:
                daemon.kill()
            tear(arena.real.folder / f"{DATABASE}-wal", strike.random)
            arena.revive()
        assert arena.books()


def tear(path: Path, chance: random.Random) -> None:
    """What a power cut does to the end of a file: it is missing, empty or nonsense."""
    size = path.stat().st_size
    kept = chance.randint(0, size)
    rest = size - kept
    tail = chance.choice([b"", bytes(rest), chance.randbytes(rest)])
    with path.open("r+b") as file:
        file.truncate(kept)
        file.seek(0, os.SEEK_END)
        file.write(tail)

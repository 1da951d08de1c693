"""F7: processes are stopped for a while, as by an overloaded or a sleeping machine, and go on where they were."""

from __future__ import annotations

import threading

from support.arena import CALLS, Arena, stopped
from support.strikes import Strike, Strikes, faults

LONGEST = 5.0  # a silence is noticed after 3 s here


def victims(arena: Arena, strike: Strike) -> list[int]:
    """The processes of the master, of a node daemon, of its workers or of all of a computer."""
    place = strike.random.choice(arena.places)
    workers = [worker.pid for worker in place.workers()]
    node = place.daemon.process.pid
    return strike.random.choice([[arena.master.process.pid], [node], workers, [node, *workers]])


@faults("F7", "SIGSTOP of master, node daemon, workers or a whole node", push=3, nightly=16)
def test_somebody_is_stopped(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)), stopped(victims(arena, strike)):
            threading.Event().wait(strike.random.uniform(0.2, LONGEST))  # that long, whatever happens

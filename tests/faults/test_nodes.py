"""F2 and F12: node daemons die, one, half of them, or one that the master still believes to be there."""

from __future__ import annotations

from support.arena import Arena
from support.strikes import Strikes, faults

CALLS = 120


@faults("F2", "kill -9 of a node daemon", push=4, nightly=60)
def test_a_node_daemon_is_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        batch = arena.work.begin(CALLS)
        batch.wait_for(strike.random.randrange(CALLS))
        strike.random.choice(arena.places).daemon.kill()
        arena.revive()
        strikes.healed(arena.settle())
        batch.check()


@faults("F2", "kill -9 of half of the node daemons at once", push=2, nightly=20)
def test_half_of_the_nodes_are_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        batch = arena.work.begin(CALLS)
        batch.wait_for(strike.random.randrange(CALLS))
        for place in strike.random.sample(arena.places, (len(arena.places) + 1) // 2):
            place.daemon.kill()
        batch.wait_for(CALLS)  # without them
        arena.revive()
        strikes.healed(arena.settle())
        batch.check()


@faults("F12", "a node comes back while its old connection is half open", push=2, nightly=40)
def test_a_node_connects_twice(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        batch = arena.work.begin(CALLS)
        batch.wait_for(strike.random.randrange(CALLS))
        place = strike.random.choice(arena.places)
        place.proxy.strand()
        place.daemon.kill()
        arena.revive()
        strikes.healed(arena.settle())
        batch.check()
        place.proxy.heal()
        arena.settle()

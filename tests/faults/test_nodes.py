"""F2 and F12: node daemons die, one, half of them, or one that the master still believes to be there."""

from __future__ import annotations

from support.arena import CALLS, Arena
from support.strikes import Strikes, faults


@faults("F2", "kill -9 of a node daemon", push=4, nightly=40)
def test_a_node_daemon_is_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            strike.random.choice(arena.places).daemon.kill()
            arena.revive()


@faults("F2", "kill -9 of half of the node daemons at once", push=2, nightly=10)
def test_half_of_the_nodes_are_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)) as batch:
            for place in strike.random.sample(arena.places, (len(arena.places) + 1) // 2):
                place.daemon.kill()
            batch.wait_for(CALLS)  # without them
            arena.revive()


@faults("F12", "a node comes back while its old connection is half open", push=2, nightly=20)
def test_a_node_connects_twice(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            place = strike.random.choice(arena.places)
            place.proxy.strand()
            place.daemon.kill()
            arena.revive()
        place.proxy.heal()
        arena.settle()

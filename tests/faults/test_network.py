"""F8, F9 and F11: connections are reset, pulled without a word, and as slow as they come."""

from __future__ import annotations

import threading

from support.arena import CALLS, Arena
from support.faultproxy import DOWN, UP
from support.strikes import Strikes, faults

LONGEST = 6.0  # a silence is noticed after 3 s here, and calls run elsewhere after 3 more


@faults("F8", "connection is reset in the midst of a frame", push=8, nightly=200)
def test_a_connection_is_reset(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes) as batch:
            strike.random.choice(arena.places).proxy.reset_after(strike.random.randint(1, 30_000))
            batch.wait_for(CALLS)


@faults("F8", "connection is reset in the midst of the login", push=3, nightly=30)
def test_a_connection_is_reset_in_its_login(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes):
            for place in arena.places:
                place.proxy.reset_after(strike.random.randint(1, 4000))
                place.proxy.reset()


@faults("F9", "black hole, one way or both, of some nodes", push=2, nightly=16)
def test_a_cable_is_pulled(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            holed = strike.random.sample(arena.places, strike.random.randint(1, len(arena.places) - 1))
            for place in holed:
                place.proxy.silence(*strike.random.choice([(UP,), (DOWN,), (UP, DOWN)]))
            threading.Event().wait(strike.random.uniform(0.5, LONGEST))
            for place in holed:
                place.proxy.heal()


@faults("F9", "black hole, until everything has run elsewhere", push=1, nightly=4)
def test_a_cable_stays_pulled(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)) as batch:
            holed, *_well = strike.random.sample(arena.places, len(arena.places))
            holed.proxy.silence(UP, DOWN)
            batch.wait_for(CALLS)
            holed.proxy.heal()


@faults("F9", "black hole in the midst of the login", push=1, nightly=4)
def test_a_cable_is_pulled_in_the_login(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes):
            for place in arena.places:
                place.proxy.silence_after(
                    strike.random.randint(1, 4000), strike.random.choice([(UP,), (DOWN,), (UP, DOWN)])
                )
                place.proxy.reset()
            threading.Event().wait(strike.random.uniform(0.5, LONGEST))
            for place in arena.places:
                place.proxy.heal()


@faults("F11", "delays of 5 to 500 ms", push=1, nightly=3)
def test_a_network_is_late(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        for place in arena.places:
            place.proxy.delay = lambda chance=strike.random: chance.uniform(0.005, 0.5)
            strike.random.choice([place.proxy.reset, int])()  # whether it has to log in that way, too
        try:
            arena.work.begin(CALLS).check()
        finally:
            for place in arena.places:
                place.proxy.heal()
        strikes.healed(arena.settle())


@faults("F11", "10 KB/s at all nodes", push=1, nightly=2)
def test_a_network_is_narrow(arena: Arena, strikes: Strikes) -> None:
    for _strike in strikes:
        for place in arena.places:
            place.proxy.rate = 10_000.0 if strikes.plan.long else 100_000.0
        try:
            arena.work.begin(20).check(120)
        finally:
            for place in arena.places:
                place.proxy.heal()
        strikes.healed(arena.settle())


@faults("F11", "every byte on its own at one node", push=1, nightly=6)
def test_a_network_carries_single_bytes(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        place = strike.random.choice(arena.places)
        place.proxy.sliced = True
        place.proxy.reset()
        try:
            arena.work.begin(CALLS).check()
        finally:
            place.proxy.heal()
        strikes.healed(arena.settle())

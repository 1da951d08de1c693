"""F1 and F21: workers die, idle, computing or sending; their calls run elsewhere, but for one that kills them all."""

from __future__ import annotations

import signal

from support.arena import CALLS, Arena, signalled
from support.strikes import Strikes, faults

import asyncluster as ac

CRASHES = "import ctypes\ndef crash():\n    ctypes.string_at(0)\n"


@faults("F1", "kill -9 of a worker", push=12, nightly=250)
def test_a_worker_is_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            workers = strike.random.choice(arena.places).workers()
            for worker in strike.random.sample(workers, strike.random.randint(1, len(workers))):
                signalled(worker.pid, signal.SIGKILL)


@faults("F21", "a call that crashes its worker every time", push=1, nightly=12)
def test_a_killer_is_given_up(arena: Arena, strikes: Strikes) -> None:
    for _strike in strikes:
        with arena.working(strikes):
            with arena.work.client.job(CRASHES, name="killer") as killer:
                killing = killer.run("crash")
                error = killing.exception(60)
            assert isinstance(error, ac.WorkerCrashed)
            assert error.signal == signal.SIGSEGV
            assert killing.attempts == 3

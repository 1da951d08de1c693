"""F3 and F22: the master dies in the midst of work, or between two of its writes, and is started again."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.arena import CALLS, Arena, Place
from support.processes import Daemon
from support.quickly import DIES
from support.strikes import Strikes, faults
from support.waiting import wait_for

import asyncluster as ac
from asyncluster.core.failpoints import VARIABLE

TRANSACTIONS = ("transaction-before-commit", "transaction-committed")

#: Steps of files that are made once in the life of a master or of a node, and what is there to be made again.
MASTERS_STEPS = ["open:master.pem.new:1", "os.rename:master.pem.new:1"]
NODES_STEPS = [
    ("os.mkdir:/node:1", "open:/marker:2"),
    ("open:/place:2", "open:master.pin.new:1", "os.rename:master.pin.new:1"),
]


@faults("F3", "kill -9 of the master", push=3, nightly=30)
def test_the_master_is_killed(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes, ended=strike.random.randrange(CALLS)):
            arena.master.kill()
            arena.revive()


@faults("F3", "the master dies before or after a commit", push=1, nightly=12)
def test_the_master_dies_between_two_writes(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        with arena.working(strikes):
            arena.master.kill()
            point = f"{strike.random.choice(TRANSACTIONS)}:{strike.random.randint(1, 8)}:kill"
            arena.start_master(**{VARIABLE: point})
            numbers: list[int] = []
            with opening_jobs(arena, numbers):
                dies(arena.master)
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= set(arena.books()), "a number was given and forgotten"


@contextmanager
def opening_jobs(arena: Arena, numbers: list[int]) -> Iterator[None]:
    """Somebody opens one job after the other and notes their numbers; afterwards the master is started again."""
    over = threading.Event()

    def open_many() -> None:
        while not over.is_set():
            try:
                with arena.real.client() as client, client.job("") as job:
                    numbers.append(job.number)
            except ac.MasterUnreachable:  # it is not up yet
                over.wait(0.05)

    somebody = threading.Thread(target=open_many)
    somebody.start()
    try:
        yield
    finally:
        over.set()
        arena.revive()
        somebody.join()


@pytest.mark.parametrize("step", MASTERS_STEPS)
def test_a_master_that_dies_while_it_makes_its_key(arena: Arena, step: str) -> None:
    arena.master.kill()
    (arena.real.folder / "state" / "master.pem").unlink()
    dies(arena.start_master(**{DIES: step}))
    arena.revive()
    arena.settle()


@pytest.mark.parametrize("steps", NODES_STEPS, ids=" ".join)
def test_nodes_that_die_while_they_settle_in(arena: Arena, steps: tuple[str, ...]) -> None:
    for place, step in zip(arena.places, steps, strict=False):
        place.daemon.kill()
        forget(place)
        arena.start_node(place, **{DIES: step})
    for place, _step in zip(arena.places, steps, strict=False):
        dies(place.daemon)
    arena.revive()
    arena.settle()


def dies(daemon: Daemon) -> None:
    """Waits for its end."""
    wait_for(lambda: daemon.process.poll() is not None, "the place where it dies")


def forget(place: Place) -> None:
    """The node has never been here."""
    wait_for(lambda: not place.workers(), "the end of its workers")
    shutil.rmtree(place.state)

"""F14: the disk is full, or somebody else holds the database: refused, never acknowledged; jobs do not notice."""

from __future__ import annotations

import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from support.arena import DATABASE, Arena
from support.arena import arena as an_arena
from support.strikes import Strikes, faults

import asyncluster as ac

CALLS = 60
LONGEST = 8.0  # seconds; the master waits 5 for another process


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """An arena whose database has a disk of 2 MB to itself."""
    folder = tmp_path_factory.mktemp("arena")
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=True)
    (folder / DATABASE).symlink_to(disk / DATABASE)
    try:
        with an_arena(folder, nodes=1) as made:
            yield made
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """A disk without a byte left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    try:
        yield
    finally:
        filler.unlink()


@contextmanager
def locked(database: Path) -> Iterator[None]:
    """Another process writes, and takes its time."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def add_users(arena: Arena, names: list[str]) -> list[str]:
    """Adds people one after the other; returns those of whom the master has said that they are there."""
    return [name for name in names if add_user(arena, name)]


def add_user(arena: Arena, name: str) -> bool:
    try:
        arena.work.client.ask("user add", name=name, password="over the hills")
    except ac.AsynClusterError as error:
        if "nothing was changed" in str(error):
            return False
        raise
    return True


def people(arena: Arena) -> set[str]:
    rows: list[dict[str, Any]] = arena.work.client.ask("user list")
    return {row["name"] for row in rows}


@pytest.mark.root
@faults("F14", "the disk of the database is full", push=2, nightly=20)
def test_the_disk_is_full(small_disk: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        before = people(small_disk)
        names = [f"full{strike.seed}x{number}" for number in range(3)]
        with full(small_disk.real.folder / "disk"):
            batch = small_disk.work.begin(CALLS)
            added = add_users(small_disk, names)
            batch.check()
            with suppress(ac.AsynClusterError), small_disk.real.client() as client, client.job("") as job:
                job.number  # noqa: B018  # a new job is either opened or refused: it does not hang
            assert people(small_disk) == before | set(added)
        strikes.healed(small_disk.settle())
        assert people(small_disk) == before | set(added)
        assert add_users(small_disk, ["after"]) == ["after"]
        for name in [*added, "after"]:
            small_disk.work.client.ask("user delete", name=name)


@faults("F14", "the database is locked by another process", push=1, nightly=3)
def test_the_database_is_locked(arena: Arena, strikes: Strikes) -> None:
    for strike in strikes:
        before = people(arena)
        names = [f"lock{strike.seed}x{number}" for number in range(2)]
        added: list[str] = []
        asking = threading.Thread(target=lambda names=names, added=added: added.extend(add_users(arena, names)))
        with locked(arena.real.folder / DATABASE):
            asking.start()
            arena.work.begin(CALLS).check()
            threading.Event().wait(strike.random.uniform(0.5, LONGEST))
        asking.join()
        strikes.healed(arena.settle())
        assert people(arena) == before | set(added)

from __future__ import annotations

import json
import os
import pwd
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest
from support.waiting import wait_for

from asyncluster.core.engine.starter import Starter


@contextmanager
def scheduler_of(starter: Starter) -> Iterator[tuple[socket.socket, psutil.Process]]:
    """A scheduler that asks for its certificate, which it does not get."""
    known = set(children())
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            starter.start(theirs)
        ours.settimeout(60)
        with ours.makefile("rb") as lines:
            assert json.loads(lines.readline())["request"].startswith("-----BEGIN CERTIFICATE REQUEST")
        (process,) = [child for child in children() if child not in known and "engine.scheduler" in child.cmdline()[-2]]
        yield ours, process


def children() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_a_scheduler_ends_with_its_line_and_another_one_takes_its_place() -> None:
    starter = Starter(("nobody",) if os.geteuid() else ())
    try:
        with scheduler_of(starter) as (line, first):
            assert first.uids().real == os.geteuid()
            line.close()
            wait_for(lambda: gone(first), "the scheduler has ended")
        with scheduler_of(starter) as (_line, second):
            assert second.pid != first.pid
    finally:
        starter.close()
    assert gone(second)


def test_the_scheduler_of_a_starter_that_is_closed_is_gone() -> None:
    starter = Starter(())
    with scheduler_of(starter) as (_line, process):
        starter.close()
        assert gone(process)


@pytest.mark.root
def test_root_gives_it_an_account_without_rights() -> None:
    nobody = pwd.getpwnam("nobody")
    starter = Starter(("no-such-account", "nobody"))
    try:
        with scheduler_of(starter) as (_line, process):
            assert set(process.uids()) == {nobody.pw_uid}
            assert set(process.gids()) == {nobody.pw_gid}
            with open(f"/proc/{process.pid}/status") as file:
                groups = next(line for line in file if line.startswith("Groups:"))
            assert groups.split() == ["Groups:"]
    finally:
        starter.close()

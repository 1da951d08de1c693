"""A password is seen by whoever typed it: not by logs, files, listings, reprs or the audit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.people import PASSWORD, Room
from twisted.logger import eventAsJSON, globalLogPublisher

from asyncluster.core.database.accounts import find_account
from asyncluster.core.database.database import Database
from asyncluster.core.database.legacy import LegacyAccount
from asyncluster.core.errors import AsynClusterError
from asyncluster.core.master.leases import Request
from asyncluster.core.people.budget import Account
from asyncluster.core.wire.people import BeginSession
from asyncluster.core.wire.verbs.people import UserAdd, UserPassword


@pytest.fixture
def logged() -> Iterator[list[str]]:
    events: list[str] = []

    def keep(event: Any) -> None:
        events.append(eventAsJSON(event))

    globalLogPublisher.addObserver(keep)
    yield events
    globalLogPublisher.removeObserver(keep)


def test_a_life_with_passwords_leaves_none_behind(tmp_path: Path, logged: list[str]) -> None:
    seen: list[Any] = []
    with Database(f"sqlite:///{tmp_path}/asyncluster.db") as database:
        room = Room(database)
        room.add("ada", restricted=False)
        node = room.node("pc1")
        node.report()
        seen += [node.greet("ada"), node.greet("ada", f"{PASSWORD}x"), node.greet("nobody"), node.greet(PASSWORD)]
        room.ask("user password", name="ada", password=f"{PASSWORD}-another")
        seen += [room.ask("user list"), room.ask("user show", name="ada"), room.ask("audit list")]
        seen += [room.ask("timesheet list"), room.ask("opening list"), room.told]
        for bad in ("", "short", f"{PASSWORD}\0", PASSWORD * 100):
            with pytest.raises(AsynClusterError) as caught:
                room.ask("user add", name="bob", password=bad)
            seen.append(caught.value)
        room.set_clock("2026-06-01 15:00")
        node.report()  # notices the step, and logs it
        seen.append(room.database.call(find_account, "ada"))
        files = [file.read_bytes() for file in tmp_path.iterdir()]
    files += [file.read_bytes() for file in tmp_path.iterdir()]
    assert logged
    assert "S3NTINEL" not in repr(seen)
    assert "S3NTINEL" not in "".join(logged)
    assert not any(b"S3NTINEL" in content for content in files)


@pytest.mark.parametrize(
    "thing",
    [
        BeginSession(1, "0", ":0", "ada", PASSWORD),
        UserAdd(name="ada", password=PASSWORD),
        UserPassword(name="ada", password=PASSWORD),
        LegacyAccount(Account("ada"), PASSWORD),
        Request("0", "ada", "pc1", ":0", PASSWORD),
    ],
)
def test_what_carries_a_password_does_not_show_it(thing: object) -> None:
    assert "S3NTINEL" not in f"{thing!r} {thing}"


def test_a_refusal_of_arguments_does_not_repeat_them() -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        msgspec.convert(json.loads(json.dumps({"name": 5, "password": PASSWORD})), UserAdd)
    assert "S3NTINEL" not in str(caught.value)

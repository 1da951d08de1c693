"""Directories, keys and sockets: whose they are, and who else can read or change them."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from asyncluster.core.config import Settings
from asyncluster.core.net.peers import account_name
from asyncluster.core.privileges import find_account
from asyncluster.doctor.accounts import DAEMON
from asyncluster.doctor.findings import Finding, ok, problem

TOPIC = "Files"


class Guard(Enum):
    """Against whom something is to be protected: bits of the mode that it must not have."""

    READERS = 0o077
    WRITERS = 0o022


@dataclass(frozen=True)
class Place:
    """Something that lies on the disk.

    Attributes:
        what: how it is called in a sentence.
        kind: `stat.S_IFMT` that it must have.
    """

    path: Path
    what: str
    kind: int
    guard: Guard


@dataclass(frozen=True)
class Seen:
    """How a place was found; `mode` is `st_mode`."""

    place: Place
    uid: int
    owner: str
    mode: int


def places(settings: Settings) -> list[Place]:
    """What is to be looked at, as far as this machine can have it."""
    common = settings.common
    found = [
        Place(common.state, "the state directory", stat.S_IFDIR, Guard.WRITERS),
        Place(Path(f"{common.state}-node"), "the node's directory", stat.S_IFDIR, Guard.WRITERS),
        Place(common.socket.parent, "the directory of the control socket", stat.S_IFDIR, Guard.WRITERS),
        Place(common.socket, "the control socket", stat.S_IFSOCK, Guard.WRITERS),
    ]
    pins = [*common.state.glob("node*/master.pin"), *Path(f"{common.state}-node").glob("node*/own/master.pin")]
    found += [Place(pin, "what the node knows of the master's key", stat.S_IFREG, Guard.WRITERS) for pin in pins]
    if settings.server is None:
        return found
    found.append(Place(settings.server.key, "the master's key", stat.S_IFREG, Guard.READERS))
    found.append(Place(common.state / "spool", "the spool of large data", stat.S_IFDIR, Guard.READERS))
    database = sqlite_file(settings.server.database)
    if database is not None:
        copies = sorted(database.parent.glob(f"{database.name}.before-*"))
        names = [database, *copies, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]
        found += [Place(path, "the database", stat.S_IFREG, Guard.READERS) for path in names]
    return found


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL; None for other databases, and for one in memory."""
    dialect, _, path = url.partition(":///")
    return Path(path.partition("?")[0]) if dialect.partition("+")[0] == "sqlite" and path.startswith("/") else None


def look(settings: Settings) -> list[Seen]:
    """Looks at the places that exist and can be seen."""
    seen = []
    for place in places(settings):
        try:
            status = place.path.lstat()
        except OSError:
            continue  # it is made when it is needed
        seen.append(Seen(place, status.st_uid, account_name(status.st_uid), status.st_mode))
    return seen


def trusted() -> frozenset[int]:
    """Users who may own what the daemons rely on."""
    account = find_account(DAEMON)
    return frozenset({0, os.geteuid(), *([account.pw_uid] if account else [])})


def judge(seen: Collection[Seen], trusted: Collection[int]) -> Iterator[Finding]:
    """What somebody else could read, change, or has put there."""
    bad = [finding for entry in seen if (finding := _judge(entry, trusted))]
    yield from bad
    if not bad and seen:
        yield ok(TOPIC, f"{len(seen)} files and directories belong to whom they should, and nobody else changes them.")


def _judge(entry: Seen, trusted: Collection[int]) -> Finding | None:
    place = entry.place
    name = f"{place.what} {place.path}"
    if stat.S_IFMT(entry.mode) != place.kind:
        return problem(TOPIC, f"Something else is where {name} should be.", f"Look at it, then: rm -r {place.path}")
    if entry.uid not in trusted:
        return problem(
            TOPIC,
            f"{entry.owner} owns {name}, and so could pose as the master or read what is not theirs.",
            f"Find out why, remove it, and choose a directory that only root or {DAEMON} can write to.",
        )
    wrong = stat.S_IMODE(entry.mode) & place.guard.value & ~_allowed(place)
    if not wrong:
        return None
    if wrong & Guard.WRITERS.value:
        return problem(TOPIC, f"Others can write to {name}.", f"chmod go-w {place.path}")
    return problem(TOPIC, f"Others can read {name}.", f"chmod go-rwx {place.path}")


def _allowed(place: Place) -> int:
    return 0o020 if place.kind == stat.S_IFSOCK else 0  # whoever is in its group may connect

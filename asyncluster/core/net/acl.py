"""Who else may open a file: the access list that Linux keeps beside the mode (acl(5)).

The mode of a file knows one group. A list adds named accounts and groups, and the mode goes on to say the most that any
of them may: a file of mode 0660 with a list is still closed to everybody else.
"""

from __future__ import annotations

import grp
import os
import pwd
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_ATTRIBUTE = "system.posix_acl_access"
_VERSION = struct.pack("<I", 2)
_ENTRY = struct.Struct("<HHI")  # kind, what is allowed, whom
_OWNER, _USER, _OWNING_GROUP, _GROUP, _MASK, _OTHERS = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_READ_AND_WRITE, _NOTHING = 6, 0
_NO_ID = 0xFFFFFFFF


@dataclass(frozen=True)
class Guests:
    """Numbers of accounts and of groups."""

    uids: frozenset[int] = frozenset()
    gids: frozenset[int] = frozenset()

    @classmethod
    def named(cls, users: Iterable[str], groups: Iterable[str]) -> Guests:
        """Those of the names that this machine knows; the others cannot come from it either."""
        uids = (uid for uid in map(_uid, users) if uid is not None)
        gids = (gid for gid in map(_gid, groups) if gid is not None)
        return cls(frozenset(uids), frozenset(gids))


def admit(path: Path, guests: Guests) -> None:
    """Lets owner, owning group and `guests` read and write a file, and nobody else.

    Raises:
        OSError: the file is not ours, or its file system keeps no access lists.
    """
    os.setxattr(path, _ATTRIBUTE, encoded(guests))


def encoded(guests: Guests) -> bytes:
    """The list as the kernel takes it: its entries in the order of their kinds and numbers."""
    entries = [
        (_OWNER, _READ_AND_WRITE, _NO_ID),
        *((_USER, _READ_AND_WRITE, uid) for uid in sorted(guests.uids)),
        (_OWNING_GROUP, _READ_AND_WRITE, _NO_ID),
        *((_GROUP, _READ_AND_WRITE, gid) for gid in sorted(guests.gids)),
        (_MASK, _READ_AND_WRITE, _NO_ID),
        (_OTHERS, _NOTHING, _NO_ID),
    ]
    return _VERSION + b"".join(_ENTRY.pack(*entry) for entry in entries)


def _uid(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def _gid(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None

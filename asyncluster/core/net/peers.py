"""Who is at the other end of a UNIX socket: the kernel says it, nobody has to prove anything."""

from __future__ import annotations

import pwd
import socket
import struct
from dataclasses import dataclass

_CREDENTIALS = struct.Struct("3i")
_SO_PEERGROUPS = 59  # not among Python's names; Linux 4.13 and later
_MOST_GROUPS = 256  # more do not fit into what getsockopt of Python takes


@dataclass(frozen=True)
class Identity:
    """A local process as it was when it connected.

    Attributes:
        pid: for logs only, since numbers are used again.
        groups: all of its groups, the primary one included. The kernel's list, not the group file's: it holds what
            the process may do, and asking for it never waits for a directory server.
        name: account name of `uid`, or its number where it has none.
    """

    pid: int
    uid: int
    groups: frozenset[int]
    name: str


def identity(sock: socket.socket) -> Identity:
    """Identity of the other end of a connected UNIX socket.

    Raises:
        OSError: it is in more than 256 groups.
    """
    pid, uid, gid = _CREDENTIALS.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    raw = sock.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, 4 * _MOST_GROUPS)
    groups = struct.unpack(f"{len(raw) // 4}I", raw)
    return Identity(pid, uid, frozenset((gid, *groups)), account_name(uid))


def account_name(uid: int) -> str:
    """Account name of a uid, or the number itself where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)

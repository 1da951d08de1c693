"""Ports for programs that somebody starts by the way, such as a `LocalCluster`."""

from __future__ import annotations

import errno
import socket
from pathlib import Path
from random import SystemRandom

_EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _LAST = 20_000, 65_535
_ATTEMPTS = 1000
_random = SystemRandom()  # not the author's generator, who may have seeded it


def free_port() -> int:
    """A TCP port that nobody uses.

    It is none of those that the kernel gives to outgoing connections, as one of them might have it before whoever asked
    here listens at it.

    Raises:
        OSError: there is none, or this process may not look.
    """
    for _ in range(_ATTEMPTS):
        port = _random.choice(_quiet_ports())
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
            else:
                return port
    raise OSError(errno.EADDRINUSE, "No TCP port is free")


def _quiet_ports() -> range:
    """Those above or below the kernel's own, whichever are more; all if nearly all are its own."""
    try:
        first, last = map(int, _EPHEMERAL.read_text().split())
    except OSError:
        return range(_FIRST, _LAST + 1)
    below, above = range(_FIRST, first), range(max(last + 1, _FIRST), _LAST + 1)
    more = max(below, above, key=len)
    return more if len(more) >= _ATTEMPTS else range(_FIRST, _LAST + 1)

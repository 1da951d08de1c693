"""The key to an X server: 128 random bits in an authority file, there and complete before the server starts.

An X server whose authority file is missing or empty lets everybody in, so the file is written whole, under another
name, and then takes its place. Nobody but its owner can read it at any time. Nothing of it is ever in an argument, an
environment or a log. The format is that of Xau(3): big-endian counted fields, one entry after the other.
"""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

_FAMILY_LOCAL, _FAMILY_WILD = 256, 65535
_PROTOCOL = b"MIT-MAGIC-COOKIE-1"
COOKIE_SIZE = 16


def new_cookie(entropy: Callable[[int], bytes] = os.urandom) -> bytes:
    """A cookie that nobody can guess."""
    return entropy(COOKIE_SIZE)


def authority(cookie: bytes, display: int, host: str) -> bytes:
    """The content of an authority file for one display: an entry for this host's name, and one for any name.

    The second lets programs find the cookie when the host is renamed during a session.
    """
    number = str(display).encode()
    entries = ((_FAMILY_LOCAL, host.encode()), (_FAMILY_WILD, b""))
    return b"".join(
        struct.pack(">H", family) + b"".join(_counted(field) for field in (address, number, _PROTOCOL, cookie))
        for family, address in entries
    )


def write_authority(path: Path, content: bytes, uid: int = -1, gid: int = -1) -> None:
    """Puts an authority file at `path`, for that user alone; what was there before is replaced, never followed.

    Args:
        path: in a directory that only this process' user can write to.
        uid, gid: whose it will be; -1: this process' own.

    Raises:
        OSError: it cannot be written; there is no file then, and no X server may be started.
    """
    path.unlink(missing_ok=True)
    partial = path.with_name(path.name + ".new")
    partial.unlink(missing_ok=True)
    fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, 0o600)
            os.fchown(fd, uid, gid)
            file.write(content)
        partial.rename(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def host_name() -> str:
    """This machine's name, as X programs look cookies up by it."""
    return socket.gethostname()


def _counted(field: bytes) -> bytes:
    return struct.pack(">H", len(field)) + field

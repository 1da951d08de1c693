"""Reaching the master's control socket, and making sure that it is the master's."""

from __future__ import annotations

import os
import pwd
import socket
import struct
from pathlib import Path

from asyncluster.core.errors import ExitCode, MasterUnreachable, NotAllowed

#: The account that a master of the machine runs as when it is not root.
SERVICE_ACCOUNT = "asyncluster"

_UCRED = struct.Struct("3i")


class SocketForbidden(MasterUnreachable, NotAllowed):
    """The kernel keeps this account away from the socket: for good, or until a master that starts has opened it."""

    exit_code = ExitCode.REFUSED


def locate(socket_path: str | os.PathLike[str] | None, config: str | os.PathLike[str] | None) -> Path:
    """The socket to use: the argument, else $ASYNCLUSTER_SOCKET, else what the configuration says.

    Raises:
        ConfigError: a configuration was named and cannot be read.
    """
    if socket_path is not None:
        return Path(socket_path)
    from asyncluster.core.config.loading import locate_socket  # only who gives no socket pays for the import

    return locate_socket(Path(config) if config is not None else None)


def dial(path: Path) -> socket.socket:
    """A connected, non-blocking socket whose other end may be trusted with the author's code.

    Raises:
        MasterUnreachable: nobody listens there, or somebody who is no master.
        SocketForbidden: this account may not connect.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    try:
        link.connect(os.fspath(path))
        uid = _UCRED.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))[1]
    except OSError as error:
        link.close()
        kind = SocketForbidden if isinstance(error, PermissionError) else MasterUnreachable
        raise kind(_why_not(path, error)) from error
    if uid not in _trusted():
        link.close()
        raise MasterUnreachable(
            f"{path} belongs to user {uid}, who is neither root, nor {SERVICE_ACCOUNT}, nor you; it is not used. "
            "Name the master's own socket."
        )
    return link


def _trusted() -> set[int]:
    uids = {0, os.geteuid()}
    try:
        uids.add(pwd.getpwnam(SERVICE_ACCOUNT).pw_uid)
    except KeyError:
        pass
    return uids


def _why_not(path: Path, error: OSError) -> str:
    if isinstance(error, PermissionError):
        return (
            f"The master's socket {path} may not be used by this account. "
            f"Ask the operator to add it to the group {SERVICE_ACCOUNT}, or to name it in [server] job users."
        )
    if isinstance(error, BlockingIOError):
        return f"The master at {path} is too busy to answer. Try again."
    return f"No master answers at {path} ({error.strerror or error}). Start one with: asyncluster master run"

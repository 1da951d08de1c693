"""Whole messages and descriptors between processes of a node that trust the kernel and little else.

A message is one datagram on a SOCK_SEQPACKET socket: a JSON object, and any descriptors that go with it. It arrives
whole or not at all, so a reader never waits for a rest. Neither side ever waits for the other to read, either: what
does not fit is lost together with the channel.
"""

from __future__ import annotations

import json
import os
import socket
from array import array
from collections.abc import Sequence
from typing import Any, TypeAlias

from asyncluster.core.errors import ProtocolError

#: Largest message, in bytes.
MAX_MESSAGE = 64 * 1024
_MOST_FDS = 4
_FD_SIZE = array("i").itemsize
_CONTROL = socket.CMSG_LEN(_MOST_FDS * _FD_SIZE)

Fields: TypeAlias = dict[str, Any]


class ChannelClosed(ProtocolError):
    """The other end is gone, or has not read for very long."""


class Channel:
    """One end.

    Args:
        sock: a connected socket of that kind; the channel owns it.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        sock.setblocking(False)

    @classmethod
    def pair(cls) -> tuple[Channel, socket.socket]:
        """A channel, and the socket of its other end, to be inherited."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), theirs

    def fileno(self) -> int:
        """For selectors."""
        return self._socket.fileno()

    def send(self, fields: Fields, fds: Sequence[int] = ()) -> None:
        """Sends a message; the descriptors stay the caller's.

        Raises:
            ChannelClosed: nobody takes it.
        """
        data = json.dumps(fields).encode()
        if len(data) > MAX_MESSAGE:
            raise ProtocolError(f"A message of {len(data)} bytes is over the limit of {MAX_MESSAGE}.")
        try:
            socket.send_fds(self._socket, [data], list(fds))
        except OSError as error:
            raise ChannelClosed("The other half of this node does not listen any more.") from error

    def receive(self) -> tuple[Fields, list[int]] | None:
        """The next message with its descriptors, close-on-exec and the caller's to close; None: none is there yet.

        Raises:
            ChannelClosed: none will come any more.
            ProtocolError: what came is none.
        """
        try:
            data, control, flags, _ = self._socket.recvmsg(MAX_MESSAGE, _CONTROL, socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ChannelClosed("The other half of this node is gone.") from error
        fds = _descriptors(control)
        if not data:
            raise ChannelClosed("The other half of this node is gone.")
        try:
            if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
                raise ValueError("too long")
            fields = json.loads(data)
            if not isinstance(fields, dict):
                raise ValueError("no object")
        except (ValueError, RecursionError) as error:
            close_all(fds)
            raise ProtocolError("A process of this node sent what is no message.") from error
        return fields, fds

    def close(self) -> None:
        """Closes it; harmless if done twice."""
        self._socket.close()


def _descriptors(control: list[tuple[int, int, bytes]]) -> list[int]:
    """`socket.recv_fds` would leave them inheritable for a moment, or for good."""
    fds = array("i")
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % _FD_SIZE])
    return list(fds)


def close_all(fds: Sequence[int]) -> None:
    """Closes descriptors that came with a message."""
    for fd in fds:
        os.close(fd)

"""What Twisted's public transport interfaces do not offer: all use of its private attributes is here.

A *transport* below is what a protocol gets from Twisted: a TCP or UNIX connection, or TLS upon one of them. The
functions also accept other transports (those of tests, of processes), for which they do the plain thing.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.abstract import FileDescriptor
from twisted.protocols.tls import TLSMemoryBIOProtocol

from asyncluster.core.wire import limits

_KEEPALIVE_IDLE_SECONDS = 10
_KEEPALIVE_INTERVAL_SECONDS = 5
_KEEPALIVE_PROBES = 2


def is_tls(transport: Any) -> bool:
    """Whether `transport` speaks TLS, and so is ready only after a handshake."""
    return isinstance(transport, TLSMemoryBIOProtocol)


def socket_end(transport: Any) -> Any:
    """The transport that owns the socket: `transport` itself, or the one beneath its TLS."""
    return transport.transport if is_tls(transport) else transport


def write_at_once(transport: Any, data: bytes) -> None:
    """Writes `data`; if nothing waits before it, the kernel gets it now and not after the reactor's next poll.

    Saves a poll's delay, which is most of a short call's way through an idle master; and for data that leave whole, as
    nearly all do, also that the reactor is told to watch the socket and then not to.
    """
    end = socket_end(transport)
    if not isinstance(end, FileDescriptor) or _buffered(end) or not end.connected or end.disconnecting:
        transport.write(data)
        return
    end.startWriting = _not_yet  # type: ignore[method-assign]
    try:
        transport.write(data)
    finally:
        del end.startWriting  # type: ignore[misc]  # what is left is the class's own
    if _buffered(end) and not end.disconnecting:
        end.doWrite()
    if _buffered(end):
        # An error is not lost: the data stay in the buffer, so the reactor tries again, meets it and acts on it.
        end.startWriting()


def _not_yet() -> None:
    """In the place of `startWriting`."""


def unsent(transport: Any) -> int:
    """Bytes that wait in the transport for the kernel to take them."""
    end = socket_end(transport)
    return _buffered(end) if isinstance(end, FileDescriptor) else 0


def _buffered(end: Any) -> int:
    size: int = len(end.dataBuffer) - end.offset + end._tempDataLen
    return size


def unsent_descriptors(transport: Any) -> int:
    """Descriptors that wait in a UNIX transport for the kernel to take them."""
    return len(transport._sendmsgQueue)


def abort(transport: Any) -> None:
    """Drops the connection now, without taking leave; harmless on one that is gone.

    `abortConnection` of a TLS transport raises AttributeError once the TLS layer has seen its end, so the socket's
    own is used: TLS then sends no alert, which a peer takes for the loss that it is.
    """
    socket_end(transport).abortConnection()


def tune(transport: Any) -> None:
    """Lets a TCP connection send small frames at once and notice a dead peer; does nothing to other kinds."""
    end = socket_end(transport)
    sock = end.getHandle() if hasattr(end, "setTcpNoDelay") else None
    if not isinstance(sock, socket.socket) or sock.family == socket.AF_UNIX:
        return
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL_SECONDS)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, _KEEPALIVE_PROBES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(limits.TCP_USER_TIMEOUT_SECONDS * 1000))

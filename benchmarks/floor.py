"""The physical floor beneath all figures: bare sockets, pipes, memory and pickles of this machine.

python -m benchmarks.floor
"""

from __future__ import annotations

import mmap
import multiprocessing
import os
import pickle
import socket
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from benchmarks.workloads import MIB, Figures

_PINGS = 2000
_MESSAGE = b"x" * 100


def measure() -> Figures:
    """All of it; a few seconds."""
    return {
        "unix_ping_ms": _ping(_echo_socket, *socket.socketpair()),
        "tcp_ping_ms": _ping(_echo_socket, *_tcp_pair()),
        "pipe_ping_ms": _pipe_ping(),
        "four_hops_ms": _four_hops(),
        "unix_echo_MB_s": _echo_rate(*socket.socketpair()),
        "tcp_echo_MB_s": _echo_rate(*_tcp_pair()),
        "shared_64MiB_ms": _shared(),
        "pickles_us": _pickles(),
    }


def _ping(serve: Callable[[socket.socket], None], ours: socket.socket, theirs: socket.socket) -> float:
    with _Child(serve, theirs), ours:
        return _trips(ours)


def _trips(ours: socket.socket) -> float:
    seconds = []
    for _ in range(_PINGS):
        start = time.perf_counter()
        ours.sendall(_MESSAGE)
        ours.recv(200)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e3


def _four_hops() -> float:
    """Client, relay, relay, worker: the way of a call through master and node daemon, by bare blocking relays."""
    client, first = socket.socketpair()
    second, third = _tcp_pair()
    fourth, worker = socket.socketpair()
    with _Child(_echo_socket, worker), _Child(_relay, third, fourth), _Child(_relay, first, second), client:
        return _trips(client)


def _relay(client: socket.socket, server: socket.socket) -> None:
    while data := client.recv(200):
        server.sendall(data)
        client.sendall(server.recv(200))


def _echo_socket(theirs: socket.socket) -> None:
    while data := theirs.recv(MIB):
        theirs.sendall(data)


def _pipe_ping() -> float:
    ours, theirs = multiprocessing.Pipe()
    seconds = []
    with _Child(_echo_pipe, theirs):
        for _ in range(_PINGS):
            start = time.perf_counter()
            ours.send_bytes(_MESSAGE)
            ours.recv_bytes()
            seconds.append(time.perf_counter() - start)
        ours.close()
    return statistics.median(seconds) * 1e3


def _echo_pipe(theirs: Connection) -> None:
    try:
        while True:
            theirs.send_bytes(theirs.recv_bytes())
    except EOFError:
        return


def _echo_rate(ours: socket.socket, theirs: socket.socket) -> float:
    """1 MiB there and back, as a whole message each way."""
    data, buffer = os.urandom(MIB), bytearray(MIB)
    seconds = []
    with _Child(_echo_whole, theirs), ours:
        for _ in range(40):
            start = time.perf_counter()
            ours.sendall(data)
            _fill(ours, buffer)
            seconds.append(time.perf_counter() - start)
    return 2 * MIB / 1e6 / statistics.median(seconds)


def _echo_whole(theirs: socket.socket) -> None:
    buffer = bytearray(MIB)
    while _fill(theirs, buffer):
        theirs.sendall(buffer)


def _fill(source: socket.socket, buffer: bytearray) -> bool:
    view = memoryview(buffer)
    while view:
        size = source.recv_into(view)
        if not size:
            return False
        view = view[size:]
    return True


def _shared() -> float:
    """64 MiB copied into memory that processes can share."""
    data = os.urandom(64 * MIB)
    seconds = []
    for _ in range(5):
        with mmap.mmap(-1, len(data)) as shared:
            start = time.perf_counter()
            shared.write(data)
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds) * 1e3


def _pickles() -> float:
    """Microseconds to pickle and to unpickle the arguments and the result of a no-op call."""
    count = 100_000
    start = time.perf_counter()
    for number in range(count):
        pickle.loads(pickle.dumps(pickle.loads(pickle.dumps((number,), protocol=5))[0], protocol=5))
    return (time.perf_counter() - start) / count * 1e6


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _address = server.accept()
    for end in (ours, theirs):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return ours, theirs


class _Child:
    """A forked process that serves the given ends, until they are closed or the `with` block ends."""

    def __init__(self, serve: Callable[..., None], *ends: socket.socket | Connection) -> None:
        self._process = multiprocessing.get_context("fork").Process(target=serve, args=ends, daemon=True)
        self._process.start()
        for end in ends:
            end.close()

    def __enter__(self) -> _Child:
        return self

    def __exit__(self, *_unused_error: object) -> None:
        self._process.terminate()
        self._process.join()


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:20}{value:10.3f}")

"""The proxy does to a connection what it says, and nothing else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from support.faultproxy import DOWN, UP, FaultProxy

PATIENCE = 20.0
SILENCE = 0.2


class Echo(threading.Thread):
    """Gives back what it gets, on every connection."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]

    def run(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._door.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    def close(self) -> None:
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        self.join()


@pytest.fixture
def proxy() -> Iterator[FaultProxy]:
    echo = Echo()
    echo.start()
    made = FaultProxy(echo.port)
    yield made
    made.close()
    echo.close()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with connect(proxy) as made:
        yield made


def connect(proxy: FaultProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), PATIENCE)


def answer(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return received(client, len(data))


def received(client: socket.socket, count: int) -> bytes:
    got = b""
    while len(got) < count:
        piece = client.recv(65536)
        assert piece
        got += piece
    return got


def hears_nothing(client: socket.socket) -> bool:
    client.settimeout(SILENCE)
    try:
        client.recv(1)
    except TimeoutError:
        return True
    finally:
        client.settimeout(PATIENCE)
    return False


def test_it_carries_all_bytes_in_order(client: socket.socket) -> None:
    data = bytes(range(256)) * 2000
    assert answer(client, data) == data


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_a_silent_direction_keeps_its_bytes(proxy: FaultProxy, client: socket.socket, direction: str) -> None:
    assert answer(client, b"before") == b"before"
    proxy.silence(direction)
    client.sendall(b"kept")
    assert hears_nothing(client)
    proxy.heal()
    assert received(client, 4) == b"kept"


def test_who_connects_in_silence_is_heard_afterwards(proxy: FaultProxy) -> None:
    proxy.silence(UP, DOWN)
    with connect(proxy) as late:
        late.sendall(b"hello")
        assert hears_nothing(late)
        proxy.heal()
        assert received(late, 5) == b"hello"


def test_stranded_connections_are_silent_and_new_ones_are_not(proxy: FaultProxy, client: socket.socket) -> None:
    assert answer(client, b"before") == b"before"
    proxy.strand()
    client.sendall(b"kept")
    with connect(proxy) as new:
        assert answer(new, b"new") == b"new"
    assert hears_nothing(client)
    proxy.heal()
    assert received(client, 4) == b"kept"


def test_a_reset_is_a_reset_and_the_next_connection_is_well(proxy: FaultProxy, client: socket.socket) -> None:
    assert answer(client, b"before") == b"before"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        client.recv(1)
    with connect(proxy) as again:
        assert answer(again, b"after") == b"after"


def test_a_reset_in_the_midst_cuts_at_that_byte(proxy: FaultProxy, client: socket.socket) -> None:
    assert answer(client, b"before") == b"before"
    proxy.reset_after(1000)
    client.sendall(bytes(5000))
    got = bytearray()
    with pytest.raises(ConnectionResetError):
        read_on(client, got)
    assert len(got) <= 1000


def read_on(client: socket.socket, got: bytearray) -> None:
    while piece := client.recv(65536):
        got += piece


def test_it_refuses_until_it_heals(proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionResetError), connect(proxy) as refused:
        refused.recv(1)
    proxy.heal()
    with connect(proxy) as client:
        assert answer(client, b"well") == b"well"


def test_single_bytes_arrive_all_the_same(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.sliced = True
    data = bytes(range(256)) * 4
    assert answer(client, data) == data


def test_delay_and_rate_take_their_time(proxy: FaultProxy, client: socket.socket) -> None:
    proxy.delay = lambda: 0.1
    began = time.monotonic()
    assert answer(client, b"x") == b"x"
    assert time.monotonic() - began >= 0.2
    proxy.heal()
    proxy.rate = 20_000.0
    began = time.monotonic()
    assert answer(client, bytes(6000)) == bytes(6000)
    assert time.monotonic() - began >= 0.2

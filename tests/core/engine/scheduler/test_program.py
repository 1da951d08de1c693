"""The scheduler's program with a master that only talks."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client
from support.processes import free_port

from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.request import make_request
from asyncluster.core.engine.scheduler import program
from asyncluster.core.engine.security import dask_security


class Master:
    """The other end of the line."""

    def __init__(self, state: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.authority = Authority.load(state)
        self.port = free_port()
        self._reader, self._writer = reader, writer

    async def hear(self) -> dict[str, Any]:
        """The next line of the scheduler's."""
        line: dict[str, Any] = json.loads(await asyncio.wait_for(self._reader.readline(), 30))
        return line

    def say(self, **fields: Any) -> None:
        """Sends a line."""
        self._writer.write(json.dumps(fields).encode() + b"\n")

    async def set_up(self, subnets: list[str], port: int | None = None) -> None:
        """Answers the scheduler's request."""
        csr = (await self.hear())["request"].encode()
        self.say(
            setup={
                "host": ["127.0.0.1"],
                "port": port or self.port,
                "subnets": subnets,
                "authority": self.authority.certificate.decode(),
                "certificate": self.authority.sign(csr, "scheduler").decode(),
            }
        )

    def client(self) -> Client:
        """A client of the scheduler."""
        request = make_request()
        certificate = self.authority.sign(request.csr, "client")
        security = dask_security(self.authority.certificate, certificate, request.key)
        return Client(f"tls://127.0.0.1:{self.port}", security=security, asynchronous=True, timeout=5)


@asynccontextmanager
async def master(state: Path) -> AsyncIterator[Master]:
    ours, theirs = socket.socketpair()
    running = asyncio.create_task(program.run(theirs))
    reader, writer = await asyncio.open_connection(sock=ours)
    yield Master(state, reader, writer)
    writer.close()
    await asyncio.wait_for(running, 30)
    await writer.wait_closed()


def test_it_is_ready_when_clients_can_come_and_tells_what_it_does(tmp_path: Path) -> None:
    async def play() -> None:
        async with master(tmp_path) as m:
            await m.set_up([])
            assert await m.hear() == {"ready": True}
            async with m.client():
                while (await m.hear())["facts"]["clients"] != 1:
                    pass

    asyncio.run(play())


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # Dask leaves a socket open then
def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async def play() -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            async with master(tmp_path) as m:
                await m.set_up([], taken.getsockname()[1])
                assert "in use" in (await m.hear())["failed"]

    asyncio.run(play())
    gc.collect()


def test_an_address_outside_the_subnets_is_closed(capsys: pytest.CaptureFixture[str]) -> None:
    handled: list[tuple[str, int]] = []

    class Stream:
        closed = False

        def close(self) -> None:
            self.closed = True

    class Server:
        async def handle_stream(self, _stream: Any, address: tuple[str, int]) -> None:
            handled.append(address)

    class Listener:
        tcp_server: Any = Server()

    class Scheduler:
        listeners = (Listener(),)

    program.keep_out_strangers(Scheduler(), ["192.168.7.0/24", "fd00::/8"])
    known = ["192.168.7.9", "127.0.0.1", "::1", "fd00::9", "::ffff:192.168.7.9", "fd00::1%eth0"]
    strange = ["192.168.8.9", "fe80::1%eth0", "::ffff:10.0.0.1"]
    for address in known + strange:
        stream = Stream()
        asyncio.run(Listener.tcp_server.handle_stream(stream, (address, 5000)))
        assert stream.closed == (address in strange)
    assert [address for address, _port in handled] == known
    assert "10.0.0.1" in capsys.readouterr().err

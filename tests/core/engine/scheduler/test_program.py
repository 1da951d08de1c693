"""The scheduler's program with a master that only talks."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client
from support.processes import wait_for
from support.processtable import lives

from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.request import make_request
from asyncluster.core.engine.scheduler import program
from asyncluster.core.engine.security import dask_security
from asyncluster.core.net.ports import free_port


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

    async def set_up(self, subnets: list[str], port: int | None = None, depot: int = 0) -> None:
        """Answers the scheduler's request."""
        csr = (await self.hear())["request"].encode()
        self.say(
            setup={
                "host": ["127.0.0.1"],
                "port": port or self.port,
                "subnets": subnets,
                "authority": self.authority.certificate.decode(),
                "certificate": self.authority.sign(csr, "scheduler").decode(),
                "worker_ports": None,
                "depot": depot,
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


@pytest.mark.faults
def test_a_depot_is_kept_beside_it_and_ends_with_it(tmp_path: Path) -> None:
    pids: list[int] = []

    async def play() -> None:
        async with master(tmp_path) as m:
            await m.set_up([], depot=10**6)
            assert await m.hear() == {"ready": True}
            async with m.client() as client, asyncio.timeout(90):
                for _ in range(2):  # the second one is there because the first one was killed
                    while not (new := {child.pid for child in depots()} - set(pids)):
                        await asyncio.sleep(0.05)
                    pids.extend(new)
                    while not (there := (await client.scheduler.identity(n_workers=-1))["workers"]):
                        await asyncio.sleep(0.05)
                    assert [(depot["name"], depot["status"]) for depot in there.values()] == [("depot", "paused")]
                    if len(pids) == 1:
                        os.kill(pids[0], signal.SIGKILL)

    def depots() -> list[psutil.Process]:
        return [child for child in psutil.Process().children() if is_depot(child)]

    def is_depot(child: psutil.Process) -> bool:
        try:
            return "scheduler.depot" in " ".join(child.cmdline())
        except psutil.NoSuchProcess:  # it has ended, and nobody has asked how
            return False

    asyncio.run(play())
    assert len(pids) == 2
    wait_for(lambda: not any(map(lives, pids)), "both are gone")

"""The life of a scheduler: JSON, an object a line, over the socket to the master.

    scheduler  {"request": "-----BEGIN CERTIFICATE REQUEST..."}
    master     {"setup": {"host": [...], "port": 8786, "subnets": [...], "authority": "...", "certificate": "..."}}
    scheduler  {"ready": true}            or  {"failed": "why it cannot listen"}
    scheduler  {"facts": {...}}           once a second
    master     {"died": {"worker": "pc07/3", "mark": 17, "words": "..."}}

It ends when the master closes the line. Results, graphs and functions are unpickled here, as Dask does it: this
process has the rights of whoever may use Dask, and no others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address, ip_network
from tempfile import TemporaryDirectory
from typing import Any

from asyncluster.core.engine.request import make_request
from asyncluster.core.engine.scheduler.warden import Warden
from asyncluster.core.engine.security import UNUSED_HTTP, dask_security

#: More often than this a worker's death of one task is no accident.
DEATHS = 3
#: A suspended worker is silent for as long as nodes keep one suspended, ten minutes, and then some.
_SILENCE = 1200.0
_FACTS_SECONDS = 1.0
_LONGEST_LINE = 1 << 20


async def run(line: socket.socket) -> None:
    """Runs a scheduler until the master hangs up."""
    reader, writer = await asyncio.open_connection(sock=line, limit=_LONGEST_LINE)
    try:
        await _serve(reader, writer)
    finally:
        writer.close()


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    def tell(**fields: Any) -> None:
        writer.write(json.dumps(fields).encode() + b"\n")

    request = make_request()
    tell(request=request.csr.decode())
    setup = (await _hear(reader) or {}).get("setup")
    if setup is None:
        return
    security = dask_security(setup["authority"].encode(), setup["certificate"].encode(), request.key)
    with TemporaryDirectory(prefix="asyncluster-dask-", ignore_cleanup_errors=True) as directory:
        try:
            scheduler = await _start(setup, security, directory)
        except (OSError, RuntimeError) as error:
            tell(failed=str(error.__cause__ or error)[:1000])
            await writer.drain()
            return
        await _work(scheduler, reader, tell)


async def _work(scheduler: Any, reader: asyncio.StreamReader, tell: Callable[..., None]) -> None:
    warden = Warden(scheduler)
    scheduler.add_plugin(warden)
    tell(ready=True)
    facts = asyncio.create_task(_tell_facts(warden, tell))
    while (order := await _hear(reader)) is not None:
        if "died" in order:
            warden.died(order["died"]["worker"], order["died"]["mark"])
    facts.cancel()
    await scheduler.close(reason="the master is gone")


async def _start(setup: dict[str, Any], security: Any, directory: str) -> Any:
    import dask
    from distributed import Scheduler

    dask.config.set(
        {
            # Redundant copies are made on purpose here, when a node has to make way for a person.
            "distributed.scheduler.active-memory-manager.start": False,
            "distributed.comm.timeouts.tcp": "60s",
            "distributed.scheduler.http.routes": [],
            "temporary-directory": directory,
        }
    )
    logging.getLogger("distributed").setLevel(logging.WARNING)
    hosts: Any = setup["host"] or [""]  # Dask takes one, or a list
    scheduler = await Scheduler(
        host=hosts if len(hosts) > 1 else hosts[0],
        port=setup["port"],
        protocol="tls",
        security=security,
        dashboard=False,
        dashboard_address=UNUSED_HTTP,
        allowed_failures=DEATHS - 1,
        worker_ttl=_SILENCE,
    )
    keep_out_strangers(scheduler, setup["subnets"])
    return scheduler


def keep_out_strangers(scheduler: Any, subnets: list[str]) -> None:
    """Closes connections from other subnets, even those that show a certificate. Loopback is this very machine."""
    networks = [ip_network(subnet) for subnet in subnets]

    def may_come(address: tuple[str, int]) -> bool:
        peer = ip_address(address[0].partition("%")[0])
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return peer.is_loopback or any(peer in network for network in networks)

    for listener in scheduler.listeners:
        server = listener.tcp_server
        server.handle_stream = _Door(server.handle_stream, may_come)


class _Door:
    """Lets a stream in, or closes it."""

    def __init__(self, handle: Any, may_come: Any) -> None:
        self._handle = handle
        self._may_come = may_come

    async def __call__(self, stream: Any, address: tuple[str, int]) -> None:
        if self._may_come(address):
            await self._handle(stream, address)
            return
        print(f"Dask: a connection from {address[0]} is refused: it is in none of the subnets.", file=sys.stderr)
        stream.close()


async def _tell_facts(warden: Warden, tell: Callable[..., None]) -> None:
    while True:
        tell(facts=warden.facts())
        await asyncio.sleep(_FACTS_SECONDS)


async def _hear(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next line of the master's; None: it is gone."""
    line = await reader.readline()
    return json.loads(line) if line.endswith(b"\n") else None

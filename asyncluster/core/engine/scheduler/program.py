"""The life of a scheduler: JSON, an object a line, over the socket to the master.

    scheduler  {"request": "-----BEGIN CERTIFICATE REQUEST..."}
    master     {"setup": {"host": [...], "port": 8786, "subnets": [...], "authority": "...", "certificate": "...",
                          "worker_ports": [9200, 9231], "depot": 1000000000}}
    scheduler  {"ready": true}            or  {"failed": "why it cannot listen"}
    scheduler  {"facts": {...}}           once a second
    master     {"died": {"worker": "pc07/3", "mark": 17}}      a process died of its own accord, of that task
    master     {"stopped": {"worker": "pc07/3", "mark": 17}}   a process is stopped that could not make way before
    master     {"lost": {"node": "pc07"}}                      a node is gone, and all that was on it

It ends when the master closes the line. Results, graphs and functions are unpickled here, as Dask does it: this
process has the rights of whoever may use Dask, and no others.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from asyncluster.core.engine.request import Request, make_request
from asyncluster.core.engine.scheduler.door import keep_out_strangers
from asyncluster.core.engine.scheduler.keeping import keep_depot
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
    with TemporaryDirectory(prefix="asyncluster-dask-", ignore_cleanup_errors=True) as directory:
        try:
            scheduler = await _start(setup, request, directory)
        except (OSError, RuntimeError) as error:
            tell(failed=str(error.__cause__ or error)[:1000])
            await writer.drain()
            return
        async with _depot(setup, request, scheduler, directory):
            await _work(scheduler, setup["depot"], reader, tell)


async def _work(scheduler: Any, room: int, reader: asyncio.StreamReader, tell: Callable[..., None]) -> None:
    warden = Warden(scheduler, room)
    scheduler.add_plugin(warden)
    tell(ready=True)
    facts = asyncio.create_task(_tell_facts(warden, tell))
    while (order := await _hear(reader)) is not None:
        match order:
            case {"died": {"worker": worker, "mark": mark}}:
                warden.died(worker, mark)
            case {"stopped": {"worker": worker, "mark": mark}}:
                warden.stopped(worker, mark)
            case {"lost": {"node": node}}:
                await warden.lost(node)
    facts.cancel()
    await scheduler.close(reason="the master is gone")


async def _start(setup: dict[str, Any], request: Request, directory: str) -> Any:
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
        security=dask_security(setup["authority"].encode(), setup["certificate"].encode(), request.key),
        dashboard=False,
        dashboard_address=UNUSED_HTTP,
        allowed_failures=DEATHS - 1,
        worker_ttl=_SILENCE,
    )
    keep_out_strangers(scheduler, _friends(setup, scheduler))
    return scheduler


@asynccontextmanager
async def _depot(setup: dict[str, Any], request: Request, scheduler: Any, directory: str) -> AsyncIterator[None]:
    """A depot, if there is to be one."""
    if not setup["depot"]:
        yield
        return
    facts = {
        "address": scheduler.address,
        "ports": setup["worker_ports"],
        "subnets": _friends(setup, scheduler),
        "authority": setup["authority"],
        "certificate": setup["certificate"],
        "key": request.key.decode(),
        "directory": directory,
    }
    depot = asyncio.create_task(keep_depot(facts))
    try:
        yield
    finally:
        depot.cancel()
        await asyncio.wait([depot])


def _friends(setup: dict[str, Any], scheduler: Any) -> list[str]:
    """Who may come: the subnets, and this machine under whatever address Dask calls it by."""
    return [*setup["subnets"], urlsplit(scheduler.address).hostname]


async def _tell_facts(warden: Warden, tell: Callable[..., None]) -> None:
    while True:
        tell(facts=warden.facts())
        await asyncio.sleep(_FACTS_SECONDS)


async def _hear(reader: asyncio.StreamReader) -> dict[str, Any] | None:
    """The next line of the master's; None: it is gone."""
    line = await reader.readline()
    return json.loads(line) if line.endswith(b"\n") else None

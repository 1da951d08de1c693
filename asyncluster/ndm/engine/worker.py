"""A worker process that has become one of Dask's: the same confinement, directory and end as every other worker.

Its orders come over the socket of its node daemon (`core.wire.engine`). It has one thread for tasks, so that ending the
process ends one task. What it runs stands on the page, by a mark of the task's key; when it is gone for a reason that
is not the task's, it says so there first. When its scheduler is gone, so is it: the node starts another one.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import dask
from distributed import Status, Worker, WorkerPlugin
from distributed.worker_state_machine import READY, StealRequestEvent

from asyncluster.core.engine.security import UNUSED_HTTP, dask_security
from asyncluster.core.wire import engine as e
from asyncluster.core.wire.messages import decoder, encode
from asyncluster.ndm.worker.channel import Channel
from asyncluster.ndm.worker.page import Page

#: A little less than the node's patience (`crew.PATIENCE`), so that it hears how it went.
_HURRY_SECONDS = 4.0
_NO_HURRY_SECONDS = 300.0
_LOOK_SECONDS = 0.05
_JOIN_SECONDS = 30.0
_CONFIG = {
    "distributed.comm.timeouts.tcp": "60s",
    "distributed.worker.http.routes": [],
}
_decode = decoder(e.EngineOrder).decode


def serve(setup: e.EngineSetup, channel: Channel, page: Page) -> None:
    """Works for a scheduler; does not return."""
    dask.config.set(_CONFIG)
    logging.getLogger("distributed").setLevel(logging.WARNING)
    asyncio.run(_serve(setup, channel, page))


async def _serve(setup: e.EngineSetup, channel: Channel, page: Page) -> None:
    ports = setup.worker_ports
    worker = _Worker(
        setup.address,
        page=page,
        name=setup.name,
        nthreads=1,
        port=f"{ports[0]}:{ports[1]}" if ports else 0,
        memory_limit=setup.memory,
        local_directory=os.getcwd(),
        dashboard=False,
        dashboard_address=UNUSED_HTTP,
        death_timeout=_JOIN_SECONDS,
        security=dask_security(setup.authority, setup.certificate, setup.key),
        plugins=(Marks(page),),
    )
    await worker
    orders = Orders(worker, channel)
    asyncio.get_running_loop().add_reader(channel.fileno(), orders.read)
    channel.send([encode(e.EngineState("ready"))])
    await worker.finished()


class _Worker(Worker):
    """Dask's worker, but its end is that of the process: nobody waits for the task that it runs."""

    def __init__(self, *args: Any, page: Page, **options: Any) -> None:
        super().__init__(*args, **options)
        self._page = page

    async def close(self, *_unused: Any, **_unused_too: Any) -> Any:
        self._page.finish()
        os._exit(0)


class Marks(WorkerPlugin):
    """Keeps the page."""

    def __init__(self, page: Page) -> None:
        self._page = page

    def transition(self, key: Any, start: str, finish: str, **_unused: Any) -> None:
        if finish == "executing":
            self._page.begin(e.mark(key), 1, time.monotonic_ns())
        elif start == "executing":
            self._page.finish()


class Orders:
    """Carries out what the node daemon orders; a new order takes the place of the one before."""

    def __init__(self, worker: Any, channel: Channel) -> None:
        self._worker = worker
        self._channel = channel
        self._doing: asyncio.Task[None] | None = None
        self._pause_fraction = worker.memory_manager.memory_pause_fraction
        self._ways: dict[str, Callable[[], Awaitable[None]]] = {
            "resume": self._resume,
            "pause": self._pause,
            "drain": self._drain,
            "leave": self._leave,
        }

    def read(self) -> None:
        """There is something to read."""
        try:
            for body in self._channel.receive(wait=False):
                self._obey(cast(e.EngineOrder, _decode(body)))
        except EOFError:
            os._exit(0)  # the node daemon is gone

    def _obey(self, order: e.EngineOrder) -> None:
        if self._doing is not None:
            self._doing.cancel()
        self._doing = asyncio.ensure_future(self._ways[order.order]())

    async def _resume(self) -> None:
        self._worker.memory_manager.memory_pause_fraction = self._pause_fraction
        self._worker.status = Status.running

    async def _pause(self) -> None:
        await self._begin_nothing()
        await self._bring_away(_HURRY_SECONDS)
        self._channel.send([encode(e.EngineState("quiet"))])

    async def _drain(self) -> None:
        await self._begin_nothing()
        while self._worker.state.all_running_tasks:
            await asyncio.sleep(_LOOK_SECONDS)
        await self._bring_away(_NO_HURRY_SECONDS)
        await self._go()

    async def _leave(self) -> None:
        await self._begin_nothing()
        await self._bring_away(_HURRY_SECONDS)
        await self._go()

    async def _begin_nothing(self) -> None:
        """Begins no task from now on, and hands back those that wait here."""
        self._worker.memory_manager.memory_pause_fraction = False  # or it would end the pause when memory is free
        self._worker.status = Status.paused
        await self._hand_back()
        await asyncio.sleep(_LOOK_SECONDS)  # tasks that were on their way
        await self._hand_back()

    async def _hand_back(self) -> None:
        state = self._worker.state
        waiting = [task.key for task in state.tasks.values() if task.state in {*READY, "waiting"}]
        for key in waiting:
            self._worker.handle_stimulus(StealRequestEvent(key=key, stimulus_id=f"asyncluster-hand-back-{key!r}"))
        await self._worker.scheduler.asyncluster_hand_back(worker=self._worker.address, released=waiting)

    async def _bring_away(self, patience: float) -> None:
        await self._worker.scheduler.asyncluster_bring_away(worker=self._worker.address, patience=patience)

    async def _go(self) -> None:
        await self._worker.scheduler.asyncluster_leave(worker=self._worker.address)
        await self._worker.close()

"""A scheduler of Dask with our warden, its workers and a client, all in the test's own process, without TLS."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

#: Bytes that the depot may keep.
ROOM = 100_000

gate = threading.Event()


def pass_gate(value: int) -> int:
    gate.wait(20)
    return value


class DaskScene:
    """A scheduler with a worker for each name, and a client."""

    def __init__(self, scheduler: Any, workers: dict[str, Any], client: Any, warden: Any) -> None:
        self.scheduler, self.workers, self.client, self.warden = scheduler, workers, client, warden

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Returns what the condition gives as soon as it is true."""
        async with asyncio.timeout(20):
            while not (value := condition()):
                await asyncio.sleep(0.01)
        return value

    async def until_done(self, futures: list[Any]) -> list[Any]:
        """The futures, when all of them have a result."""
        await self.client.gather(futures)
        return futures

    async def lose(self, name: str, *, expected: bool = False) -> None:
        """The scheduler loses a worker."""
        address = self.workers[name].address
        await self.scheduler.remove_worker(address, stimulus_id=f"lose-{name}", expected=expected)


@asynccontextmanager
async def dask_scene(*names: str) -> AsyncIterator[DaskScene]:
    # Here, since this module is loaded for all tests, and Dask takes its time.
    from distributed import Client, Scheduler, Worker

    from asyncluster.core.engine.scheduler.depot import Depot
    from asyncluster.core.engine.scheduler.program import DEATHS
    from asyncluster.core.engine.scheduler.warden import DEPOT, Warden

    class ClosingDepot(Depot):
        close = Worker.close  # and does not end the process, which is the test's

    gate.clear()
    async with AsyncExitStack() as stack:
        scheduler = await stack.enter_async_context(
            Scheduler(host="127.0.0.1", port=0, dashboard=False, allowed_failures=DEATHS - 1)
        )
        warden = Warden(scheduler, ROOM)
        scheduler.add_plugin(warden)
        workers = {}
        for name in names:
            options: dict[str, Any] = {"deserialize": False} if name == DEPOT else {}
            kind = ClosingDepot if name == DEPOT else Worker
            worker = kind(scheduler.address, name=name, nthreads=1, memory_limit=0, dashboard=False, **options)
            workers[name] = await stack.enter_async_context(worker)
        client = await stack.enter_async_context(Client(scheduler.address, asynchronous=True))
        stack.callback(gate.set)
        yield DaskScene(scheduler, workers, client, warden)


def play(test: Callable[[], Awaitable[None]]) -> Callable[[], None]:
    def run() -> None:
        asyncio.run(test())  # type: ignore[arg-type]

    run.__name__ = test.__name__
    return run

"""A worker's orders, with a real worker of Dask among others in this process, and the other end of its socket."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

from distributed import Status
from support.dask_scene import DaskScene, dask_scene, gate, pass_gate, play

from asyncluster.core.wire import engine as e
from asyncluster.core.wire.framing import FrameReader, frame
from asyncluster.core.wire.limits import FRAME
from asyncluster.core.wire.messages import decoder, encode
from asyncluster.ndm.engine.worker import Marks, Orders
from asyncluster.ndm.worker.channel import Channel
from asyncluster.ndm.worker.page import Page, create

MINE, OTHER = "pc01/1", "pc02/1"


class Node:
    """The node daemon: gives orders and hears how it went."""

    def __init__(self, worker: Any) -> None:
        self.socket, theirs = socket.socketpair()
        self.socket.setblocking(False)
        self.orders = Orders(worker, Channel(theirs))
        self.left = asyncio.Event()
        worker.close = self._close  # of ours, it ends the process
        asyncio.get_running_loop().add_reader(theirs.fileno(), self.orders.read)
        self._theirs = theirs

    async def _close(self, **_unused: Any) -> None:
        self.left.set()

    def order(self, order: e.Order) -> None:
        """Sends an order."""
        self.socket.send(frame(encode(e.EngineOrder(order))))

    async def quiet(self) -> None:
        """Returns when the worker has said that it is quiet."""
        reader, decode = FrameReader(FRAME), decoder(e.EngineState).decode
        async with asyncio.timeout(20):
            while True:
                data = await asyncio.get_running_loop().sock_recv(self.socket, 4096)
                if [decode(body) for body in reader.receive(data)] == [e.EngineState("quiet")]:
                    return

    def close(self) -> None:
        """Hears nothing more."""
        asyncio.get_running_loop().remove_reader(self._theirs.fileno())
        self._theirs.close()
        self.socket.close()


async def busy(s: DaskScene, key: str) -> Any:
    """A task that runs on our worker, and three that wait behind it."""
    future = s.client.submit(pass_gate, 1, key=key, workers=[MINE])
    await s.until(lambda: key in s.workers[MINE].state.tasks and s.workers[MINE].state.executing)
    return future


@play
async def test_pause_hands_back_what_waits_and_brings_results_away_but_keeps_what_runs() -> None:
    async with dask_scene(MINE, OTHER) as s:
        node = Node(s.workers[MINE])
        done = await s.until_done(s.client.map(str, range(9), workers=[MINE], pure=False))
        running = await busy(s, "running")
        waiting = [
            s.client.submit(pow, number, 2, key=f"w{number}", workers=[MINE], allow_other_workers=True)
            for number in range(3)
        ]
        await s.until(lambda: "w2" in s.scheduler.tasks)
        node.order("pause")
        await node.quiet()
        assert s.workers[MINE].status is Status.paused
        assert await s.client.gather(waiting) == [0, 1, 4]
        assert {ws.name for future in done for ws in s.scheduler.tasks[future.key].who_has} == {OTHER}
        assert s.scheduler.tasks["running"].processing_on.name == MINE
        node.order("resume")
        await s.until(lambda: s.scheduler.workers[s.workers[MINE].address] in s.scheduler.running)
        gate.set()
        assert await running == 1
        node.close()


@play
async def test_memory_that_becomes_free_ends_no_pause() -> None:
    async with dask_scene(MINE, OTHER) as s:
        node = Node(s.workers[MINE])
        before = s.workers[MINE].memory_manager.memory_pause_fraction
        node.order("pause")
        await node.quiet()
        assert s.workers[MINE].memory_manager.memory_pause_fraction is False
        node.order("resume")
        await s.until(lambda: s.workers[MINE].status is Status.running)
        assert s.workers[MINE].memory_manager.memory_pause_fraction == before
        node.close()


@play
async def test_drain_waits_for_what_runs_and_leaves_its_result_behind() -> None:
    async with dask_scene(MINE, OTHER) as s:
        node = Node(s.workers[MINE])
        running = await busy(s, "running")
        node.order("drain")
        await s.until(lambda: s.workers[MINE].status is Status.paused)
        assert await s.client.submit(pow, 3, 2) == 9
        assert not node.left.is_set()
        gate.set()
        async with asyncio.timeout(20):
            await node.left.wait()
        assert [ws.name for ws in s.scheduler.workers.values()] == [OTHER]
        assert await running == 1
        assert s.scheduler.tasks["running"].suspicious == 0
        node.close()


@play
async def test_leave_does_not_wait() -> None:
    async with dask_scene(MINE, OTHER) as s:
        node = Node(s.workers[MINE])
        done = await s.until_done(s.client.map(str, range(9), workers=[MINE], pure=False))
        running = s.client.submit(pass_gate, 1, key="running", workers=[MINE], allow_other_workers=True)
        await s.until(lambda: s.workers[MINE].state.executing)
        node.order("leave")
        async with asyncio.timeout(20):
            await node.left.wait()
        assert await s.client.gather(done) == [str(number) for number in range(9)]
        gate.set()
        assert await running == 1, "on the other one"
        assert s.scheduler.tasks["running"].suspicious == 0
        node.close()


@play
async def test_a_new_order_takes_the_place_of_the_one_before() -> None:
    async with dask_scene(MINE, OTHER) as s:
        node = Node(s.workers[MINE])
        running = await busy(s, "running")
        node.order("drain")
        await s.until(lambda: s.workers[MINE].status is Status.paused)
        node.order("resume")
        await s.until(lambda: s.workers[MINE].status is Status.running)
        gate.set()
        assert await running == 1
        assert await s.client.submit(pow, 2, 5, workers=[MINE]) == 32
        assert not node.left.is_set()
        node.close()


@play
async def test_the_page_shows_the_task_that_runs() -> None:
    async with dask_scene(MINE) as s:
        page = Page(create())
        await s.workers[MINE].plugin_add(Marks(page), name="marks")
        running = await busy(s, "running")
        glance = page.glance()
        assert glance.call == e.mark("running")
        assert glance.since is not None
        gate.set()
        assert await running == 1
        await s.until(lambda: page.glance().since is None)

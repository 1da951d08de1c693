"""The warden in a real scheduler of Dask, with real workers, all in this process."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from distributed import KilledWorker, Status
from support.dask_scene import ROOM, DaskScene, dask_scene, gate, pass_gate, play

from asyncluster.core.engine.scheduler.program import DEATHS
from asyncluster.core.wire.engine import mark


@play
async def test_the_loss_of_computers_counts_against_no_task() -> None:
    names = [f"pc{number}/1" for number in range(DEATHS + 2)]
    async with dask_scene(*names) as s:
        future = s.client.submit(pass_gate, 7, pure=False)
        for _ in range(DEATHS + 1):
            ws = await s.until(lambda: s.scheduler.tasks[future.key].processing_on if s.scheduler.tasks else None)
            await s.lose(ws.name)
            assert s.scheduler.tasks[future.key].suspicious == 0
        gate.set()
        assert await future == 7


@play
async def test_deaths_of_it_do_and_its_neighbours_stay_innocent() -> None:
    names = [f"pc{number}/1" for number in range(DEATHS + 1)]
    async with dask_scene(*names) as s:
        guilty = s.client.submit(pass_gate, 1, key="guilty")
        for _ in range(DEATHS):
            ws = await s.until(lambda: s.scheduler.tasks["guilty"].processing_on if s.scheduler.tasks else None)
            # The others are queued on the same worker.
            neighbour = s.client.submit(pass_gate, 2, key="neighbour", workers=[ws.name], allow_other_workers=True)
            await s.until(lambda: "neighbour" in s.scheduler.tasks)
            await s.lose(ws.name)
            s.warden.died(ws.name, mark("guilty"))
        with pytest.raises(KilledWorker):
            await guilty
        gate.set()
        assert await neighbour == 2


@play
async def test_it_may_hear_of_a_death_before_the_scheduler_has_noticed() -> None:
    async with dask_scene("pc01/1", "pc02/1") as s:
        future = s.client.submit(pass_gate, 1, key="one")
        ws = await s.until(lambda: s.scheduler.tasks["one"].processing_on if s.scheduler.tasks else None)
        s.warden.died(ws.name, mark("one"))
        await s.lose(ws.name)
        assert s.scheduler.tasks["one"].suspicious == 1
        gate.set()
        assert await future == 1


@play
async def test_nonsense_about_deaths_changes_nothing() -> None:
    async with dask_scene("pc01/1") as s:
        s.warden.died("nobody", 17)
        s.warden.died("pc01/1", 17)
        assert await s.client.submit(pow, 2, 3) == 8


@play
async def test_results_are_copied_to_other_computers_and_nobody_asks_for_the_old_ones() -> None:
    async with dask_scene("pc01/1", "pc01/2", "pc02/1") as s:
        futures = s.client.map(str, range(40), workers=["pc01/1"], pure=False)
        await s.client.gather(futures)
        address = s.workers["pc01/1"].address
        s.scheduler.handle_worker_status_change("paused", address, "test")
        assert await s.warden.bring_away(address, 10.0)
        holders = {ws.name for future in futures for ws in s.scheduler.tasks[future.key].who_has}
        assert holders == {"pc02/1"}, "not the same computer's other worker"
        assert await s.client.gather(futures) == [str(number) for number in range(40)]


def holders(s: DaskScene, futures: list[Any]) -> set[str]:
    return {str(ws.name) for future in futures for ws in s.scheduler.tasks[future.key].who_has}


@play
async def test_where_everybody_sits_down_results_go_to_the_depot() -> None:
    async with dask_scene("pc01/1", "pc02/1", "depot") as s:
        futures = await s.until_done(s.client.map(str, range(40), pure=False))
        assert holders(s, futures) == {"pc01/1", "pc02/1"}, "it gets no tasks"
        for name in ("pc01/1", "pc02/1"):
            address = s.workers[name].address
            s.scheduler.handle_worker_status_change("paused", address, "test")
        assert all([await s.warden.bring_away(s.workers[name].address, 10.0) for name in ("pc01/1", "pc02/1")])
        assert holders(s, futures) == {"depot"}
        assert await s.client.gather(futures) == [str(number) for number in range(40)]
        assert s.warden.facts()["kept"] > 0
        assert "depot" not in s.warden.facts()["nodes"]
        # What depends on them waits for somebody who works, and finds them.
        total = s.client.submit(len, futures[0])
        s.scheduler.handle_worker_status_change("running", s.workers["pc01/1"].address, "test")
        assert await total == 1


@play
async def test_the_depot_takes_as_much_as_it_has_room_for() -> None:
    async with dask_scene("pc01/1", "depot") as s:
        small = s.client.submit(bytes, ROOM // 4, key="small")
        large = s.client.submit(bytes, ROOM, key="large")
        await s.until_done([small, large])
        address = s.workers["pc01/1"].address
        s.scheduler.handle_worker_status_change("paused", address, "test")
        assert not await s.warden.bring_away(address, 10.0)
        assert (holders(s, [small]), holders(s, [large])) == ({"depot"}, {"pc01/1"})


@play
async def test_who_was_to_take_results_and_has_to_make_way_too_is_not_waited_for() -> None:
    async with dask_scene("pc01/1", "pc02/1", "depot") as s:
        future = s.client.submit(str, 7, workers=["pc01/1"])
        await future
        first, second = s.workers["pc01/1"], s.workers["pc02/1"]
        s.scheduler.handle_worker_status_change("paused", first.address, "test")
        second.status = Status.paused  # it fetches nothing any more, and the scheduler does not know yet
        away = asyncio.create_task(s.warden.bring_away(first.address, 10.0))
        assert await away
        assert holders(s, [future]) == {"depot"}


@play
async def test_what_clients_ask_all_workers_is_not_for_the_depot() -> None:
    async with dask_scene("pc01/1", "depot") as s:
        assert list(await s.client.run(str, 7)) == [s.workers["pc01/1"].address]
        with pytest.raises(Exception, match="runs no code of Dask"):
            await s.client.run(str, 7, workers=[s.workers["depot"].address])


@play
async def test_data_are_not_shuffled_over_the_depot() -> None:
    da = pytest.importorskip("dask.array")
    async with dask_scene("pc01/1", "pc02/1", "depot") as s:
        numbers = da.arange(400, chunks=40).reshape((20, 20)).rechunk((20, 2)).rechunk((2, 20), method="p2p")
        assert await s.client.compute((numbers % 7).sum()) == sum(number % 7 for number in range(400))


@play
async def test_a_worker_that_was_stopped_keeps_what_it_runs_and_nothing_else() -> None:
    async with dask_scene("pc01/1", "pc02/1") as s:
        runs = s.client.submit(pass_gate, 1, key="runs", workers=["pc01/1"])
        waits = s.client.submit(pass_gate, 2, key="waits", workers=["pc01/1"])
        await s.until(lambda: len(s.scheduler.tasks) == 2 and s.scheduler.tasks["waits"].processing_on)
        s.warden.stopped("pc01/1", mark("runs"))
        s.warden.stopped("nobody", 17)
        assert s.scheduler.tasks["waits"].processing_on is None, "it may go elsewhere"
        assert s.scheduler.tasks["runs"].processing_on.name == "pc01/1"
        assert s.warden.facts()["nodes"]["pc01"]["paused"] == 1
        s.scheduler.handle_worker_status_change("running", s.workers["pc01/1"].address, "test")
        gate.set()
        assert await s.client.gather([runs, waits]) == [1, 2]


@play
async def test_a_computer_that_is_lost_has_its_work_done_elsewhere_at_once() -> None:
    async with dask_scene("pc01/1", "pc02/1") as s:
        future = s.client.submit(pass_gate, 5, key="five")
        ws = await s.until(lambda: s.scheduler.tasks["five"].processing_on if s.scheduler.tasks else None)
        await s.warden.lost(ws.name.partition("/")[0])
        other = await s.until(lambda: s.scheduler.tasks["five"].processing_on)
        assert other.name != ws.name
        assert s.scheduler.tasks["five"].suspicious == 0
        gate.set()
        assert await future == 5


@play
async def test_where_there_is_no_other_computer_results_stay() -> None:
    async with dask_scene("pc01/1", "pc01/2") as s:
        future = s.client.submit(pow, 2, 3, workers=["pc01/1"])
        await future
        address = s.workers["pc01/1"].address
        assert not await s.warden.bring_away(address, 10.0)
        assert await future == 8
        assert await s.warden.bring_away("tcp://127.0.0.1:1", 1.0), "one that is gone has nothing"


@play
async def test_a_worker_that_leaves_has_its_work_done_elsewhere() -> None:
    async with dask_scene("pc01/1", "pc02/1") as s:
        future = s.client.submit(pass_gate, 5, key="five")
        ws = await s.until(lambda: s.scheduler.tasks["five"].processing_on if s.scheduler.tasks else None)
        await s.warden.leave(ws.address)
        other = await s.until(lambda: s.scheduler.tasks["five"].processing_on)
        assert other.name != ws.name
        assert s.scheduler.tasks["five"].suspicious == 0
        gate.set()
        assert await future == 5


@play
async def test_facts_count_workers_and_tasks_of_each_node() -> None:
    async with dask_scene("pc01/1", "pc01/2", "pc02/1") as s:
        assert await s.client.submit(pow, 2, 3) == 8
        failing = s.client.submit(divmod, 1, 0)
        with pytest.raises(ZeroDivisionError):
            await failing
        s.scheduler.handle_worker_status_change("paused", s.workers["pc02/1"].address, "test")
        facts = s.warden.facts()
        assert {name: node["workers"] for name, node in facts["nodes"].items()} == {"pc01": 2, "pc02": 1}
        assert facts["nodes"]["pc02"]["paused"] == 1
        assert (facts["clients"], facts["done"], facts["failed"]) == (1, 1, 1)

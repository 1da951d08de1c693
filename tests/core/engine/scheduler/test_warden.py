"""The warden in a real scheduler of Dask, with real workers, all in this process."""

from __future__ import annotations

import pytest
from distributed import KilledWorker
from support.dask_scene import dask_scene, gate, pass_gate, play

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

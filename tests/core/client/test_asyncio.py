from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref

import numpy as np
import pytest
from support import gate

from asyncluster.core.client.asyncio import AsyncCluster
from asyncluster.core.errors import JobBroken, JobCancelled, MasterUnreachable, NodeLost, NotAllowed, UsageError
from asyncluster.core.wire.payloads import CannotPickle

CODE = """
data = None

def add(x, y=1):
    return x + y

def set_data(value):
    global data
    data = value

def get_data():
    return data

def fail(text):
    raise LookupError(text)

def stop():
    raise StopIteration("no more")

def wait(value):
    from support import gate
    return gate.pass_through(value)
"""


@pytest.fixture
def run(master_model):
    """Runs a test's coroutine with a cluster and a job."""
    gate.reset()

    def run(test):
        async def main():
            async with asyncio.timeout(20), AsyncCluster(master_model.path) as cluster, cluster.job(CODE) as job:
                await test(cluster, job)

        asyncio.run(main())

    yield run
    gate.open_gate()


def test_verbs(run):
    async def test(cluster, job):
        await job.update("set_data", np.arange(100_000))
        call = job.run("get_data")
        assert (await call).sum() == 4999950000
        assert (call.where, call.attempts, call.seconds) == ("node-1", 1, 0.001)
        assert await job.run(lambda x: 2 * x, 21) == 42
        assert await job.with_(timeout=3, retries=0, niceness=7).run("add", 1, y=2) == 3
        assert await job.number == 1
        assert await cluster.nodes() == [{"name": "node-1", "state": "run", "workers": 2}]

    run(test)


def test_a_thousand_calls_at_once(run):
    async def test(cluster, job):
        assert await asyncio.gather(*[job.run("add", number) for number in range(1000)]) == list(range(1, 1001))

    run(test)


def test_task_groups_take_calls(run):
    async def test(cluster, job):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(job.run("add", number)) for number in range(5)]
        assert [task.result() for task in tasks] == [1, 2, 3, 4, 5]
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.TaskGroup() as group:
                group.create_task(job.run("fail", "no"))
        assert isinstance(caught.value.exceptions[0], LookupError)

    run(test)


def test_maps(run):
    async def test(cluster, job):
        assert [result async for result in job.map("add", range(2000))] == list(range(1, 2001))
        assert [result async for result in job.map("add", range(20), buffersize=3, chunksize=2)] == list(range(1, 21))
        calls = [call async for call in job.as_completed("add", range(20))]
        assert sorted(call.result() for call in calls) == list(range(1, 21))
        calls = [call async for call in job.as_completed("add", range(20), buffersize=4)]
        assert sorted([await call for call in calls]) == list(range(1, 21))

    run(test)


def test_errors(run):
    async def test(cluster, job):
        with pytest.raises(LookupError, match="gone") as caught:
            await job.run("fail", "gone")
        assert "in fail" in str(caught.value.__cause__)
        with pytest.raises(RuntimeError, match="StopIteration"):
            await job.run("stop")
        with pytest.raises(CannotPickle):
            job.run("add", threading.Lock())
        results = job.map("add", [1, "two", 3], chunksize=1)
        assert await anext(results) == 2
        with pytest.raises(TypeError):
            await anext(results)
        with pytest.raises(UsageError):
            await cluster.ask("nonsense")

    run(test)


def test_cancelling_a_call_is_real(run, master_model):
    async def test(cluster, job):
        call = job.run("wait", 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(call, 0.05)
        assert call.cancelled()
        task = asyncio.create_task(anext(job.map("wait", [1, 2, 3, 4])))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while any(each.outstanding for each in master_model.model.jobs.values()):
            await asyncio.sleep(0.001)
        assert job.pending == 0
        assert not call.cancel()

    run(test)


def test_leaving_by_an_exception_cancels(run):
    async def test(cluster, job):
        with contextlib.suppress(ZeroDivisionError):
            async with cluster.job(CODE) as other:
                call = other.run("wait", 1)
                raise ZeroDivisionError
        with pytest.raises(JobCancelled):
            await call
        with pytest.raises(JobCancelled):
            await other.number
        with pytest.raises(JobCancelled):
            other.run("add", 1)

    run(test)


def test_leaving_otherwise_waits(run):
    async def test(cluster, job):
        async with cluster.job(CODE) as other:
            calls = [other.run("add", number) for number in range(50)]
        assert [call.result() for call in calls] == list(range(1, 51))

    run(test)


def test_broken_updates(run):
    async def test(cluster, job):
        await job.update("set_data")
        with pytest.raises(JobBroken):
            await job.run("add", 1)

    run(test)


def test_no_reference_is_kept(run):
    async def test(cluster, job):
        class Thing:
            pass

        seen = weakref.ref(await job.run(lambda: Thing()))
        assert await job.run("add", 1) == 2
        gc.collect()
        assert seen() is None

    run(test)


def test_no_master(tmp_path, master_model):
    async def main():
        with pytest.raises(MasterUnreachable):
            async with AsyncCluster(tmp_path / "nobody"):
                pass
        master_model.model.refuse = "Not you."
        with pytest.raises(NotAllowed):
            await AsyncCluster(master_model.path).connect()

    asyncio.run(main())


def test_calls_survive_a_restarted_master(run, master_model):
    async def test(cluster, job):
        master_model.hold = True
        calls = [job.run("add", number) for number in range(10)]
        once = job.with_(retries=0).run("add", 1)
        while not any(len(each.queue) == 11 for each in master_model.model.jobs.values()):
            await asyncio.sleep(0.001)
        master_model.go_away()
        master_model.model.restart()
        master_model.listen()
        with pytest.raises(NodeLost):
            await once
        master_model.release()
        assert await asyncio.gather(*calls) == list(range(1, 11))

    run(test)


def test_closing_ends_everything(run, master_model):
    async def test(cluster, job):
        call = job.run("wait", 1)
        await cluster.close()
        await cluster.close()
        with pytest.raises(JobCancelled):
            await call
        with pytest.raises(MasterUnreachable):
            cluster.job(CODE)

    run(test)
    master_model.wait_for(lambda model: not model.jobs)

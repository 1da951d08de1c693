from __future__ import annotations

import numpy as np
import pytest
from support import gate
from twisted.internet.defer import CancelledError, Deferred, gatherResults

from asyncluster.core.errors import JobCancelled, MasterUnreachable, NodeLost, UsageError
from asyncluster.tx import connect

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

def wait(value):
    from support import gate
    return gate.pass_through(value)
"""


@pytest.fixture
def run(master_model, reactor_thread):
    """Runs a test's coroutine in the reactor's thread with a cluster and a job."""
    gate.reset()

    def run(test):
        async def main():
            cluster = await connect(reactor_thread.reactor, master_model.path)
            try:
                job = await cluster.job(CODE)
                await test(cluster, job)
            finally:
                await cluster.close()

        reactor_thread.call(lambda: Deferred.fromCoroutine(main()).addTimeout(20, reactor_thread.reactor))

    yield run
    gate.open_gate()


async def until(reactor, condition):
    while not condition():
        turn = Deferred()
        reactor.callLater(0.001, turn.callback, None)
        await turn


def test_verbs(run):
    async def test(cluster, job):
        await job.update("set_data", np.arange(100_000))
        call = job.run("get_data")
        assert isinstance(call, Deferred)
        assert (await call).sum() == 4999950000
        assert (call.where, call.attempts) == ("node-1", 1)
        assert await job.with_(timeout=3, retries=0, niceness=7).run("add", 1, y=2) == 3
        assert await job.number() == 1
        assert await cluster.nodes() == [{"name": "node-1", "state": "run", "workers": 2}]
        results = await gatherResults([job.run("add", number) for number in range(500)])
        assert results == list(range(1, 501))

    run(test)


def test_maps(run):
    async def test(cluster, job):
        assert await job.map("add", range(2000)) == list(range(1, 2001))
        done = [await call async for call in job.as_completed("add", range(20), buffersize=3)]
        assert sorted(done) == list(range(1, 21))

    run(test)


def test_errors(run):
    async def test(cluster, job):
        with pytest.raises(LookupError, match="gone") as caught:
            await job.run("fail", "gone")
        assert "in fail" in str(caught.value.__cause__)
        with pytest.raises(TypeError):
            await job.map("add", [1, "two", 3])
        with pytest.raises(UsageError):
            await cluster.ask("nonsense")

    run(test)


def test_cancelling_is_real(run, master_model, reactor_thread):
    async def test(cluster, job):
        for started in (job.run("wait", 1), job.map("wait", [1, 2, 3])):
            started.cancel()
            with pytest.raises(CancelledError):
                await started
        model = master_model.model
        await until(reactor_thread.reactor, lambda: not any(each.outstanding for each in model.jobs.values()))
        assert job.pending == 0

    run(test)


def test_a_job_that_is_cancelled_tells_its_calls(run):
    async def test(cluster, job):
        call = job.run("wait", 1)
        job.cancel()
        with pytest.raises(JobCancelled):
            await call

    run(test)


def test_closing_a_job_waits_for_its_calls(run, master_model):
    async def test(cluster, job):
        calls = [job.run("add", number) for number in range(20)]
        await job.close()
        assert [await call for call in calls] == list(range(1, 21))

    run(test)
    master_model.wait_for(lambda model: not model.jobs)


def test_no_master(tmp_path, reactor_thread):
    with pytest.raises(MasterUnreachable):
        reactor_thread.call(connect, reactor_thread.reactor, tmp_path / "nobody")


def test_calls_survive_a_restarted_master(run, master_model, reactor_thread):
    async def test(cluster, job):
        master_model.hold = True
        calls = [job.run("add", number) for number in range(10)]
        once = job.with_(retries=0).run("add", 1)
        model = master_model.model
        await until(reactor_thread.reactor, lambda: any(len(each.queue) == 11 for each in list(model.jobs.values())))
        master_model.go_away()
        model.restart()
        master_model.listen()
        with pytest.raises(NodeLost):
            await once
        master_model.release()
        assert await gatherResults(calls) == list(range(1, 11))

    run(test)

"""Dask on a real cluster: processes, TLS, people, and the traps that Dask sets for computers that people sit at."""

from __future__ import annotations

import asyncio
import os
import threading
import uuid
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import get_worker
from distributed.comm import connect
from support.dask_lab import DaskLab, by_value
from support.processes import Daemon, wait_for

from asyncluster import JobBroken, UsageError
from asyncluster.core.engine.authority import Authority
from asyncluster.core.engine.request import make_request
from asyncluster.core.engine.security import dask_security

CODE = """
base = 0
def move(to):
    global base
    base = to
def value(x):
    return base + x
"""


def where(_number: int = 0) -> str:
    return str(get_worker().name)


def wait_for_file(path: str) -> str:
    """Notes that it has begun, waits until the file is there, and tells where it was."""
    with open(path + ".begun", "a") as file:
        file.write(f"{get_worker().name}\n")
    while not os.path.exists(path):
        threading.Event().wait(0.02)
    return str(get_worker().name)


def begun(path: Path) -> list[str]:
    note = Path(f"{path}.begun")
    return note.read_text().split() if note.exists() else []


def test_work_is_done_on_all_nodes_as_niced_as_the_configuration_says(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        assert dask.submit(pow, 2, 10).result(60) == 1024
        assert set(dask.run(os.getpriority, os.PRIO_PROCESS, 0).values()) == {10}
        assert len({name.split("/")[0] for name in dask.gather(dask.map(by_value(where), range(20), pure=False))}) == 2


def test_jobs_keep_their_meaning_beside_it(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.job(CODE) as job:
        assert list(job.map("value", range(3))) == [0, 1, 2]
        job.update("move", 10)
        assert list(job.map("value", range(3))) == [10, 11, 12]
        assert job.run("value", 5).result(60) == 15


def test_a_job_on_dask_keeps_the_meaning_of_run_map_and_update(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_job(CODE, name="shift") as job:
        assert list(job.map("value", range(20), buffersize=5)) == list(range(20))
        for step in range(1, 4):
            job.update("move", 10 * step)
            assert list(job.map("value", range(6))) == [10 * step + number for number in range(6)], "on every worker"
        assert len({job.run(uuid.uuid4).result(60) for _ in range(3)}) == 3, "each call runs"
        with pytest.raises(TypeError):
            job.run("value", "text").result(60)
        with pytest.raises(UsageError, match="no function 'valu'"):
            job.run("valu").result(60)
        assert job.pending == 0


def test_a_job_on_dask_whose_update_fails_says_so_at_its_calls(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_job(CODE) as job:
        job.update("move")
        with pytest.raises(JobBroken, match="missing 1 required positional argument"):
            job.run("value", 1).result(60)


def test_results_of_a_job_on_dask_do_not_stay_on_its_workers(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_job([len]) as job:
        assert list(job.map("len", ["a" * size for size in range(50)])) == list(range(50))
        # What stays is the code of the job.
        dask_lab.wait_until(lambda standing: standing["memory"] < 5000, "no results on the workers")


def test_status_tells_of_it_in_words_and_in_json(dask_lab: DaskLab) -> None:
    dask_lab.wait_for_workers(2)
    assert "2 workers on 2 nodes" in dask_lab.run("status").stdout
    assert dask_lab.json("status")["dask"]["state"] == "ready"


def test_a_certificate_of_another_authority_opens_nothing(dask_lab: DaskLab, tmp_path: Path) -> None:
    foreign = Authority.load(tmp_path)
    request = make_request()
    # It believes in the right authority, but has its own certificate from the wrong one.
    with dask_lab.client() as cluster:
        right = cluster.ask("dask client", csr=make_request().csr)["authority"]
    security = dask_security(right, foreign.sign(request.csr, "stranger"), request.key)

    async def knock() -> Any:
        address = f"tls://127.0.0.1:{dask_lab.dask_port}"
        return await connect(address, timeout=2, **security.get_connection_args("worker"))

    with pytest.raises(OSError):
        asyncio.run(knock())


def test_what_a_person_stops_is_elsewhere_already_and_what_ran_goes_on_later(dask_lab: DaskLab, tmp_path: Path) -> None:
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        done = dask.map(by_value(where), range(30), pure=False)
        results = dask.gather(done)
        assert len(set(results)) == 2
        gate = tmp_path / "gate"
        held = dask.submit(by_value(wait_for_file), str(gate), pure=False)
        (worker,) = wait_for(lambda: begun(gate), "the call has begun")
        names = sorted(dask_lab.standing()["workers"])
        seat = dask_lab.nodes[names.index(worker.split("/")[0])]
        dask_lab.sit_down(seat)
        dask_lab.wait_until(lambda standing: standing["paused"] == 1, "a pause")
        wait_for(lambda: _all_stopped(seat), "its workers are stopped")
        # Nothing waits for the computer that somebody sits at.
        assert dask.gather(done) == results
        assert dask.submit(by_value(where), pure=False).result(30) != worker
        gate.touch()
        assert not held.done()
        dask_lab.get_up(seat)
        assert held.result(60) == worker
        assert begun(gate) == [worker]
        dask_lab.wait_for_workers(2)


def test_where_everybody_sits_down_results_are_at_the_master(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        wait_for(lambda: len(dask.scheduler_info(n_workers=-1)["workers"]) == 3, "the depot is there", 60)
        done = dask.map(by_value(where), range(30), pure=False)
        results = dask.gather(done)
        for seat in dask_lab.nodes:
            dask_lab.sit_down(seat)
        dask_lab.wait_until(lambda standing: standing["paused"] == 2 and standing["kept"], "results at the master")
        wait_for(lambda: all(map(_all_stopped, dask_lab.nodes)), "all workers are stopped")
        assert dask.gather(done) == results
        follows = dask.submit(len, done)
        for seat in dask_lab.nodes:
            dask_lab.get_up(seat)
        assert follows.result(60) == 30
        dask_lab.wait_for_workers(2)


def test_drain_lets_what_runs_finish(dask_lab: DaskLab, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        held = dask.submit(by_value(wait_for_file), str(gate), pure=False)
        (worker,) = wait_for(lambda: begun(gate), "the call has begun")
        node = worker.split("/")[0]
        cluster.ask("node drain", names=[node])
        dask_lab.wait_until(lambda standing: standing["paused"] == 1, "a pause")
        assert dask.submit(by_value(where), pure=False).result(30) != worker
        gate.touch()
        assert held.result(60) == worker
        assert begun(gate) == [worker]
        dask_lab.wait_until(lambda standing: node not in standing["workers"], "the worker has gone")
        assert held.result(60) == worker  # and left its result behind
        cluster.ask("node resume", names=[node])
        dask_lab.wait_for_workers(2)


@pytest.mark.faults  # the crew's own tests have it in the small
def test_a_worker_that_exits_with_0_is_replaced(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        worker = dask.submit(by_value(where), pure=False).result(60)
        dask.retire_workers(names=[worker], close_workers=True)

        def replaced() -> bool:
            names = {worker["name"] for worker in dask_lab.workers(dask)}
            return len(names) == 2 and worker not in names

        wait_for(replaced, "a new worker", 60)


def test_only_impure_calls_run_each_time(dask_lab: DaskLab) -> None:
    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        pure = [dask.submit(uuid.uuid4) for _ in range(3)]  # all held: what nobody holds is forgotten
        assert len({future.result(30) for future in pure}) == 1, "Dask has changed its mind"
        impure = [dask.submit(uuid.uuid4, pure=False) for _ in range(3)]
        assert len({future.result(30) for future in impure}) == 3


def _all_stopped(node: Daemon) -> bool:
    children = psutil.Process(node.process.pid).children()
    return len(children) >= 2 and all(child.status() == psutil.STATUS_STOPPED for child in children)

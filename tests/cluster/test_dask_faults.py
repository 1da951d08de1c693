"""Dask on a real cluster when things go wrong, and with work that is larger than memory."""

from __future__ import annotations

import copyreg
import os
import pwd
import signal
import threading
import types
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psutil
import pytest
from distributed import KilledWorker
from support.dask_lab import DaskLab, by_value, lab
from support.processes import running, wait_for
from support.processtable import lives
from support.unix_people import processes_of

from asyncluster import CallFailed

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


@pytest.fixture
def own_lab(tmp_path: Path) -> Iterator[DaskLab]:
    """A lab for a test that breaks it."""
    with lab(tmp_path) as cluster:
        yield cluster


def scheduler_of(cluster: DaskLab) -> psutil.Process:
    """The process of the scheduler: the master's child's child."""
    master = psutil.Process(cluster.daemons[0].process.pid)
    (found,) = [
        child for child in master.children(recursive=True) if "asyncluster.core.engine.scheduler" in child.cmdline()
    ]
    return found


def wait_for_file(path: str) -> str:
    with open(path + ".begun", "a") as file:
        file.write(f"{os.getpid()}\n")
    while not os.path.exists(path):
        threading.Event().wait(0.02)
    return "done"


def begun(path: Path) -> list[int]:
    note = Path(f"{path}.begun")
    return [int(pid) for pid in note.read_text().split()] if note.exists() else []


def test_an_array_of_4_gb_on_two_workers_of_1_gb(dask_lab: DaskLab) -> None:
    import dask.array as da

    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        limits = [worker["memory_limit"] for worker in dask_lab.workers(dask)]
        assert limits == [10**9] * 2
        numbers = da.arange(500_000_000, chunks=4_000_000, dtype="float64")
        assert numbers.nbytes == 4 * 10**9
        kept = numbers.persist()  # in memory, as far as there is some, and else on the workers' disks
        total, most = dask.gather(dask.compute([kept.sum(), kept.max()]))
        assert float(total) == pytest.approx((500_000_000 - 1) * 500_000_000 / 2)
        assert float(most) == 500_000_000 - 1


def test_a_group_by_of_a_data_frame(dask_lab: DaskLab, monkeypatch: pytest.MonkeyPatch) -> None:
    # Whoever imports twisted.web, as other tests do, has methods pickled as Twisted does, and those of classes fail.
    monkeypatch.delitem(copyreg.dispatch_table, types.MethodType, raising=False)
    import dask.dataframe as dd
    import pandas as pd

    frame = pd.DataFrame({"room": [f"r{number % 7}" for number in range(70_000)], "load": range(70_000)})
    with dask_lab.client() as cluster, cluster.dask_client():
        means = dd.from_pandas(frame, npartitions=8).groupby("room").load.mean().compute()
        shuffled = dd.from_pandas(frame, npartitions=8).groupby("room").load.apply(len, meta=("load", int)).compute()
    pd.testing.assert_series_equal(means.sort_index(), frame.groupby("room").load.mean(), check_index_type=False)
    assert shuffled.to_dict() == {f"r{number}": 10_000 for number in range(7)}


def test_a_task_that_kills_its_worker_fails_after_the_third_time(dask_lab: DaskLab, tmp_path: Path) -> None:
    note = tmp_path / "note"

    def die() -> None:
        with note.open("a") as file:
            file.write("x")
        os.kill(os.getpid(), signal.SIGSEGV)

    with dask_lab.client() as cluster, cluster.dask_client() as dask:
        with pytest.raises(KilledWorker):
            dask.submit(die, pure=False).result(90)
        assert note.read_text() == "xxx"
        dask_lab.wait_for_workers(2)


def test_dasks_own_restart_finds_its_workers_again(own_lab: DaskLab) -> None:
    with own_lab.client() as cluster, cluster.dask_client() as dask:
        before = set(dask.run(os.getpid).values())
        dask.restart(timeout=60)
        after = set(dask.run(os.getpid).values())
        assert len(after) == 2
        assert not before & after


def test_a_scheduler_that_is_killed_comes_back_with_its_workers_and_clients_are_told(
    own_lab: DaskLab, tmp_path: Path
) -> None:
    with own_lab.client() as cluster, cluster.dask_client() as dask:
        held = dask.submit(by_value(wait_for_file), str(tmp_path / "never"), pure=False)
        wait_for(lambda: begun(tmp_path / "never"), "the call has begun")
        before = own_lab.standing()
        scheduler_of(own_lab).kill()
        with pytest.raises(CancelledError, match="lost the connection to the scheduler"):
            held.result(60)
        own_lab.wait_until(lambda standing: standing["starts"] == before["starts"] + 1, "another scheduler")
        own_lab.wait_for_workers(2)
        # Dask's own client finds the new one at the old address.
        assert wait_for(lambda: dask.status == "running", "the client is connected again", 60)
        assert dask.submit(pow, 2, 10).result(60) == 1024
        # A person's question while there is none has a clear answer.
    assert "Dask" in own_lab.run("status").stdout


def test_a_job_on_dask_goes_on_after_its_scheduler_was_lost(own_lab: DaskLab, tmp_path: Path) -> None:
    code = "base = 0\ndef move(to):\n    global base\n    base += to\ndef value(x):\n    return base + x\n"
    with own_lab.client() as cluster, cluster.dask_job(code) as job:
        job.update("move", 10)
        assert job.run("value", 1).result(60) == 11
        held = job.run(by_value(wait_for_file), str(tmp_path / "never"))
        wait_for(lambda: begun(tmp_path / "never"), "the call has begun")
        scheduler_of(own_lab).kill()
        with pytest.raises(CallFailed, match="Call again"):
            held.result(60)
        job.update("move", 100)
        assert job.run("value", 1).result(60) == 111
        assert list(job.map("value", range(3))) == [110, 111, 112]


def test_nodes_that_are_lost_count_against_no_task(own_lab: DaskLab, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    with own_lab.client() as cluster, cluster.dask_client() as dask:
        held = dask.submit(by_value(wait_for_file), str(gate), pure=False)
        for count in range(1, 6):  # Dask's own rule would have failed it at the fourth
            wait_for(lambda count=count: len(begun(gate)) >= count, f"begun {count} times", 60)  # type: ignore[misc]
            pid = begun(gate)[-1]
            (node,) = [
                daemon
                for daemon in own_lab.nodes
                if any(child.pid == pid for child in psutil.Process(daemon.process.pid).children())
            ]
            node.kill()
            own_lab.add_node()
            own_lab.wait_for_workers(2)
        gate.touch()
        assert held.result(60) == "done"


def test_people_come_and_go_in_the_middle_and_nothing_is_lost(own_lab: DaskLab) -> None:
    import dask.array as da

    with own_lab.client() as cluster, cluster.dask_client() as dask:
        numbers = da.arange(2_000_000, chunks=10_000, dtype="float64")
        work = [((numbers + step) ** 2).sum().persist() for step in range(12)]
        seat = own_lab.nodes[0]
        for _ in range(3):
            own_lab.sit_down(seat)
            own_lab.wait_until(lambda standing: standing["paused"] == 1, "a pause")
            own_lab.get_up(seat)
            own_lab.wait_for_workers(2)
        import numpy as np

        plain = np.arange(2_000_000, dtype="float64")
        expected = [float(((plain + step) ** 2).sum()) for step in range(12)]
        assert [float(value) for value in dask.gather(dask.compute(work))] == pytest.approx(expected)


def test_where_workers_have_to_end_for_people_their_calls_run_elsewhere(tmp_path: Path) -> None:
    with lab(tmp_path, when_in_use="stop") as cluster_lab, cluster_lab.client() as cluster:
        dask: Any
        gate = tmp_path / "gate"
        with cluster.dask_client() as dask:
            kept = dask.map(abs, range(-50, 0), pure=False)
            assert sum(dask.gather(kept)) == sum(range(1, 51))
            held = dask.submit(by_value(wait_for_file), str(gate), pure=False)
            wait_for(lambda: begun(gate), "the call has begun")
            pid = begun(gate)[0]
            (seat,) = [
                node
                for node in cluster_lab.nodes
                if any(child.pid == pid for child in psutil.Process(node.process.pid).children())
            ]
            cluster_lab.sit_down(seat)
            wait_for(lambda: len(begun(gate)) == 2, "begun elsewhere", 60)
            wait_for(lambda: not lives(pid), "the process is gone")
            assert sum(dask.gather(kept)) == sum(range(1, 51))
            gate.touch()
            assert held.result(60) == "done"
            cluster_lab.get_up(seat)
            cluster_lab.wait_for_workers(2)


def test_certificates_are_renewed_and_what_runs_finishes_with_the_old_one(tmp_path: Path) -> None:
    with lab(tmp_path, renew_after=20) as renewing, renewing.client() as cluster, cluster.dask_client() as dask:
        gate = tmp_path / "gate"
        kept = dask.map(abs, range(-50, 0), pure=False)
        assert sum(dask.gather(kept)) == sum(range(1, 51))
        held = dask.submit(by_value(wait_for_file), str(gate), pure=False)
        wait_for(lambda: begun(gate), "the call has begun")
        before = {worker["name"] for worker in renewing.workers(dask)}

        wait_for(lambda: {worker["name"] for worker in renewing.workers(dask)} - before, "a new worker", 90)
        assert not held.done()
        gate.touch()
        assert held.result(60) == "done"
        assert len(begun(gate)) == 1, "it was not begun again"
        wait_for(lambda: not before & {worker["name"] for worker in renewing.workers(dask)}, "the old ones go", 90)
        assert sum(dask.gather(kept)) == sum(range(1, 51))


@pytest.mark.root
def test_workers_of_another_account_are_started_drained_and_ended_by_the_steward(
    job_account: pwd.struct_passwd,
) -> None:
    with TemporaryDirectory(prefix="asyncluster-test-") as name:
        Path(name).chmod(0o755)
        with (
            lab(Path(name), worker_user=job_account.pw_name) as stewarded,
            stewarded.client() as cluster,
            cluster.dask_client() as dask,
        ):
            assert set(dask.run(os.getuid).values()) == {job_account.pw_uid}
            kept = dask.map(abs, range(-50, 0), pure=False)
            assert sum(dask.gather(kept)) == sum(range(1, 51))
            first, second = sorted(stewarded.standing()["workers"])
            cluster.ask("node drain", names=[first])
            stewarded.wait_until(lambda standing: set(standing["workers"]) == {second}, "one node is empty")
            assert sum(dask.gather(kept)) == sum(range(1, 51))
            cluster.ask("node resume", names=[first])
            stewarded.wait_for_workers(2)
        wait_for(lambda: not processes_of(job_account.pw_uid), "the end of all workers")


def test_where_the_only_node_is_drained_its_results_are_at_the_master(tmp_path: Path) -> None:
    with running(DaskLab(tmp_path)) as small:
        assert isinstance(small, DaskLab)
        small.start(nodes=1)
        with small.client() as cluster, cluster.dask_client() as dask:
            wait_for(lambda: len(dask.scheduler_info(n_workers=-1)["workers"]) == 2, "the depot is there", 60)
            kept = dask.map(abs, range(-50, 0), pure=False)
            assert sum(dask.gather(kept)) == sum(range(1, 51))
            (node,) = small.standing()["workers"]
            cluster.ask("node drain", names=[node])
            small.wait_until(lambda standing: not standing["workers"], "the worker has gone")
            assert sum(dask.gather(kept)) == sum(range(1, 51))


def test_a_call_that_lets_nobody_in_is_stopped_and_what_waits_goes_elsewhere(own_lab: DaskLab, tmp_path: Path) -> None:
    def hold(path: str) -> str:
        """Keeps Python's lock, so that its worker hears nothing."""
        with open(path, "w") as file:
            file.write(str(os.getpid()))
        sum(range(10**12))
        return "never"

    note = tmp_path / "note"
    with own_lab.client() as cluster, cluster.dask_client() as dask:
        hog = dask.submit(by_value(hold), str(note), pure=False)
        pid = int(wait_for(lambda: note.exists() and note.read_text(), "the call has begun"))
        (seat,) = [
            node
            for node in own_lab.nodes
            if any(child.pid == pid for child in psutil.Process(node.process.pid).children())
        ]
        waiting = dask.map(abs, range(40), pure=False)
        own_lab.sit_down(seat)
        wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, "the process is stopped")
        own_lab.wait_until(lambda standing: standing["paused"] == 1, "the scheduler knows")
        assert dask.gather(waiting) == list(range(40))
        hog.cancel()


def test_nothing_is_left_when_the_master_is_killed(own_lab: DaskLab) -> None:
    scheduler = scheduler_of(own_lab)
    starter = scheduler.parent()
    assert starter is not None
    os.kill(own_lab.daemons[0].process.pid, signal.SIGKILL)
    own_lab.daemons[0].process.wait()
    wait_for(lambda: not lives(scheduler.pid) and not lives(starter.pid), "scheduler and starter are gone")

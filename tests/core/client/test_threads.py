from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from support.master_model import Crash, running_master

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.errors import (
    JobBroken,
    JobCancelled,
    MasterUnreachable,
    NodeLost,
    NotAllowed,
    UsageError,
    WorkerCrashed,
)
from asyncluster.core.wire.messages import Failure, Refusal
from asyncluster.core.wire.payloads import CannotPickle

CODE = """
data = None
seen = []

def add(x, y=1):
    return x + y

def set_data(value):
    global data
    data = value

def get_data():
    return data

def fail(text):
    raise LookupError(text)
"""


@pytest.fixture
def cluster(master_model):
    with Cluster(master_model.path) as cluster:
        yield cluster


@pytest.fixture
def job(cluster):
    with cluster.job(CODE, name="trial") as job:
        yield job


class TestRunning:
    def test_a_call_by_name_gives_a_future_that_knows_where_it_ran(self, job):
        future = job.run("add", 2, y=5)
        assert isinstance(future, concurrent.futures.Future)
        assert future.result(10) == 7
        assert (future.where, future.attempts, future.seconds) == ("node-1", 1, 0.001)

    def test_functions_travel(self, job):
        offset = 40
        assert job.run(pow, 2, 10).result(10) == 1024
        assert job.run(lambda x: x + offset, 2).result(10) == 42
        assert job.run("text".upper).result(10) == "TEXT"

    def test_functions_that_come_and_go_do_not_make_the_log_longer(self, job, master_model):
        def adder(offset):
            return lambda x: x + offset

        assert [job.run(adder(offset), 1).result(10) for offset in range(20)] == list(range(1, 21))
        (model,) = master_model.model.jobs.values()
        assert len(model.kinds) == 1

    def test_a_job_of_functions_or_a_file(self, cluster, tmp_path):
        def double(x):
            return 2 * x

        with cluster.job([double]) as job:
            assert job.name == "double"
            assert job.run("double", 4).result(10) == 8
        path = tmp_path / "model.py"
        path.write_text("def triple(x): return 3 * x")
        for code in (path, str(path)):
            with cluster.job(code) as job:
                assert job.name == "model"
                assert job.run("triple", 4).result(10) == 12
        with cluster.job("from math import sqrt") as job:
            assert job.run("sqrt", 16).result(10) == 4
        with pytest.raises(FileNotFoundError):
            cluster.job("nowhere.py")
        with pytest.raises(UsageError):
            cluster.job(42)

    def test_exceptions_come_home_as_themselves_with_the_remote_traceback(self, job):
        with pytest.raises(LookupError, match="lost") as caught:
            job.run("fail", "lost").result(10)
        assert "in fail" in str(caught.value.__cause__)

    def test_updates_come_before_later_calls_and_large_ones_are_shared(self, job):
        array = np.arange(100_000)
        job.update("set_data", array)
        result = job.run("get_data").result(10)
        assert np.array_equal(result, array)
        result[0] = 7  # it is the author's own
        assert job.run("get_data").result(10)[0] == 0

    def test_arguments_that_cannot_travel_are_refused_at_once(self, job):
        with pytest.raises(CannotPickle, match="lock"):
            job.run("add", threading.Lock())

    def test_no_reference_to_arguments_or_result_is_kept(self, job):
        class Thing:
            pass

        thing = Thing()
        argument = weakref.ref(thing)
        result = job.run("add", 1)
        future = job.run(lambda thing: thing, thing)
        returned = weakref.ref(future.result(10))
        del thing, future
        result.result(10)
        gc.collect()
        assert argument() is None
        assert returned() is None

    def test_waiting_for_a_call_in_a_callback_is_refused(self, job):
        outcome = concurrent.futures.Future()

        def callback(done):
            try:
                job.run("add", 1).result()
            except UsageError as error:
                outcome.set_result(error)

        job.run("add", 1).add_done_callback(callback)
        assert "callback" in str(outcome.result(10))

    def test_a_callback_may_submit(self, job):
        second = concurrent.futures.Future()
        job.run("add", 1).add_done_callback(lambda done: second.set_result(job.run("add", done.result())))
        assert second.result(10).result(10) == 3

    def test_wait_and_as_completed_of_concurrent_futures_work(self, job):
        futures = [job.run("add", number) for number in range(50)]
        assert sum(future.result() for future in concurrent.futures.as_completed(futures, timeout=10)) == 1275

    def test_many_threads_may_submit(self, job):
        results = []

        def work(start):
            results.extend(future.result(10) for future in [job.run("add", start + each) for each in range(100)])

        threads = [threading.Thread(target=work, args=(100 * each,)) for each in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == list(range(1, 401))


class TestCancelling:
    def test_a_future_is_real(self, job, master_model):
        master_model.hold = True
        future = job.run("add", 1)
        master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
        assert future.cancel()
        assert future.cancel()
        master_model.wait_for(lambda model: not any(each.outstanding for each in model.jobs.values()))
        with pytest.raises(concurrent.futures.CancelledError):
            future.result(0)
        assert concurrent.futures.wait([future], 0).done == {future}

    def test_one_that_is_done_stays_done(self, job):
        future = job.run("add", 1)
        assert future.result(10) == 2
        assert not future.cancel()

    def test_a_job_ends_all_its_calls(self, cluster, master_model):
        master_model.hold = True
        job = cluster.job(CODE)
        futures = [job.run("add", 1), job.with_(niceness=9).run("add", 1)]
        job.cancel()
        for future in futures:
            with pytest.raises(JobCancelled):
                future.result(10)
        with pytest.raises(JobCancelled):
            job.run("add", 1)
        master_model.wait_for(lambda model: not model.jobs)

    def test_leaving_by_an_exception_cancels(self, cluster, master_model):
        master_model.hold = True
        with contextlib.suppress(ZeroDivisionError), cluster.job(CODE) as job:
            future = job.run("add", 1)
            raise ZeroDivisionError
        assert isinstance(future.exception(10), JobCancelled)

    def test_leaving_otherwise_waits(self, cluster):
        with cluster.job(CODE) as job:
            futures = [job.run("add", each) for each in range(100)]
        assert all(future.done() for future in futures)
        assert futures[99].result() == 100

    def test_an_operator_may_end_a_job(self, cluster, master_model):
        master_model.hold = True
        job = cluster.job(CODE)
        future = job.run("add", 1)
        master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
        with master_model.lock:
            (model,) = master_model.model.jobs.values()
            master_model.say(master_model.model.end_job(model, Failure("cancelled", "Cancelled by ann.")))
        with pytest.raises(JobCancelled, match="ann"):
            future.result(10)
        with pytest.raises(JobCancelled, match="ann"):
            job.update("set_data", 1)

    def test_closing_the_cluster_ends_everything(self, master_model):
        master_model.hold = True
        cluster = Cluster(master_model.path)
        future = cluster.job(CODE).run("add", 1)
        cluster.close()
        assert isinstance(future.exception(10), JobCancelled)
        master_model.wait_for(lambda model: not model.jobs)
        with pytest.raises(MasterUnreachable):
            cluster.ask("node list")


class TestMapping:
    def test_results_come_in_order(self, job):
        assert list(job.map("add", range(3000), [10] * 5000)) == list(range(10, 3010))
        assert list(job.map("add", [])) == []

    @pytest.mark.parametrize("chunksize", [1, 7, 1000])
    @pytest.mark.parametrize("buffersize", [None, 5])
    def test_however_they_travel(self, job, chunksize, buffersize):
        results = job.map("add", iter(range(50)), chunksize=chunksize, buffersize=buffersize)
        assert list(results) == list(range(1, 51))

    def test_buffersize_reads_no_further_than_it_must(self, job):
        read = []

        def source():
            for number in range(100):
                read.append(number)
                yield number

        results = job.map("add", source(), buffersize=3)
        assert read == [0, 1, 2]
        assert next(results) == 1
        assert len(read) <= 6
        results.close()
        with pytest.raises(ValueError, match="buffersize"):
            job.map("add", [], buffersize=0)
        with pytest.raises(TypeError):
            job.map("add", [], buffersize="2")
        with pytest.raises(ValueError, match="chunksize"):
            job.map("add", [], chunksize=0)

    def test_an_exception_comes_in_its_place_and_ends_the_rest(self, job):
        results = job.map("add", [1, 2, "three", 4], chunksize=2)
        assert [next(results), next(results)] == [2, 3]
        with pytest.raises(TypeError):
            next(results)
        with pytest.raises(StopIteration):
            next(results)

    def test_an_argument_that_cannot_travel_spoils_only_itself(self, job):
        results = job.map("add", [1, threading.Lock(), 3], chunksize=3)
        assert next(results) == 2
        with pytest.raises(CannotPickle):
            next(results)

    def test_of_a_chunk_that_a_worker_died_of_the_right_call_gets_the_blame(self, job):
        def deadly(x):
            if x == 3:
                raise Crash
            return x

        results = job.map(deadly, range(6), chunksize=6)
        assert [next(results) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(WorkerCrashed) as caught:
            next(results)
        assert (caught.value.signal, caught.value.stderr) == (9, "last words")

    def test_who_stops_taking_cancels_the_rest(self, job, master_model):
        results = job.map("add", range(100), chunksize=1)
        assert next(results) == 1
        master_model.hold = True
        results.close()
        master_model.wait_for(lambda model: not any(each.outstanding for each in model.jobs.values()))

    def test_no_reference_to_a_result_is_kept(self, job):
        class Thing:
            pass

        results = job.map(lambda number: Thing(), range(10), chunksize=2)
        for thing in results:
            seen = weakref.ref(thing)
            del thing
            assert seen() is None

    def test_as_completed(self, job):
        futures = list(job.as_completed("add", range(20)))
        assert sorted(future.result(0) for future in futures) == list(range(1, 21))
        read = iter(range(10))
        some = job.as_completed("add", read, buffersize=2)
        assert next(some).done()
        assert next(read) == 2
        some.close()

    def test_calls_that_may_run_once_never_share_a_chunk(self, job, master_model):
        assert list(job.with_(retries=0).map("add", range(20), chunksize=5)) == list(range(1, 21))
        (model,) = master_model.model.jobs.values()
        assert not any(kind.chunked for kind in model.kinds.values())

    def test_an_interrupt_cancels_what_was_started(self, job, master_model):
        master_model.hold = True
        results = job.map("add", range(100))
        master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
        main = threading.get_ident()
        threading.Timer(0.05, signal.pthread_kill, (main, signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            next(results)
        master_model.wait_for(lambda model: not any(each.outstanding for each in model.jobs.values()))
        assert job.pending == 0


class TestOptions:
    def test_travel_with_the_kind(self, job, master_model):
        job.with_(timeout=20, retries=5).run("add", 1).result(10)
        (model,) = master_model.model.jobs.values()
        (kind,) = model.kinds.values()
        assert (kind.name, kind.timeout, kind.retries, kind.chunked) == ("add", 20, 5, False)

    def test_another_niceness_is_another_job_with_the_same_updates(self, cluster, master_model):
        with cluster.job(CODE, name="trial", niceness=3) as job:
            job.update("set_data", "before")
            nice = job.with_(niceness=12)
            assert nice.run("get_data").result(10) == "before"
            nice.update("set_data", "after")
            assert [each.run("get_data").result(10) for each in (job, nice)] == ["after", "after"]
            names = {each.opening.niceness: each.opening.name for each in master_model.model.jobs.values()}
            assert names == {3: "trial", 12: "trial (niceness 12)"}
        master_model.wait_for(lambda model: not model.jobs)

    @pytest.mark.parametrize(
        "wrong", [{"timeout": 0}, {"timeout": float("nan")}, {"retries": -1}, {"retries": 1.5}, {"niceness": 20}]
    )
    def test_out_of_range_are_refused(self, job, wrong):
        with pytest.raises(UsageError):
            job.with_(**wrong)


class TestBroken:
    def test_code_is_told_once_and_by_every_call(self, cluster):
        with cluster.job("import nowhere_at_all\n") as job:
            futures = [job.run("f"), job.run("g")]
            for future in futures:
                with pytest.raises(JobBroken, match="nowhere_at_all"):
                    future.result(10)

    def test_update(self, job):
        job.update("set_data")
        with pytest.raises(JobBroken, match="TypeError"):
            job.run("get_data").result(10)


class TestMasterAway:
    def test_at_the_start_is_told_at_once_with_the_path(self, tmp_path):
        with pytest.raises(MasterUnreachable, match=str(tmp_path)):
            Cluster(tmp_path / "nobody.sock")

    def test_one_that_refuses(self, master_model):
        master_model.model.refuse = "You are not one of the job users."
        with pytest.raises(NotAllowed, match="job users"):
            Cluster(master_model.path)

    def test_one_that_says_nothing(self, tmp_path, monkeypatch):
        monkeypatch.setattr("asyncluster.core.client.session.GREETING_SECONDS", 0.05)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(tmp_path / "dumb.sock"))
            listener.listen()
            with pytest.raises(MasterUnreachable, match="does not answer"):
                Cluster(tmp_path / "dumb.sock")

    def test_calls_survive_a_broken_connection(self, job, master_model, caplog):
        master_model.hold = True
        futures = [job.run("add", number) for number in range(20)]
        master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
        master_model.drop_client()
        master_model.wait_for(lambda model: model.greeted)
        master_model.release()
        assert [future.result(10) for future in futures] == list(range(1, 21))
        said = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len([text for text in said if "is lost" in text]) == 1
        assert len([text for text in said if "is back" in text]) == 1

    def test_calls_survive_a_restarted_master(self, job, master_model):
        master_model.hold = True
        job.update("set_data", np.arange(50_000))
        futures = [job.run("get_data"), job.run("add", 1)]
        once = job.with_(retries=0).run("add", 1)
        master_model.wait_for(lambda model: any(len(each.queue) == 3 for each in model.jobs.values()))
        master_model.go_away()
        master_model.model.restart()
        master_model.listen()
        with pytest.raises(NodeLost):
            once.result(10)
        master_model.release()
        assert futures[0].result(10).sum() == sum(range(50_000))
        assert futures[1].result(10) == 2

    def test_patience_ends(self, master_model):
        with Cluster(master_model.path, patience=0.05) as cluster:
            master_model.hold = True
            future = cluster.job(CODE).run("add", 1)
            master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
            master_model.go_away()
            with pytest.raises(MasterUnreachable, match="given up"):
                future.result(10)
            with pytest.raises(MasterUnreachable):
                cluster.job(CODE)


class TestAsking:
    def test_answers_and_refusals(self, cluster, master_model):
        assert cluster.nodes() == [{"name": "node-1", "state": "run", "workers": 2}]
        master_model.model.answers["kick"] = Refusal(0, 4, "You may not do that.")
        with pytest.raises(NotAllowed):
            cluster.ask("kick", name="ann")
        with pytest.raises(UsageError):
            cluster.ask("nonsense")


def test_ten_thousand_calls_pass_through_a_narrow_window(tmp_path):
    with running_master(tmp_path, window=50) as master, Cluster(master.path) as cluster, cluster.job(CODE) as job:
        futures = [job.run("add", number) for number in range(3000)]
        assert sum(future.result(20) for future in futures) == sum(range(1, 3001))


def test_the_collector_is_left_alone_afterwards(job, master_model):
    usual = gc.get_threshold()
    master_model.hold = True
    futures = [job.run("add", number) for number in range(1500)]
    raised = []
    deadline = time.monotonic() + 10
    while not raised and time.monotonic() < deadline:
        raised = [threshold for threshold in [gc.get_threshold()] if threshold != usual]
        job.run("add", 0).cancel()
    assert raised == [(50_000, 50, 100)]
    master_model.release()
    concurrent.futures.wait(futures, 20)
    job.run("add", 1).result(10)
    assert gc.get_threshold() == usual


def test_a_forked_child_is_told_to_open_its_own(cluster, job):
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            job.run("add", 1)
            os.write(writing, b"it worked?")
        except MasterUnreachable as error:
            os.write(writing, str(error).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        assert b"forked" in pipe.read()
    os.waitpid(child, 0)
    assert job.run("add", 1).result(10) == 2


def test_a_program_that_just_ends_takes_its_jobs_along(master_model):
    program = (
        "import sys, asyncluster\n"
        "c = asyncluster.Cluster(sys.argv[1])\n"
        "f = c.job('def f(): return 5\\n').run('f')\n"
        "print(f.result())\n"
        "c.job('def g(): return 6\\n').number\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, master_model.path], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("5\n", "", 0)
    master_model.wait_for(lambda model: not model.jobs)

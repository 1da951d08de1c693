"""joblib's own promises, kept on the cluster; and scikit-learn on a real one."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from support import gate
from support.unix_people import wait_for

import asyncluster as ac


@pytest.fixture
def backend(master_model):
    ac.register_joblib_backend()
    gate.reset()
    with parallel_config("asyncluster", socket=master_model.path):
        yield master_model
    gate.open_gate()


@pytest.fixture(scope="module")
def room():
    ac.register_joblib_backend()
    with ac.LocalCluster(nodes=2, workers=1) as cluster:
        yield cluster


def wait_at_gate(value):
    from support import gate

    return gate.pass_through(value)


def square_of_the_first(data, number):
    return data[0] * number**2


def nested():
    with Parallel(n_jobs=2) as inner:
        return sum(inner(delayed(abs)(number) for number in range(5)))


def test_results_come_in_order(backend):
    assert Parallel()(delayed(divmod)(n, 7) for n in range(200)) == [divmod(n, 7) for n in range(200)]


def test_all_workers_unless_somebody_says_otherwise(backend):
    assert joblib.effective_n_jobs() == joblib.effective_n_jobs(-1) == 2
    assert joblib.effective_n_jobs(-2) == joblib.effective_n_jobs(-9) == 1
    assert joblib.effective_n_jobs(5) == 5
    with pytest.raises(ValueError, match="n_jobs == 0"):
        joblib.effective_n_jobs(0)


@pytest.mark.parametrize("jobs", [1, -2])
def test_one_at_a_time_is_here(backend, jobs):
    here = threading.get_native_id()
    assert set(Parallel(n_jobs=jobs)(delayed(threading.get_native_id)() for _ in range(3))) == {here}
    assert backend.model.jobs == {}


def test_a_number_of_jobs_bounds_what_is_handed_over(backend):
    backend.hold = True
    results = Parallel(n_jobs=2, batch_size=1, pre_dispatch="all", return_as="generator")(
        delayed(abs)(number) for number in range(6)
    )
    backend.wait_for(lambda model: sum(len(job.queue) for job in model.jobs.values()) == 2)
    backend.hold = False
    backend.release()
    assert list(results) == list(range(6))


def test_an_exception_ends_the_rest(backend):
    def calls():
        yield delayed(wait_at_gate)(1)
        yield delayed(divmod)(1, 0)
        for number in range(1000):
            yield delayed(abs)(number)

    with pytest.raises(ZeroDivisionError) as caught:
        Parallel(batch_size=1)(calls())
    assert "divmod" in str(caught.value.__cause__) or "func(*args, **kwargs)" in str(caught.value.__cause__)
    backend.wait_for(lambda model: not model.jobs)


def test_a_parallel_that_stays_open_goes_on_after_a_failure(backend):
    with Parallel(batch_size=1) as parallel:
        with pytest.raises(ZeroDivisionError):
            parallel(delayed(divmod)(1, n) for n in (1, 0, 2))
        assert parallel(delayed(abs)(n) for n in range(4)) == [0, 1, 2, 3]


def open_jobs(cluster):
    return [
        job["number"] for job in cluster.ask("job list") if job["state"] in ("opening", "idle", "waiting", "running")
    ]


def test_a_block_is_one_job_with_the_same_processes_throughout(room):
    gc.disable()
    with parallel_config("asyncluster", socket=room.socket):
        processes = set()
        for count in (4, 6):
            processes.update(Parallel(batch_size=1)(delayed(os.getpid)() for _ in range(count)))
            assert len(open_jobs(room)) == 1
        assert len(processes) <= 2
    try:
        wait_for(lambda: not open_jobs(room), "the end of the job", 20.0)
    finally:
        gc.enable()


def test_generators_at_the_same_time_have_jobs_of_their_own(room):
    def calls(first):
        yield delayed(abs)(first)
        yield from (delayed(time.sleep)(60) for _ in range(3))

    with parallel_config("asyncluster", socket=room.socket):
        one = Parallel(batch_size=1, return_as="generator")(calls(1))
        other = Parallel(batch_size=1, return_as="generator")(delayed(abs)(n) for n in range(50))
        assert (next(one), next(other)) == (1, 0)
        assert len(open_jobs(room)) == 2
        with pytest.warns(UserWarning, match="have been cancelled"):
            one.close()
        assert list(other) == list(range(1, 50))
        assert Parallel()(delayed(abs)(n) for n in range(3)) == [0, 1, 2]


def test_the_libraries_of_a_call_have_as_many_threads_as_somebody_says(room):
    with parallel_config("asyncluster", socket=room.socket, inner_max_num_threads=3):
        assert Parallel()(delayed(os.getenv)("OMP_NUM_THREADS") for _ in range(2)) == ["3", "3"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, multiprocessing.TimeoutError])
def test_what_comes_between_ends_running_calls(backend, error):
    def calls():
        yield delayed(wait_at_gate)(1)
        yield delayed(wait_at_gate)(2)
        if error is KeyboardInterrupt:
            raise error

    with pytest.raises(error):
        Parallel(batch_size=1, timeout=0.05)(calls())
    backend.wait_for(lambda model: not model.jobs)
    gate.open_gate()
    assert Parallel()(delayed(abs)(n) for n in range(3)) == [0, 1, 2]


def test_a_call_may_use_joblib_itself(backend):
    assert Parallel()(delayed(nested)() for _ in range(2)) == [10, 10]


def test_large_arrays_arrive(backend):
    data = np.full(100_000, 3.0)
    assert Parallel()(delayed(square_of_the_first)(data, n) for n in range(3)) == [0.0, 3.0, 12.0]


def test_it_is_a_job_that_people_see(master_model):
    ac.register_joblib_backend()
    gate.reset()
    with parallel_config("asyncluster", socket=master_model.path, name="forest", niceness=4):
        results = Parallel(return_as="generator")(delayed(wait_at_gate)(n) for n in range(2))
        master_model.wait_for(lambda model: model.jobs)
        (job,) = master_model.model.jobs.values()
        gate.open_gate()
        assert list(results) == [0, 1]
    assert (job.opening.name, job.opening.niceness) == ("forest", 4)


def test_without_joblib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "joblib", None)
    with pytest.raises(ac.UsageError, match=r"pip install 'asyncluster\[joblib\]'"):
        ac.register_joblib_backend()


def test_scikit_learn_finds_on_the_cluster_what_it_finds_here(room):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.svm import SVC

    images, digits = load_digits(return_X_y=True)
    images, digits = images[:400], digits[:400]

    def search():
        return GridSearchCV(SVC(), {"C": [0.1, 1.0], "gamma": [1e-3, 1e-2]}, cv=3).fit(images, digits)

    here, scores = search(), cross_val_score(SVC(), images, digits, cv=3)
    with parallel_config("asyncluster", socket=room.socket):
        there = search()
        assert cross_val_score(SVC(), images, digits, cv=3).tolist() == scores.tolist()
    assert there.best_params_ == here.best_params_
    assert there.best_score_ == here.best_score_
    assert there.cv_results_["mean_test_score"].tolist() == here.cv_results_["mean_test_score"].tolist()

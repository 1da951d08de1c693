"""joblib's own promises, kept on the cluster; and scikit-learn on a real one."""

from __future__ import annotations

import threading

import joblib
import numpy as np
import pytest
from joblib import Parallel, delayed, parallel_config
from support import gate

import asyncluster as ac


@pytest.fixture
def backend(master_model):
    ac.register_joblib_backend()
    gate.reset()
    with parallel_config("asyncluster", socket=master_model.path):
        yield master_model
    gate.open_gate()


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


def test_one_at_a_time_is_here(backend):
    here = threading.get_native_id()
    assert set(Parallel(n_jobs=1)(delayed(threading.get_native_id)() for _ in range(3))) == {here}
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


def test_scikit_learn_finds_on_the_cluster_what_it_finds_here():
    from sklearn.datasets import load_digits
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.svm import SVC

    images, digits = load_digits(return_X_y=True)
    images, digits = images[:400], digits[:400]

    def search():
        return GridSearchCV(SVC(), {"C": [0.1, 1.0], "gamma": [1e-3, 1e-2]}, cv=3).fit(images, digits)

    here, scores = search(), cross_val_score(SVC(), images, digits, cv=3)
    ac.register_joblib_backend()
    with ac.LocalCluster(nodes=2, workers=1) as cluster, parallel_config("asyncluster", socket=cluster.socket):
        there = search()
        assert cross_val_score(SVC(), images, digits, cv=3).tolist() == scores.tolist()
    assert there.best_params_ == here.best_params_
    assert there.best_score_ == here.best_score_
    assert there.cv_results_["mean_test_score"].tolist() == here.cv_results_["mean_test_score"].tolist()

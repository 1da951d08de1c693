"""The light future passes what the standard library's future passes."""

from __future__ import annotations

import concurrent.futures
import threading

import pytest

from asyncluster.core.client.light import LightFuture


@pytest.fixture(params=[concurrent.futures.Future, LightFuture])
def future(request):
    return request.param()


def test_a_fresh_one(future):
    assert (future.done(), future.running(), future.cancelled()) == (False, False, False)
    with pytest.raises(TimeoutError):
        future.result(0)
    with pytest.raises(TimeoutError):
        future.exception(0)
    assert "pending" in repr(future)


def test_a_result(future):
    future.set_result(42)
    assert (future.done(), future.result(), future.result(0), future.exception(0)) == (True, 42, 42, None)
    assert "finished returned int" in repr(future)
    assert not future.cancel()
    for late in (lambda: future.set_result(1), lambda: future.set_exception(ValueError())):
        with pytest.raises(concurrent.futures.InvalidStateError):
            late()


def test_an_exception(future):
    error = ValueError("no")
    future.set_exception(error)
    assert future.done()
    assert future.exception() is error
    with pytest.raises(ValueError, match="no"):
        future.result()
    assert "raised ValueError" in repr(future)


def test_running(future):
    assert future.set_running_or_notify_cancel()
    assert future.running()
    assert not future.cancel()
    future.set_result(1)
    assert future.result() == 1


def test_cancelling(future):
    assert future.cancel()
    assert future.cancel()
    assert (future.done(), future.cancelled()) == (True, True)
    with pytest.raises(concurrent.futures.CancelledError):
        future.result()
    assert not future.set_running_or_notify_cancel()
    with pytest.raises(concurrent.futures.InvalidStateError):
        future.set_result(1)


def test_somebody_waits(future):
    results = []
    waiters = [threading.Thread(target=lambda: results.append(future.result(10))) for _ in range(3)]
    for waiter in waiters:
        waiter.start()
    future.set_result(5)
    for waiter in waiters:
        waiter.join()
    assert results == [5, 5, 5]


def test_callbacks_before_and_after(future):
    seen = []
    future.add_done_callback(lambda done: seen.append(("before", done)))
    future.set_result(1)
    future.add_done_callback(lambda done: seen.append(("after", done)))
    assert seen == [("before", future), ("after", future)]


def test_waiting_for_several(future):
    other = LightFuture()
    assert concurrent.futures.wait([future, other], 0).not_done == {future, other}
    threading.Timer(0.01, future.set_result, [1]).start()
    first = concurrent.futures.wait([future, other], 10, concurrent.futures.FIRST_COMPLETED)
    assert first.done == {future}
    other.set_result(2)
    assert {each.result() for each in concurrent.futures.as_completed([future, other], 10)} == {1, 2}


def test_waiters_and_their_end_may_race():
    for _ in range(300):
        future, start = LightFuture(), threading.Barrier(2)
        results = []

        def wait(future=future, start=start, results=results):
            start.wait()
            results.append(future.result(10))

        waiter = threading.Thread(target=wait)
        waiter.start()
        start.wait()
        future.set_result(7)
        waiter.join()
        assert results == [7]


def test_other_attributes_are_not_invented():
    with pytest.raises(AttributeError, match="nonsense"):
        LightFuture().nonsense  # noqa: B018

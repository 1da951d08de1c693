"""What `concurrent.futures` documents, sentence by sentence, and what `ProcessPoolExecutor` does beside it."""

from __future__ import annotations

import concurrent.futures
import gc
import multiprocessing
import pickle
import subprocess
import sys
import threading
import weakref
from concurrent.futures.process import BrokenProcessPool

import pytest
from support import gate
from support.master_model import Crash, running_master

from asyncluster.core.client.executor import Executor
from asyncluster.core.client.pace import Pace
from asyncluster.core.errors import JobBroken, MasterUnreachable, WorkerCrashed
from asyncluster.core.rhythm import CLIENT_AHEAD
from asyncluster.core.wire.messages import Failure


def wait_at_gate(value=None):
    from support import gate

    return gate.pass_through(value)


def touch(value):
    from support import gate

    return gate.touch(value)


def note(value):
    from support import gate

    gate.seen.append(value)


def die(value=None):
    raise Crash


def fail(value):
    raise ValueError(value)


class Unpicklable:
    def __reduce__(self):
        raise pickle.PicklingError("this stays at home")


class BreaksWhenUnpickled:
    def __reduce__(self):
        return fail, ("broken on arrival",)


@pytest.fixture(autouse=True)
def closed_gate():
    gate.reset()
    yield
    gate.open_gate()


@pytest.fixture
def executor(master_model):
    with Executor(socket=master_model.path) as executor:
        yield executor
        gate.open_gate()


class TestSubmit:
    def test_returns_a_future(self, executor):
        future = executor.submit(pow, 2, 10)
        assert isinstance(executor, concurrent.futures.Executor)
        assert isinstance(future, concurrent.futures.Future)
        assert future.result(10) == 1024

    def test_takes_any_keyword(self, executor):
        assert executor.submit(dict, fn=1, self=2, timeout=3).result(10) == {"fn": 1, "self": 2, "timeout": 3}

    def test_takes_lambdas_and_closures(self, executor):
        offset = 5
        assert executor.submit(lambda x: x + offset, 1).result(10) == 6

    def test_an_exception_has_its_type_and_the_remote_traceback(self, executor):
        error = executor.submit(fail, "no").exception(10)
        assert type(error) is ValueError
        assert "in fail" in str(error.__cause__)
        assert "raise ValueError(value)" in str(error.__cause__)

    def test_what_cannot_be_called_fails_in_the_future(self, executor):
        with pytest.raises(TypeError, match="'str' object is not callable"):
            executor.submit("pow", 2).result(10)

    def test_arguments_that_cannot_be_pickled_fail_in_the_future(self, executor):
        with pytest.raises(pickle.PicklingError, match="stays at home"):
            executor.submit(pow, Unpicklable(), 2).result(10)
        with pytest.raises(TypeError, match="lock"):
            executor.submit(pow, threading.Lock()).result(10)
        assert executor.submit(pow, 2, 3).result(10) == 8

    def test_arguments_that_break_when_they_are_unpickled(self, executor):
        with pytest.raises(ValueError, match="broken on arrival"):
            executor.submit(str, BreaksWhenUnpickled()).result(10)

    def test_results_that_cannot_be_pickled_or_unpickled(self, executor):
        with pytest.raises(Exception, match="stays at home"):
            executor.submit(Unpicklable).result(10)
        with pytest.raises(ValueError, match="broken on arrival"):
            executor.submit(BreaksWhenUnpickled).result(10)

    def test_a_thousand_failures_in_a_row_are_a_thousand_failures(self, executor):
        futures = [executor.submit(pow, Unpicklable()) for _ in range(1000)]
        assert all(isinstance(future.exception(10), pickle.PicklingError) for future in futures)


class TestFutures:
    def test_one_that_waits_can_be_cancelled_and_one_that_runs_cannot(self, master_model):
        with Executor(1, socket=master_model.path) as executor:
            first, second = executor.submit(wait_at_gate, 1), executor.submit(pow, 2, 3)
            assert first.running()
            assert not first.cancel()
            assert not second.running()
            assert second.cancel()
            assert second.cancelled()
            gate.open_gate()
            assert first.result(10) == 1
            with pytest.raises(concurrent.futures.CancelledError):
                second.result(10)
            assert concurrent.futures.wait([second], 10).not_done == set()

    def test_result_and_exception_time_out(self, executor):
        future = executor.submit(wait_at_gate)
        with pytest.raises(TimeoutError):
            future.result(0.01)
        with pytest.raises(TimeoutError):
            future.exception(timeout=0.01)
        assert concurrent.futures.wait([future], 0.01).not_done == {future}

    def test_wait_and_as_completed(self, executor):
        futures = [executor.submit(pow, number, 2) for number in range(20)]
        assert {future.result() for future in concurrent.futures.as_completed(futures, 10)} == {
            number**2 for number in range(20)
        }
        assert concurrent.futures.wait(futures, 10).done == set(futures)
        failing = [executor.submit(fail, 1), executor.submit(wait_at_gate)]
        done, not_done = concurrent.futures.wait(failing, 10, concurrent.futures.FIRST_EXCEPTION)
        assert (done, not_done) == ({failing[0]}, {failing[1]})

    def test_callbacks_get_the_future_in_the_order_they_were_added(self, executor):
        future = executor.submit(wait_at_gate, 7)
        seen = []
        for name in "ab":
            future.add_done_callback(lambda done, name=name: seen.append((name, done)))
        gate.open_gate()
        future.result(10)
        future.add_done_callback(lambda done: seen.append(("c", done)))
        assert concurrent.futures.wait([executor.submit(pow, 1, 1)], 10).done
        assert seen[:2] == [("a", future), ("b", future)]
        assert ("c", future) in seen

    def test_an_exception_in_a_callback_is_logged_and_ignored(self, executor, caplog):
        future = executor.submit(pow, 2, 2)
        called = threading.Event()
        future.add_done_callback(lambda done: 1 / 0)
        future.add_done_callback(lambda done: called.set())
        assert called.wait(10)
        assert "exception calling callback" in caplog.text

    def test_no_reference_to_what_came_and_went(self, executor):
        class Thing:
            def method(self):
                return Thing()

        thing = Thing()
        seen = [weakref.ref(thing)]
        future = executor.submit(Thing.method, thing)
        seen.append(weakref.ref(future.result(10)))
        del thing, future
        executor.submit(pow, 1, 1).result(10)
        gc.collect()
        assert [each() for each in seen] == [None, None]


class TestMap:
    def test_is_like_the_builtin(self, executor):
        assert list(executor.map(pow, range(10), range(10))) == list(map(pow, range(10), range(10)))
        assert list(executor.map(pow, range(3), range(10))) == [1, 1, 4]
        assert list(executor.map(pow, [], [])) == []

    @pytest.mark.parametrize("chunksize", [1, 3, 6, 100])
    @pytest.mark.parametrize("buffersize", [None, 1, 4])
    def test_in_chunks(self, executor, chunksize, buffersize):
        results = executor.map(pow, range(40), [2] * 40, chunksize=chunksize, buffersize=buffersize)
        assert list(results) == [number**2 for number in range(40)]

    @pytest.mark.parametrize("chunksize", [1, 4])
    def test_an_exception_comes_when_its_value_is_taken(self, executor, chunksize):
        results = executor.map(divmod, [1, 1, 1, 1], [2, 3, 0, 5], chunksize=chunksize)
        assert [next(results), next(results)] == [(0, 1), (0, 1)]
        with pytest.raises(ZeroDivisionError):
            next(results)
        with pytest.raises(StopIteration):
            next(results)

    def test_an_argument_in_a_chunk_that_cannot_be_pickled(self, executor):
        results = executor.map(str, [1, Unpicklable(), 3], chunksize=3)
        assert next(results) == "1"
        with pytest.raises(pickle.PicklingError):
            next(results)

    def test_the_iterables_are_collected_at_once_unless_buffersize_is_given(self, executor):
        read = []

        def source():
            for number in range(10):
                read.append(number)
                yield number

        results = executor.map(str, source())
        assert read == list(range(10))
        read.clear()
        results = executor.map(str, source(), buffersize=2)
        assert read == [0, 1]
        assert next(results) == "0"
        assert read == [0, 1, 2]

    def test_time_is_counted_from_the_call_of_map(self, executor):
        results = executor.map(wait_at_gate, [1, 2], timeout=0.05)
        with pytest.raises(TimeoutError):
            next(results)

    @pytest.mark.parametrize(
        ("options", "error"),
        [({"chunksize": 0}, ValueError), ({"buffersize": 0}, ValueError), ({"buffersize": 1.5}, TypeError)],
    )
    def test_wrong_sizes(self, executor, options, error):
        with pytest.raises(error):
            executor.map(str, [1], **options)

    def test_what_cannot_be_called(self, executor):
        with pytest.raises(TypeError, match="not callable"):
            list(executor.map("pow", [1, 2], chunksize=2))

    def test_who_stops_taking_cancels_what_waits(self, master_model):
        with Executor(1, socket=master_model.path) as executor:
            results = executor.map(wait_at_gate, range(50))
            gate.open_gate()
            assert next(results) == 0
            gate.reset()
            results.close()
            gate.open_gate()
        assert len(gate.seen) < 50

    def test_no_reference_to_a_result_is_kept(self, executor):
        class Thing:
            def __init__(self, number):
                pass

        for chunksize in (1, 3):
            for thing in executor.map(Thing, range(9), chunksize=chunksize):
                seen = weakref.ref(thing)
                del thing
                assert seen() is None


class TestWorkers:
    def test_at_most_max_workers_calls_run_at_once(self, tmp_path):
        with running_master(tmp_path, workers=4) as master, Executor(2, socket=master.path) as executor:
            assert list(executor.map(touch, range(40))) == list(range(40))
        assert gate.most_at_once == 2

    def test_the_initializer_runs_before_the_first_call(self, master_model):
        with Executor(1, initializer=note, initargs=["ready"], socket=master_model.path) as executor:
            assert executor.submit(touch, 4).result(10) == 4
        assert gate.seen == ["ready", 4]

    def test_an_initializer_that_fails_breaks_the_executor(self, master_model):
        with Executor(1, initializer=fail, initargs=("unlucky",), socket=master_model.path) as executor:
            futures = [executor.submit(pow, 2, 2) for _ in range(5)]
            for future in futures:
                error = future.exception(10)
                assert isinstance(error, BrokenProcessPool)
                assert "unlucky" in str(error)
            assert isinstance(error.__cause__, JobBroken)
            with pytest.raises(BrokenProcessPool, match="unlucky"):
                executor.submit(pow, 2, 2)
            with pytest.raises(BrokenProcessPool):
                executor.map(str, [1])

    def test_a_worker_that_dies_fails_its_call_and_no_other(self, executor):
        futures = [executor.submit(pow, 2, 2), executor.submit(die), executor.submit(pow, 3, 2)]
        assert [futures[0].result(10), futures[2].result(10)] == [4, 9]
        error = futures[1].exception(10)
        assert isinstance(error, BrokenProcessPool)
        assert isinstance(error, concurrent.futures.BrokenExecutor)
        assert isinstance(error, WorkerCrashed)
        assert (error.signal, error.stderr) == (9, "last words")
        assert executor.submit(pow, 2, 5).result(10) == 32

    def test_in_a_chunk_as_well(self, executor):
        def deadly(number):
            return die() if number == 2 else number

        results = executor.map(deadly, range(5), chunksize=5)
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(BrokenProcessPool):
            next(results)
        assert executor.submit(pow, 2, 5).result(10) == 32

    def test_a_job_that_is_cancelled_from_outside_breaks_the_executor(self, executor, master_model):
        future = executor.submit(wait_at_gate)
        master_model.wait_for(lambda model: model.started)
        with master_model.lock:
            (model,) = master_model.model.jobs.values()
            master_model.say(master_model.model.end_job(model, Failure("cancelled", "Cancelled by ann.")))
        with pytest.raises(BrokenProcessPool, match="ann"):
            future.result(10)
        with pytest.raises(BrokenProcessPool):
            executor.submit(pow, 2, 2)


class TestArguments:
    @pytest.mark.parametrize("number", [0, -1])
    def test_max_workers_must_be_positive(self, number):
        with pytest.raises(ValueError, match="max_workers must be greater than 0"):
            Executor(number)

    def test_the_initializer_must_be_callable(self):
        with pytest.raises(TypeError, match="initializer must be a callable"):
            Executor(initializer="no")

    @pytest.mark.parametrize(("number", "error"), [(1.5, TypeError), (0, ValueError), (3, ValueError)])
    def test_max_tasks_per_child_is_refused(self, number, error):
        with pytest.raises(error, match="max_tasks_per_child"):
            Executor(max_tasks_per_child=number)

    def test_any_mp_context_is_accepted(self, master_model):
        with Executor(2, multiprocessing.get_context("spawn"), socket=master_model.path) as executor:
            assert executor.submit(pow, 2, 2).result(10) == 4

    def test_no_master(self, tmp_path):
        with pytest.raises(MasterUnreachable):
            Executor(socket=tmp_path / "nobody")


class TestShutdown:
    def test_nothing_is_taken_afterwards(self, master_model):
        executor = Executor(socket=master_model.path)
        executor.shutdown()
        executor.shutdown()
        with pytest.raises(RuntimeError, match="cannot schedule new futures after shutdown"):
            executor.submit(pow, 2, 2)
        with pytest.raises(RuntimeError):
            executor.map(str, [1])

    def test_waits_for_all_calls(self, master_model):
        executor = Executor(1, socket=master_model.path)
        futures = [executor.submit(touch, number) for number in range(10)]
        executor.shutdown()
        assert [future.result(0) for future in futures] == list(range(10))
        master_model.wait_for(lambda model: not model.jobs)

    def test_leaving_the_with_block_waits(self, master_model):
        with Executor(1, socket=master_model.path) as executor:
            future = executor.submit(touch, 3)
        assert future.result(0) == 3

    def test_without_wait_the_calls_come_to_their_end_in_the_background(self, master_model):
        executor = Executor(1, socket=master_model.path)
        futures = [executor.submit(wait_at_gate, number) for number in range(5)]
        executor.shutdown(wait=False)
        assert not futures[0].done()
        with pytest.raises(RuntimeError):
            executor.submit(pow, 2, 2)
        gate.open_gate()
        assert [future.result(10) for future in futures] == list(range(5))
        master_model.wait_for(lambda model: not model.jobs)

    def test_cancel_futures_cancels_what_waits_and_nothing_else(self, master_model):
        executor = Executor(2, socket=master_model.path)
        futures = [executor.submit(wait_at_gate, number) for number in range(20)]
        threading.Timer(0.02, gate.open_gate).start()
        executor.shutdown(cancel_futures=True)
        assert [future.result(0) for future in futures[:2]] == [0, 1]
        assert all(future.cancelled() for future in futures[2:])
        assert concurrent.futures.wait(futures, 1).not_done == set()

    def test_cancel_futures_without_wait(self, master_model):
        executor = Executor(1, socket=master_model.path)
        futures = [executor.submit(wait_at_gate, number) for number in range(5)]
        executor.shutdown(wait=False, cancel_futures=True)
        assert all(future.cancelled() for future in futures[1:])
        gate.open_gate()
        assert futures[0].result(10) == 0

    def test_from_a_callback_does_not_wait_for_itself(self, master_model):
        executor = Executor(socket=master_model.path)
        done = threading.Event()

        def end(future):
            executor.shutdown(wait=True)
            done.set()

        executor.submit(pow, 2, 2).add_done_callback(end)
        assert done.wait(10)
        master_model.wait_for(lambda model: not model.jobs)

    def test_an_executor_that_nobody_refers_to_ends_itself(self, master_model):
        executor = Executor(socket=master_model.path)
        future = executor.submit(pow, 2, 2)
        assert future.result(10) == 4
        del executor, future
        gc.collect()
        master_model.wait_for(lambda model: not model.jobs)

    def test_what_was_submitted_is_run_although_the_program_ends(self, master_model):
        program = (
            "import sys, asyncluster\n"
            "e = asyncluster.Executor(1, socket=sys.argv[1])\n"
            "fs = [e.submit(pow, 2, n) for n in range(10)]\n"
            "fs[-1].add_done_callback(lambda f: print(f.result(), flush=True))\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, master_model.path], capture_output=True, text=True, timeout=30, check=False
        )
        assert (done.stdout, done.stderr, done.returncode) == ("512\n", "", 0)


class TestPace:
    def test_a_fixed_number_is_kept(self):
        pace = Pace(3)
        pace.ran(1e-6)
        pace.counted([{"workers": 50, "state": "run"}], 0.0)
        assert pace.limit == 3
        assert not pace.wants_workers(1e9)

    def test_long_calls_are_handed_over_one_more_than_there_are_workers(self):
        pace = Pace(None)
        pace.counted([{"workers": 5, "state": "run"}, {"workers": 9, "state": "lost"}], 0.0)
        pace.ran(10.0)
        assert pace.limit == 6

    def test_short_ones_many_at_once(self):
        pace = Pace(None)
        pace.counted([{"workers": 2, "state": "nice"}], 0.0)
        pace.ran(1e-4)
        assert pace.limit == 3 + round(CLIENT_AHEAD * 2 / 1e-4)
        pace.ran(0.0)
        for _ in range(100):
            pace.ran(0.0)
        assert 3 + 5000 < pace.limit <= 3 + 10_000

    def test_workers_are_counted_again_now_and_then(self):
        pace = Pace(None)
        assert not pace.wants_workers(100.0)  # being counted
        pace.counted(None, 100.0)
        assert not pace.wants_workers(101.0)
        assert pace.wants_workers(103.0)
        assert not pace.wants_workers(104.0)

    def test_at_least_one_is_handed_over_when_there_is_no_node(self):
        pace = Pace(None)
        pace.counted([], 0.0)
        assert pace.limit >= 1


def test_killing_the_workers_ends_everything(master_model):
    executor = Executor(1, socket=master_model.path)
    running, waiting = executor.submit(wait_at_gate), executor.submit(pow, 2, 3)
    executor.kill_workers()
    with pytest.raises(BrokenProcessPool):
        running.result(10)
    assert waiting.cancelled()
    with pytest.raises(RuntimeError):
        executor.submit(pow, 2, 3)
    master_model.wait_for(lambda model: not model.jobs)

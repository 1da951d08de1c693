"""What a worker process does with messages: the real process on a socketpair."""

from __future__ import annotations

import os
import textwrap
import time

import numpy as np
import pytest
from support.waiting import wait_for

from asyncluster.core.errors import UsageError
from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads
from asyncluster.core.wire.limits import INLINE
from asyncluster.ndm.worker import page

JOB = 0x1234

CODE = textwrap.dedent(
    """
    import dataclasses

    data = []

    @dataclasses.dataclass
    class Params:
        loc: float

    def add(x):
        data.append(x)

    def total():
        return sum(data)

    def fail(x):
        raise KeyError(x)

    def make():
        return Params(0.5)

    def is_params(value):
        return isinstance(value, Params)

    def echo(*args, **kwargs):
        return args, kwargs
    """
)


def test_code_updates_and_calls_run_in_order(worker):
    worker.load(CODE)
    worker.update("add", 2)
    assert worker.call("total") == 2
    worker.update("add", 3)
    assert worker.call("total") == 5


def test_a_batch_comes_back_in_one_message_and_in_order(worker):
    worker.load(CODE)
    kind = worker.kind("echo")
    worker.send(m.Run(JOB, [(n, 1, kind, payloads.encode_call((n,)).payload) for n in range(1, 51)]))
    rows = []
    while len(rows) < 50:
        rows += worker.until(m.Done).rows
    assert [row[:3] for row in rows] == [(n, 1, m.RETURNED) for n in range(1, 51)]
    assert payloads.decode_result(rows[-1][4]) == ((50,), {})


def test_a_result_does_not_wait_for_the_slow_call_behind_it(worker):
    worker.load("import time\ndef nap(seconds):\n    time.sleep(seconds)\n    return seconds\n")
    kind = worker.kind("nap")
    rows = [(n, 1, kind, payloads.encode_call((s,)).payload) for n, s in [(1, 0.002), (2, 600)]]
    worker.send(m.Run(JOB, rows))
    while not (kept := worker.page.kept()):
        assert worker.process.poll() is None
    assert [row[0] for row in m.decoder(m.Done).decode(kept).rows] == [1]


def test_few_results_leave_together(worker):
    worker.load("import time\ndef nap(seconds):\n    time.sleep(seconds)\n    return seconds\n")
    kind = worker.kind("nap")
    payload = payloads.encode_call((0.002,)).payload
    worker.send(m.Run(JOB, [(n, 1, kind, payload) for n in range(1, 20)]))
    messages = [worker.until(m.Done).rows]
    while messages[-1][-1][0] < 19:
        messages.append(worker.until(m.Done).rows)
    assert [row[0] for rows in messages for row in rows] == list(range(1, 20))
    assert len(messages) < 19
    wait_for(lambda: worker.page.kept() == b"", "the pages to say that all have been sent")


def test_results_come_before_the_entry_that_fails(worker):
    worker.load("import time\ndef nap(seconds):\n    time.sleep(seconds)\n")
    kind = worker.kind("nap")
    worker.send(m.Run(JOB, [(1, 1, kind, payloads.encode_call((0.002,)).payload)]))
    worker.update("nap", "not a number")
    assert isinstance(worker.receive(), m.Done)
    assert isinstance(worker.receive(), m.Unfit)


def test_rows_that_are_taken_back_do_not_run(worker):
    worker.load("import time\ndef nap(seconds):\n    time.sleep(seconds)\n    return seconds\n")
    kind = worker.kind("nap")
    worker.send(m.Run(JOB, [(n, 1, kind, payloads.encode_call((s,)).payload) for n, s in [(1, 0.2), (2, 0), (3, 0)]]))
    worker.send(m.Skip(JOB, [(2, 1)]))
    calls = [row[0] for row in worker.until(m.Done).rows]
    while 3 not in calls:
        calls += [row[0] for row in worker.until(m.Done).rows]
    assert calls == [1, 3]


def test_the_page_tells_the_running_row_and_entry(worker):
    worker.load("import time\ndef nap(seconds):\n    time.sleep(seconds)\n")
    kind = worker.kind("nap")
    before = time.monotonic()
    worker.send(m.Run(JOB, [(9, 4, kind, payloads.encode_call((600,)).payload)]))
    while worker.page.glance().call != 9:
        assert worker.process.poll() is None
    glance = worker.page.glance()
    assert (glance.call, glance.attempt, glance.entry) == (9, 4, None)
    assert before < glance.since < time.monotonic()


def test_the_page_tells_when_a_row_is_finished(worker):
    worker.load(CODE)
    assert worker.page.glance() == page.Glance(0, 0, None, None)
    worker.call("total")
    assert worker.page.glance() == page.Glance(1, 1, None, None)


def test_errors_come_with_the_author_s_lines_only(worker):
    worker.load(CODE, "cauchy.py")
    with pytest.raises(KeyError) as caught:
        worker.call("fail", "beta")
    text = str(caught.value.__cause__)
    assert 'File "cauchy.py", line ' in text
    assert "raise KeyError(x)" in text
    assert "loop.py" not in text


@pytest.mark.parametrize("error", ["SystemExit(3)", "KeyboardInterrupt()", "GeneratorExit()"])
def test_nothing_that_is_raised_ends_the_worker(worker, error):
    worker.load(f"def leave():\n    raise {error}\ndef stay():\n    return 1\n")
    kind = worker.kind("leave")
    worker.run(kind)
    ((_, _, outcome, _, payload),) = worker.until(m.Done).rows
    assert outcome == m.RAISED
    assert type(payloads.decode_error(payload)).__name__ == error.partition("(")[0]
    assert worker.call("stay") == 1


def test_a_result_that_cannot_be_pickled_is_an_error_naming_it(worker):
    worker.load("import threading\ndef make():\n    return {'a': threading.Lock()}\n")
    with pytest.raises(payloads.CannotPickle, match=r"\['a'\] is of type lock"):
        worker.call("make")


def test_leaving_while_the_result_is_pickled_is_an_error_too(worker):
    worker.load("class Bad:\n    def __reduce__(self):\n        raise SystemExit\ndef make():\n    return Bad()\n")
    with pytest.raises(SystemExit):
        worker.call("make")


def test_an_unknown_function_is_an_error_of_the_call(worker):
    worker.load(CODE)
    with pytest.raises(UsageError, match=r"no function 'loglike'\. It has: Params, add"):
        worker.call("loglike")


def test_a_function_may_come_with_a_later_update(worker):
    worker.load("def grow():\n    global late\n    late = lambda: 5\n")
    kind = worker.kind("late")
    worker.run(kind)
    with pytest.raises(UsageError):
        worker.result()
    worker.update("grow")
    worker.run(kind)
    assert worker.result() == 5


def test_a_function_may_be_sent_itself(worker):
    worker.load("")
    offset = 40
    assert worker.call(lambda x: x + offset, 2) == 42


def test_a_list_of_functions_is_a_namespace_that_shares_its_globals(worker):
    worker.load([remember, recall])
    worker.update("remember", 17)
    assert worker.call("recall") == 17


def remember(value):
    global memory
    memory = value


def recall():
    return memory


def test_chunks_keep_the_outcomes_of_their_calls_apart(worker):
    worker.load(CODE)
    kind = worker.kind("echo", chunked=True)
    bad = worker.kind("fail", chunked=True)
    for chunk_kind in (kind, bad):
        packed = payloads.encode_chunk([(1,), (2,)])
        worker.send(m.Run(JOB, [(chunk_kind, 1, chunk_kind, packed.payload)]))
    rows = list(worker.until(m.Done).rows)
    while len(rows) < 2:
        rows += worker.until(m.Done).rows
    results = [payloads.decode_chunk_results(row[4]) for row in rows]
    assert results[0] == [(((1,), {}), None), (((2,), {}), None)]
    assert [type(error) for _, error in results[1]] == [KeyError, KeyError]


def test_large_arguments_and_results_travel_as_blobs(worker):
    worker.load("def double(a):\n    a *= 2\n    return a\n")
    array = np.arange(INLINE, dtype=np.float64)
    assert np.array_equal(worker.call("double", array), array * 2)


def test_what_one_call_does_to_large_arguments_the_next_does_not_see(worker):
    worker.load("def spoil(a):\n    a += 1\n    return a[0]\n")
    kind = worker.kind("spoil")
    array = np.zeros(INLINE)
    worker.run(kind, array)
    assert worker.result() == 1
    worker.run(kind, array)
    assert worker.result() == 1


def test_large_data_of_an_update_are_there_for_every_call(worker):
    worker.load("def keep(a):\n    global data\n    data = a\ndef total():\n    return data.sum()\n")
    worker.update("keep", np.ones(INLINE))
    assert worker.call("total") == INLINE


@pytest.mark.parametrize("step", ["code", "update"])
def test_entries_that_fail_make_the_worker_unfit(worker, step):
    if step == "code":
        worker.load("import no_such_module\n", "mine.py")
    else:
        worker.load("def broken():\n    raise ValueError('no data')\n", "mine.py")
        worker.update("broken")
    worker.run(worker.kind("anything"))
    unfit = worker.until(m.Unfit)
    assert unfit.index == (0 if step == "code" else 1)
    assert 'File "mine.py", line ' in unfit.traceback
    assert ("no_such_module" if step == "code" else "no data") in unfit.traceback
    worker.socket.shutdown(1)
    with pytest.raises(Exception, match="0"):  # it said nothing of the call, and left when told to
        worker.until(m.Done)


def test_classes_of_the_namespace_are_the_same_in_all_its_workers(start):
    """A result goes home and comes back as an argument, to another worker."""
    one, two = start(), start()
    for worker in (one, two):
        worker.load(CODE)
    value = one.call("make")
    assert value.loc == 0.5
    assert two.call("is_params", value) is True
    assert one.call("is_params", value) is True
    assert type(two.call("make")) is type(value)


def test_keyword_arguments(worker):
    worker.load(CODE)
    kind = worker.kind("echo")
    worker.send(m.Run(JOB, [(1, 1, kind, payloads.encode_call((1,), {"b": 2}).payload)]))
    assert worker.result() == ((1,), {"b": 2})


def test_it_leaves_when_the_node_daemon_hangs_up(worker):
    worker.load(CODE)
    assert worker.call("total") == 0
    worker.socket.close()
    assert worker.wait() == 0


def test_a_call_that_forks_and_returns_twice_gives_one_result(worker):
    worker.load("import os\ndef twice():\n    return os.fork()\ndef after():\n    return 'one'\n")
    child = worker.call("twice")
    assert child > 0
    assert worker.call("after") == "one"
    assert worker.call("after") == "one"


def test_here(worker):
    worker.load(
        "from asyncluster.ndm.worker import here\n"
        "def tell():\n    here.progress(0.4, 'burn-in')\n    return here.job, here.node, here.call\n"
    )
    kind = worker.kind("tell")
    call = worker.run(kind)
    assert worker.until(m.Progress) == m.Progress(JOB, call, 0.4, "burn-in")
    assert worker.result() == ("cauchy", "node1", call)


def test_a_worker_is_confined(start):
    worker = start(niceness=7, memory=400 * 1024 * 1024)
    worker.load(
        "import os, resource\n"
        "def facts():\n"
        "    status = dict(l.split() for l in open('/proc/self/status') if len(l.split()) == 2)\n"
        "    return (os.getpriority(0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0], status['NoNewPrivs:'],\n"
        "            os.getsid(0) == os.getpid(), os.getcwd(), os.environ['TMPDIR'], os.listdir('/proc/self/fd'),\n"
        "            open('/proc/self/oom_score_adj').read().strip(), os.umask(0o077), 'SECRET' in os.environ)\n"
        "def hog():\n    return len(bytearray(800 * 1024 * 1024))\n"
    )
    nice, core, no_new_privs, leader, cwd, tmp, fds, oom, mask, secret = worker.call("facts")
    assert (nice, core, no_new_privs, leader, oom, mask, secret) == (7, 0, "1", True, "800", 0o077, False)
    assert cwd == tmp == str(worker.directory)
    assert len(fds) == 6  # three standard ones, socket, page, and the directory that is being listed
    with pytest.raises(MemoryError):
        worker.call("hog")


def test_the_secrets_of_the_spawner_s_environment_stay_there(start, monkeypatch):
    monkeypatch.setenv("SECRET", "x")
    monkeypatch.setenv("LC_TIME", "C.UTF-8")
    worker = start()
    worker.load("import os\ndef names():\n    return sorted(os.environ)\n")
    names = worker.call("names")
    assert "SECRET" not in names
    assert {"LC_TIME", "PATH", "HOME", "TMPDIR", "OMP_NUM_THREADS"} <= set(names)


def test_it_dies_with_its_parent(start):
    """A worker whose parent is not the expected one does not even begin."""
    worker = start()
    worker.process.send_signal(9)
    assert worker.wait() == -9
    assert os.path.isdir(worker.directory)

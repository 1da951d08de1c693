"""The rules of the brain, one by one."""

from __future__ import annotations

import pytest

from asyncluster.core.errors import ProtocolError
from asyncluster.core.rhythm import NODE_GATHERS, WORKER_AHEAD
from asyncluster.core.wire import messages as m
from asyncluster.ndm.node import instructions as i
from asyncluster.ndm.node.brain import ENTRY_DEATHS, NAMELESS_DEATHS
from asyncluster.ndm.node.giving import OUTBOX
from asyncluster.ndm.worker.page import Glance

JOB, OTHER = 77, 88
QUICK, ONCE, TIMED = 1, 2, 3
AHEAD = int(1024 * WORKER_AHEAD)  # calls that a worker has at most, as each takes 1/1024 s


# --- Giving ---------------------------------------------------------------------------------------------------


def test_a_spare_worker_is_there_from_the_start_and_takes_the_first_call(make_node):
    node = make_node()
    assert list(node.workers) == [1]
    node.open()
    node.run(1)
    assert [type(message) for message in node.workers[1]] == [
        m.WorkerSetup,
        m.Code,
        m.CallKind,
        m.CallKind,
        m.CallKind,
        m.Run,
    ]
    assert node.workers[1][0] == m.WorkerSetup(JOB, 1, "cauchy", "node1")
    node.ready()
    node.pass_time(0.6)
    assert list(node.workers) == [1, 2]  # the next spare one


def test_as_many_workers_as_slots_have_work(node):
    node.run(1, 2, 3)
    assert [node.given(worker) for worker in node.workers] == [[1], [2]]
    node.finish(1, 1)
    assert node.given(1) == [1, 3]


def test_a_worker_gets_the_entries_it_lacks_before_a_call(node):
    node.run(1)
    node.finish(1, 1)
    update = m.Update(JOB, 4, b"update")
    node.send(update)
    node.run(2)
    assert node.workers[1][-2:] == [update, m.Run(JOB, [(2, 1, QUICK, b"2")])]


def test_entries_that_are_here_already_are_ignored(node):
    node.open()
    node.run(1)
    assert sum(isinstance(message, m.CallKind) for message in node.workers[1]) == 3


@pytest.mark.parametrize(
    "message",
    [
        m.Code(JOB, 7, b""),
        m.Code(OTHER, 0, b""),
        m.Run(OTHER, [(1, 1, QUICK, b"")]),
        m.Run(JOB, [(1, 1, 99, b"")]),
        m.WorkerSetup(JOB, 1, "", ""),
    ],
)
def test_nonsense_is_refused(node, message):
    with pytest.raises(ProtocolError):
        node.send(message)


def test_calls_nobody_has_timed_go_one_by_one_and_quick_ones_in_batches(node):
    node.warm()
    node.run(*range(1, 3 * AHEAD))
    assert [len(node.given(worker)) - 1 for worker in (1, 2)] == [AHEAD, AHEAD]


def test_a_worker_gets_more_before_it_runs_dry(node):
    node.warm()
    node.run(*range(1, 3 * AHEAD))
    mine = node.given(1)[1:]
    half = AHEAD // 2
    node.finish(1, *mine[: half - 1])
    assert len(node.given(1)) == 1 + AHEAD
    node.finish(1, *mine[half - 1 : half + 1])
    assert len(node.given(1)) >= 1 + AHEAD + half


def test_what_is_left_is_divided_among_the_slots(node):
    node.warm()
    node.run(1, 2, 3, 4)
    assert [len(node.given(worker)) - 1 for worker in (1, 2)] == [2, 2]


def test_slow_calls_go_one_by_one(node):
    node.warm()
    node.run(1)
    node.finish(1, 1, seconds=2)
    node.run(2, 3, 4, 5)
    assert [len(node.given(worker)) for worker in (1, 2)] == [3, 2]


@pytest.mark.parametrize("kind", [ONCE, TIMED])
def test_calls_that_answer_for_their_worker_go_one_by_one(node, kind):
    node.warm()
    node.run(1, kind=kind)
    node.finish(1, 1)
    node.run(2, 3, 4, 5, kind=kind)
    assert [len(node.given(worker)) for worker in (1, 2)] == [3, 2]


def test_jobs_share_the_slots_by_niceness(make_node):
    node = make_node(slots=1)
    node.open(JOB, niceness=0)
    node.open(OTHER, niceness=5)
    node.run(*range(1, 2001), job=JOB)
    node.run(*range(1, 2001), job=OTHER)
    got = {JOB: 0, OTHER: 0}
    for _ in range(600):
        ((worker, job),) = [
            (worker, messages[0].job)
            for worker, messages in node.workers.items()
            if node.pages.get(worker, Glance(0, 0, None, None)).call != max(node.given(worker), default=0)
            and node.given(worker)
        ]
        call = max(node.given(worker))
        node.now += 0.1
        node.finish(worker, call, seconds=0.1, job=job)
        got[job] += 1
    assert got[JOB] / got[OTHER] == pytest.approx(1.25**5, rel=0.05)


def test_a_new_job_does_not_wait_for_a_long_queue(node):
    node.warm()
    node.run(*range(1, 1001))
    node.open(OTHER)
    node.run(1, job=OTHER)
    for call in [call for call in node.given(1) if call < 9000]:
        node.finish(1, call)
    given = [message for messages in node.workers.values() for message in messages if message.job == OTHER]
    assert isinstance(given[-1], m.Run)


def test_idle_workers_are_ended_when_there_are_many(make_node):
    node = make_node(slots=1)
    for job in (1, 2, 3, 4):
        node.open(job)
        node.run(1, job=job)
        node.finish(node.has(1), 1, job=job)
        node.now += 1
    assert node.killed == [1]


def test_large_data_are_named_in_a_message_of_their_own(node):
    node.warm()
    blobs = [(b"x" * 16, 100)]
    node.send(
        m.Run(JOB, [(1, 1, QUICK, b"1")]),
        m.RunLarge(JOB, (2, 1, QUICK, b"2"), blobs),
        m.Run(JOB, [(3, 1, QUICK, b"3")]),
    )
    messages = [message for messages in node.workers.values() for message in messages]
    assert m.RunLarge(JOB, (2, 1, QUICK, b"2"), blobs) in messages


# --- Results --------------------------------------------------------------------------------------------------


def test_results_are_numbered_and_kept_until_they_are_acknowledged(node):
    node.run(1, 2)
    node.finish(1, 1)
    node.finish(2, 2)
    first, second = node.told(m.Done)
    assert (first.serial, second.serial) == (1, 2)
    node.brain.disconnected(node.now)
    node.brain.connected("node1", node.now)
    node.carry_out()
    assert node.told(m.Done) == [first, second]
    node.send(m.Acknowledge(1))
    node.brain.connected("node1", node.now)
    node.carry_out()
    assert node.told(m.Done) == [second]


def test_a_job_without_calls_is_listed_so_that_the_master_can_say_that_it_is_over(node):
    node.run(1)
    node.finish(1, 1)
    assert node.brain.holding() == [m.Holding(JOB, [], 4)]


def test_without_a_master_work_goes_on(node):
    node.run(1, 2, 3)
    node.brain.disconnected(node.now)
    node.finish(1, 1)
    node.finish(1, 3)
    assert node.master == []
    assert node.brain.holding() == [m.Holding(JOB, [(2, 1)], 4)], "its calls, and how much of its log"
    node.brain.connected("node1", node.now)
    node.carry_out()
    assert [row[0] for message in node.told(m.Done) for row in message.rows] == [1, 3]


@pytest.fixture
def repeatable(make_node):
    """A node with a warm job whose calls may all run again."""
    node = make_node()
    node.send(m.JobAt(OTHER, 2, "pi", "bob", 0), m.Code(OTHER, 0, b"code"), m.CallKind(OTHER, 1, QUICK, "f", b"f"))
    node.warm(job=OTHER)
    return node


def numbers(messages):
    return [row[0] for message in messages for row in message.rows]


def test_results_of_busy_workers_travel_together(repeatable):
    node = repeatable
    node.run(*range(1, 20), job=OTHER)
    worker = node.has(1)
    calls = [call for call in node.given(worker) if call < 20]
    node.finish(worker, calls[0], job=OTHER)
    node.now += 0.6 * NODE_GATHERS
    node.finish(worker, calls[1], job=OTHER)
    assert not node.told(m.Done), "there may be more soon"
    node.now += 0.6 * NODE_GATHERS
    node.finish(worker, calls[2], job=OTHER)
    (done,) = node.told(m.Done)
    assert numbers([done]) == calls[:3]


def test_results_wait_for_nothing_when_their_worker_has_nothing_left(repeatable):
    node = repeatable
    node.run(1, job=OTHER)
    node.finish(node.has(1), 1, job=OTHER)
    assert numbers(node.told(m.Done)) == [1]


def test_results_leave_at_the_next_look_at_the_latest(repeatable):
    node = repeatable
    node.run(*range(1, 20), job=OTHER)
    node.finish(node.has(1), 1, job=OTHER)
    assert not node.told(m.Done)
    node.pass_time(0.001)
    assert numbers(node.told(m.Done)) == [1]


def test_the_master_hears_of_results_before_it_hears_that_the_job_does_not_work(repeatable):
    node = repeatable
    node.run(*range(1, 20), job=OTHER)
    worker = node.has(1)
    node.finish(worker, 1, job=OTHER)
    node.brain.from_worker(worker, m.Unfit(OTHER, 0, "no"), node.now)
    node.carry_out()
    kinds = [type(message) for message in node.master]
    assert kinds.index(m.Done) < kinds.index(m.Unfit)


def test_results_of_a_job_that_is_over_are_forgotten(repeatable):
    node = repeatable
    node.run(*range(1, 20), job=OTHER)
    node.finish(node.has(1), 1, job=OTHER)
    node.send(m.DropJob(OTHER))
    node.pass_time(0.1)
    assert not node.told(m.Done)


def test_results_of_a_job_with_calls_that_may_not_run_again_do_not_wait(node):
    node.warm()
    node.run(*range(1, 20))
    node.finish(node.has(1), 1)
    assert numbers(node.told(m.Done)) == [1]


def test_results_that_nobody_fetches_are_bounded(node):
    node.brain.disconnected(node.now)
    node.run(*range(1, 20))
    payload = bytes(OUTBOX + 1)
    node.brain.from_worker(1, m.Done(0, JOB, [(1, 1, m.RETURNED, 1000, payload)]), node.now)
    node.carry_out()
    node.finish(2, 2)
    assert (node.given(1), node.given(2)) == ([1], [2])
    node.brain.connected("node1", node.now)
    node.send(m.Acknowledge(1))
    assert len(node.given(2)) > 1


def test_large_results_are_forgotten_when_the_master_has_them(node):
    node.run(1)
    blob = (b"b" * 16, 1000)
    node.brain.from_worker(1, m.DoneLarge(0, JOB, (1, 1, m.RETURNED, 5, b""), [blob]), node.now)
    node.carry_out()
    assert node.told(m.DoneLarge) == [m.DoneLarge(1, JOB, (1, 1, m.RETURNED, 5, b""), [blob])]
    node.send(m.Acknowledge(1))
    assert node.others == [i.ForgetBlob(JOB, blob[0])]
    assert node.told(m.DropBlob) == [m.DropBlob(JOB, blob[0])]


def test_a_result_whose_data_another_one_shares_keeps_them(node):
    node.run(1, 2)
    blob = (b"b" * 16, 1000)
    for worker, call in ((1, 1), (2, 2)):
        node.brain.from_worker(worker, m.DoneLarge(0, JOB, (call, 1, m.RETURNED, 5, b""), [blob]), node.now)
    node.brain.from_worker(1, m.DoneLarge(0, JOB, (9, 1, m.RETURNED, 5, b""), [blob]), node.now)
    node.send(m.Acknowledge(1))
    assert node.others == []
    node.send(m.Acknowledge(2))
    assert node.others == [i.ForgetBlob(JOB, blob[0])]


def test_large_data_that_do_not_fit_fail_the_call_or_the_job(node):
    node.brain.too_large(m.RunLarge(JOB, (1, 1, QUICK, b""), [(b"b" * 16, 1 << 40)]), node.now)
    node.carry_out()
    assert node.told(m.Broke)[0].failure.kind == "too large"
    node.brain.too_large(m.Update(JOB, 4, b"", [(b"b" * 16, 1 << 40)]), node.now)
    node.carry_out()
    assert "no room" in node.told(m.Unfit)[0].traceback


def test_results_of_calls_that_were_not_asked_for_are_dropped(node):
    node.run(1)
    node.finish(1, 5)
    node.finish(1, 1, attempt=2)
    assert node.told(m.Done) == []
    node.brain.from_worker(1, m.DoneLarge(0, JOB, (6, 1, 0, 5, b""), [(b"b" * 16, 9)]), node.now)
    node.carry_out()
    assert node.others == [i.ForgetBlob(JOB, b"b" * 16)]


def test_a_worker_speaks_for_its_own_job_only(node):
    node.open(OTHER)
    node.run(1, job=OTHER)
    node.run(1, job=JOB)
    ((worker, job),) = [
        (w, messages[0].job) for w, messages in node.workers.items() if messages and messages[0].job == JOB
    ]
    node.finish(worker, 1, job=OTHER)
    node.brain.from_worker(worker, m.Output(OTHER, 1, "out", "lies"), node.now)
    node.carry_out()
    assert node.told(m.Done) == []
    assert node.told(m.Output) == []
    node.brain.from_worker(worker, m.Output(job, 1, "out", "truth"), node.now)
    node.carry_out()
    assert node.told(m.Output) == [m.Output(JOB, 1, "out", "truth")]


# --- Deaths ---------------------------------------------------------------------------------------------------


def test_a_crash_is_blamed_on_the_row_that_ran_and_the_others_run_again(node):
    node.warm()
    node.run(1, 2, 3, 4, 5, 6)
    first, second, third = node.given(1)[1:]
    node.begin(1, second)
    node.exit(1, signal=11, stderr="oops", peak_memory=5)
    (broke,) = node.told(m.Broke)
    assert broke.call == (second, 1)
    assert broke.failure == m.Failure(
        "crashed",
        "The worker process was ended by SIGSEGV while it ran this call.",
        signal=11,
        stderr="oops",
        peak_memory=5,
    )
    replacement = node.has(first)
    assert replacement != 1
    assert node.given(replacement) == [first, third]


def test_a_crash_before_a_result_got_out_is_blamed_on_its_call(node):
    node.run(1, 2)
    node.pages[1] = Glance(1, 1, None, None)  # finished: it may have closed the worker's socket, or spoilt its heap
    node.exit(1)
    assert [broke.call for broke in node.told(m.Broke)] == [(1, 1)]
    assert 2 in node.given(node.has(2))


def test_a_call_that_may_run_once_does_not_run_again_though_it_was_finished(node):
    node.run(1, kind=ONCE)
    node.pages[1] = Glance(1, 1, None, None)
    node.exit(1, status=3)
    (broke,) = node.told(m.Broke)
    assert (broke.failure.kind, broke.failure.exit_status) == ("crashed", 3)


def test_a_call_that_may_run_once_and_has_not_begun_runs_elsewhere(node):
    node.run(1, kind=ONCE)
    node.exit(1)
    assert node.told(m.Broke) == []
    assert 1 in node.given(node.has(1))


def test_an_entry_that_kills_workers_makes_the_job_unfit(node):
    node.run(1)
    for _ in range(ENTRY_DEATHS):
        worker = node.has(1)
        node.ready(worker)
        node.pages[worker] = Glance(0, 0, None, 0)
        node.exit(worker, status=4, stderr="trace")
    (unfit,) = node.told(m.Unfit)
    assert unfit.index == 0
    assert "exited with status 4" in unfit.traceback
    assert "trace" in unfit.traceback
    assert node.told(m.Returned)[0].calls == [(1, 1)]


def test_workers_that_die_of_nothing_do_not_do_so_forever(node):
    node.run(1)
    for _ in range(NAMELESS_DEATHS):
        worker = node.has(1)
        node.ready(worker)
        node.exit(worker)
    assert len(node.told(m.Unfit)) == 1


def test_a_job_whose_code_fails_is_handed_back_and_not_tried_again(node):
    node.run(1, 2, 3)
    node.brain.from_worker(1, m.Unfit(JOB, 0, "Traceback ..."), node.now)
    node.carry_out()
    assert node.told(m.Unfit) == [m.Unfit(JOB, 0, "Traceback ...")]
    assert sorted(node.killed) == [1, 2]
    node.exit(1)
    node.exit(2)
    returned = [ref for message in node.told(m.Returned) for ref in message.calls]
    assert sorted(returned) == [(1, 1), (2, 1), (3, 1)]
    node.run(4)
    assert node.told(m.Returned)[0].calls == [(4, 1)]
    node.brain.connected("node1", node.now)
    node.carry_out()
    assert node.told(m.Unfit) == [m.Unfit(JOB, 0, "Traceback ...")]


def test_workers_that_do_not_come_up_are_trouble_and_calls_go_back(make_node):
    node = make_node()
    node.open()
    node.run(1)
    for worker, wait in ((1, 1.0), (2, 2.0), (3, 4.0)):
        node.exit(worker, status=1, stderr="No module named asyncluster")
        assert list(node.workers) == []
        assert node.pass_time(wait / 2) == node.now + wait / 2
        node.pass_time(wait / 2)
    assert node.told(m.Returned)[0].calls == [(1, 1)]
    assert node.brain.trouble == (
        "Workers do not start here: the process exited with status 1. No module named asyncluster"
    )
    node.run(2)
    assert node.told(m.Returned)[0].calls == [(2, 1)]
    assert list(node.workers) == [4]
    node.ready(4)
    assert node.brain.trouble == ""
    node.run(3)
    assert node.given(4) == [3]


# --- What takes long ------------------------------------------------------------------------------------------


def test_nobody_waits_behind_a_long_call(node):
    node.warm()
    node.run(*range(1, 7))
    first, second, third = node.given(1)[1:]
    others = node.given(2)[1:]
    node.begin(1, second)
    node.begin(2, others[0])
    node.finish(2, *others)
    node.pass_time(0.02)
    assert not any(isinstance(message, m.Skip) for message in node.workers[1])
    node.pass_time(0.04)
    assert node.workers[1][-1] == m.Skip(JOB, [(first, 1), (third, 1)])
    assert node.given(2)[-1] == first
    # It had been finished, and so had the third; whichever result comes first counts, once.
    node.finish(1, first, third)
    node.finish(2, first)
    node.finish(1, second)
    assert sorted(row[0] for message in node.told(m.Done) for row in message.rows) == [1, 2, 3, 4, 5, 6]


def test_after_a_long_call_its_kind_goes_one_by_one(node):
    node.warm()
    node.run(*range(1, 41))
    node.begin(1, node.given(1)[1])
    node.pass_time(0.06)
    node.finish(2, *node.given(2)[1:])
    before = len(node.given(2))
    node.finish(2, node.given(2)[-1])
    assert len(node.given(2)) <= before + 1


def test_a_timeout_ends_the_worker_and_is_told_at_once(node):
    node.run(1, 2, kind=TIMED)
    node.pass_time(100)  # loading the namespace is not the call's time
    node.begin(1, 1)
    node.begin(2, 2)
    assert node.pass_time(1) == node.now + 4
    assert node.killed == []
    node.pass_time(4)
    assert sorted(node.killed) == [1, 2]
    assert [(b.call, b.failure.kind) for b in node.told(m.Broke)] == [((1, 1), "timeout"), ((2, 1), "timeout")]
    node.run(3)
    node.exit(1)
    assert 3 in node.given(node.has(3))
    assert node.has(3) > 2


def test_stopping_a_call_that_waits(node):
    node.run(1, 2, 3)
    node.send(m.Stop(JOB, [(3, 1)]))
    node.finish(1, 1)
    assert node.given(1) == [1]
    assert node.killed == []


def test_stopping_a_call_that_runs_ends_its_worker_and_nothing_else(node):
    node.warm()
    node.run(*range(1, 7))
    first, second, third = node.given(1)[1:]
    node.begin(1, second)
    node.send(m.Stop(JOB, [(second, 1)]))
    assert node.killed == [1]
    node.exit(1)
    assert node.told(m.Broke) == []
    assert node.given(node.has(first)) == [first, third]
    assert node.told(m.Done) == []


def test_a_call_that_was_to_be_skipped_and_runs_long_all_the_same_is_ended(node):
    node.warm()
    node.run(1, 2, 3, 4)
    first, second = node.given(1)[1:]
    node.begin(1, first)
    node.send(m.Stop(JOB, [(second, 1)]))
    assert node.workers[1][-1] == m.Skip(JOB, [(second, 1)])
    node.finish(1, first)
    node.begin(1, second)
    node.pass_time(0.06)
    assert node.killed == [1]


def test_a_newer_attempt_replaces_an_older_one(node):
    node.run(1)
    node.begin(1, 1)
    node.run(1, attempt=2)
    assert node.killed == [1]
    assert node.given(2) == [1]
    node.run(1, attempt=1)
    node.finish(2, 1, attempt=2)
    assert [message.rows[0][:2] for message in node.told(m.Done)] == [(1, 2)]


def test_recall_gives_back_the_last_that_wait_and_always_answers(node):
    node.run(1, 2, 3, 4, 5)
    node.send(m.Recall(JOB, 2))
    assert node.told(m.Returned)[0].calls == [(4, 1), (5, 1)]
    node.send(m.Recall(JOB, 2), m.Recall(JOB, 2), m.Recall(OTHER, 1))
    assert [message.calls for message in node.told(m.Returned)] == [[(3, 1)], [], []]


def test_draining_lets_running_calls_finish(node):
    node.run(1, 2, 3)
    node.send(m.Drain(True))
    assert node.told(m.Returned)[0].calls == [(3, 1)]
    node.run(4)
    assert node.told(m.Returned)[0].calls == [(4, 1)]
    node.finish(1, 1)
    assert node.told(m.Done)
    assert node.given(1) == [1]
    node.send(m.Drain(False))
    node.run(5)
    assert node.given(1) == [1, 5]


def test_a_master_that_says_nothing_of_a_drain_wants_work_done(node):
    """It was restarted, or the node was resumed while it was away."""
    node.send(m.Drain(True))
    node.brain.disconnected(node.now)
    node.brain.connected("node1", node.now)
    node.run(1)
    node.finish(1, 1)
    assert [message.rows[0][0] for message in node.told(m.Done)] == [1]


def test_a_job_that_is_over_leaves_nothing(node):
    node.run(1, 2, 3)
    node.finish(1, 1)
    node.send(m.DropJob(JOB))
    assert sorted(node.killed) == [1, 2]
    assert node.others == [i.ForgetJob(JOB)]
    node.exit(1)
    node.exit(2)
    node.told(m.Done)
    node.brain.connected("node1", node.now)
    node.carry_out()
    assert node.master == []
    assert node.brain.holding() == []


# --- People ---------------------------------------------------------------------------------------------------


def test_nice_workers_make_way_and_come_back(make_node):
    node = make_node(when_in_use="nice", niceness=10)
    node.ready()
    node.open()
    node.run(1)
    node.people(1)
    assert node.brain.state == "nice"
    assert node.brain.niceness == 19
    assert i.SetNiceness(1, 19) in node.others
    node.others.clear()
    node.people(0)
    assert node.others == [i.SetNiceness(worker, 10) for worker in node.workers]


def test_a_worker_that_cannot_be_raised_again_is_replaced_when_it_is_idle(node):
    node.run(1)
    node.brain.worker_stays_nice(1, node.now)
    node.carry_out()
    assert node.killed == []
    node.finish(1, 1)
    assert node.killed == [1]


def test_suspended_workers_keep_the_call_in_hand_and_nothing_else(make_node):
    node = make_node(slots=1, when_in_use="suspend")
    node.open()
    node.run(1)
    node.ready()
    node.finish(1, 1)
    node.told(m.Done)
    node.run(*range(2, 30))
    node.begin(1, 3)
    node.people(1)
    assert i.Suspend(1) in node.others
    returned = {ref[0] for message in node.told(m.Returned) for ref in message.calls}
    assert returned == set(range(2, 30)) - {3}
    node.run(40)
    assert node.told(m.Returned)[0].calls == [(40, 1)]
    node.people(0)
    assert i.Continue(1) in node.others
    node.finish(1, 3)
    assert node.told(m.Done)[0].rows[0][0] == 3


def test_a_finished_result_does_not_wait_on_a_suspended_node(make_node):
    node = make_node(slots=1, when_in_use="suspend")
    node.open()
    node.run(1)
    node.pages[1] = Glance(1, 1, None, None)
    node.people(1)
    assert node.told(m.Returned)[0].calls == [(1, 1)]


def test_after_ten_minutes_a_suspended_call_goes_back(make_node):
    node = make_node(slots=2, when_in_use="suspend")
    node.open()
    node.run(1)
    node.run(2, kind=ONCE)
    node.begin(1, 1)
    node.begin(2, 2)
    node.people(1)
    wish = node.pass_time(1)
    assert wish == node.now + 599
    node.pass_time(599)
    assert sorted(node.killed) == list(node.workers)
    for worker in list(node.workers):
        node.exit(worker)
    assert [message.calls for message in node.told(m.Returned)] == [[(1, 1)]]
    ((lost,),) = [node.told(m.Broke)]
    assert (lost.call, lost.failure.kind) == ((2, 1), "node lost")
    assert node.workers == {}


def test_the_time_of_suspension_is_not_the_call_s(make_node):
    node = make_node(slots=1, when_in_use="suspend")
    node.open()
    node.run(1, kind=TIMED)
    node.begin(1, 1)
    node.people(1)
    node.pass_time(100)
    node.people(0)
    assert node.pass_time(1) == node.now + 4
    node.pass_time(4)
    assert node.killed == [1]


def test_stop_ends_and_hands_back_everything(make_node):
    node = make_node(slots=2, when_in_use="stop")
    node.open()
    node.run(1, 2, 3)
    node.begin(1, 1)
    node.people(2)
    assert sorted(node.killed) == list(node.workers)
    for worker in list(node.workers):
        node.exit(worker)
    returned = [ref for message in node.told(m.Returned) for ref in message.calls]
    assert sorted(returned) == [(1, 1), (2, 1), (3, 1)]
    assert node.told(m.Broke) == []
    node.people(1)
    assert node.workers == {}
    node.people(0)
    node.pass_time(1)
    assert len(node.workers) == 1


def test_what_is_shown(node):
    node.run(1, 2, 3)
    assert (node.brain.running(), node.brain.queued()) == ({JOB: 2}, {JOB: 1})

"""What nodes say of calls: the fences, blame, calls handed back, unfit nodes."""

from __future__ import annotations

from support.dispatch_desk import CHUNK, JOB, ONCE, TIMED, Desk, telemetry

from asyncluster.core.jobs.instructions import JobClosed
from asyncluster.core.jobs.records import Counters
from asyncluster.core.wire.messages import Done, Failed, JobEnded, Unfit


def counters(desk: Desk) -> Counters:
    record = desk.dispatcher.job(JOB)
    assert record is not None
    return record.counters


def test_a_numbered_message_counts_once(office: Desk) -> None:
    office.submit(1)
    office.turn()
    message = Done(1, JOB, [(1, 1, 0, 5, b"r")])
    office.node("a", message)
    office.node("a", message)
    office.turn()
    assert office.results() == [1]
    assert counters(office).done == 1


def test_results_of_an_older_attempt_are_void(office: Desk) -> None:
    office.dispatcher.drain("b", True, office.now)
    office.submit(1)
    office.turn()
    office.broke("a", 1)
    office.turn()
    assert office.runs("a") == [1]
    office.done("a", 1, attempt=1)
    office.turn()
    assert office.results() == []
    assert counters(office).stale == 1
    office.done("a", 1, attempt=2)
    office.turn()
    assert office.results() == [1]


def test_crashes_of_an_older_attempt_are_void(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.broke("a", 1)
    office.turn()
    for _ in range(5):
        office.broke("a", 1, attempt=1)
    office.turn()
    assert office.failures() == {}


def test_a_node_that_does_not_hold_the_call_has_no_say(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.done("b", 1)
    office.broke("b", 1, kind="timeout")
    office.give_back("b", 1)
    office.turn()
    assert office.to_client() == []
    assert counters(office).stale == 2


def test_good_and_void_rows_in_one_message(office: Desk) -> None:
    office.submit(1, 2)
    office.turn()
    office.node("a", Done(1, JOB, [(1, 1, 0, 5, b"r"), (2, 1, 0, 5, b"r"), (77, 1, 0, 5, b"r")]))
    office.turn()
    assert office.results() == [1]
    assert counters(office).stale == 2


def test_a_call_that_crashes_too_often_fails(office: Desk) -> None:
    office.submit(1)
    for attempt in (1, 2, 3):
        office.turn()
        assert office.failures() == {}
        assert office.attempts[JOB, 1] == attempt
        office.broke("a" if office.runs("a") else "b", 1)
    office.turn()
    [failed] = office.to_client(1, Failed)
    assert failed.calls == [(1, 3)]
    assert (failed.failure.kind, failed.failure.node) in {("crashed", "a"), ("crashed", "b")}
    assert counters(office).failed == {"crashed": 1}


def test_a_call_that_crashed_runs_before_those_that_wait(office: Desk) -> None:
    office.submit(*range(8))
    office.turn()
    office.broke("a", office.runs("a")[0])
    office.turn()
    assert office.runs("a") == [0]


def test_a_call_that_may_run_once_fails_with_its_crash(office: Desk) -> None:
    office.submit(1, kind=ONCE)
    office.turn()
    office.broke("a", 1)
    office.turn()
    assert office.failures() == {1: "crashed"}


def test_a_crashed_chunk_is_opened_by_the_client(office: Desk) -> None:
    office.submit(1, kind=CHUNK, count=100)
    office.turn()
    office.broke("a", 1)
    office.turn()
    assert office.failures() == {1: "split"}


def test_a_chunk_of_one_is_a_call(office: Desk) -> None:
    office.submit(1, kind=CHUNK, count=1)
    office.turn()
    office.broke("a", 1)
    office.turn()
    assert office.failures() == {}
    assert office.attempts[JOB, 1] == 2


def test_a_timeout_is_final(office: Desk) -> None:
    office.submit(1, kind=TIMED)
    office.turn()
    office.broke("a", 1, kind="timeout")
    office.turn()
    assert office.failures() == {1: "timeout"}


def test_a_node_may_say_that_a_call_is_lost_without_blame(office: Desk) -> None:
    office.submit(1)
    office.submit(2, kind=ONCE)
    office.turn()
    office.broke("a", 1, kind="node lost")
    office.broke("b", 2, kind="node lost")
    office.turn()
    assert office.failures() == {2: "node lost"}
    assert office.attempts[JOB, 1] == 2


def test_calls_handed_back_run_again_without_blame_and_first(office: Desk) -> None:
    office.submit(*range(6), kind=ONCE)
    office.turn()
    back = office.runs("a")
    office.give_back("a", *back)
    office.done("b", *office.runs("b"), micros=10**6)
    office.turn()
    assert office.failures() == {}
    assert office.runs("b") == back


def test_a_node_that_hands_back_unasked_rests_until_it_says_how_it_is(office: Desk) -> None:
    office.submit(1, 2, 3, 4)
    office.turn()
    office.give_back("a", *office.runs("a"))
    office.turn()
    assert office.runs("a") == []
    office.node("a", telemetry("suspend"))
    office.turn()
    assert office.runs("a") == []
    office.node("a", telemetry("run"))
    office.turn()
    assert len(office.runs("a")) == 2


def test_a_node_does_not_rest_for_ever(office: Desk) -> None:
    office.submit(1, 2, 3, 4)
    office.turn()
    office.give_back("a", *office.runs("a"))
    office.turn()
    office.advance(1.0)
    assert office.wake == office.now + 4.0
    office.advance(4.0)
    assert len(office.runs("a")) == 2


def test_a_node_on_which_the_code_fails_gets_no_more_of_the_job(office: Desk) -> None:
    office.submit(*range(4))
    office.turn()
    office.give_back("a", *office.runs("a"))
    office.node("a", Unfit(JOB, 0, "Traceback\nNameError: x"))
    office.node("a", telemetry())
    office.turn()
    assert office.runs("a") == []
    record = office.dispatcher.job(JOB)
    assert record is not None
    assert record.unfit == {"a": "NameError: x"}
    assert (record.running, record.queued) == (2, 2)


def test_what_an_unfit_node_has_not_handed_back_has_an_unknown_fate(office: Desk) -> None:
    office.submit(1)
    office.submit(2, kind=ONCE)
    office.turn()
    office.node("b", Unfit(JOB, 0, "boom"))
    office.node("a", Unfit(99, 0, "no such job"))
    office.turn()
    assert office.failures() == {2: "node lost"}


def test_a_job_that_works_nowhere_ends_once(office: Desk) -> None:
    office.submit(1, 2, 3, 4)
    office.turn()
    office.node("a", Unfit(JOB, 0, "boom a"))
    office.turn()
    assert office.to_client(1, JobEnded) == []
    office.node("b", Unfit(JOB, 0, "boom b"))
    office.node("b", Unfit(JOB, 0, "boom b"))
    office.turn()
    [ended] = office.to_client(1, JobEnded)
    assert (ended.failure.kind, ended.failure.message, ended.failure.node) == ("broken", "boom b", "b")
    assert [one.record.state for one in office.new if isinstance(one, JobClosed)] == ["broken"]


def test_a_node_that_is_drained_does_not_keep_a_broken_job_alive(office: Desk) -> None:
    office.dispatcher.drain("b", True, office.now)
    office.submit(1)
    office.turn()
    office.node("a", Unfit(JOB, 0, "boom"))
    office.turn()
    assert len(office.to_client(1, JobEnded)) == 1


def test_a_node_that_joins_is_tried_although_others_are_unfit(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.node("a", Unfit(JOB, 0, "boom"))
    office.dispatcher.drain("b", True, office.now)
    office.attach("c", instance=3)
    office.turn()
    assert office.runs("b") == [1] or office.runs("c") == [1]


def test_chunks_count_as_the_calls_that_they_hold(office: Desk) -> None:
    office.submit(1, kind=CHUNK, count=100)
    office.turn()
    office.done("a", 1, micros=100_000)
    office.turn()
    assert counters(office).done == 100
    assert counters(office).busy == 0.1
    assert sum(counters(office).durations) == 100
    assert counters(office).durations[10] == 100  # 1000 microseconds each

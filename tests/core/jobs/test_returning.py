"""Nodes that come and go, and a master that was restarted."""

from __future__ import annotations

import pytest
from support.dispatch_desk import JOB, ONCE, Desk, log, telemetry

from asyncluster.core.jobs.instructions import ReleaseBlob, ToNode
from asyncluster.core.wire.messages import (
    Done,
    DoneLarge,
    Drain,
    DropBlob,
    DropJob,
    Holding,
    JobAt,
    JobOpened,
    OpenJob,
    Renice,
    Returned,
    Run,
    Stop,
    Update,
)


def test_calls_of_a_lost_node_wait_for_it(office: Desk) -> None:
    office.submit(1, 2, 3, 4)
    office.turn()
    calls = office.runs("a")
    office.lose("a")
    office.done("b", *office.runs("b"))
    office.advance(14.9)
    assert office.runs("b") == []
    office.attach("a", holding=[Holding(JOB, [(n, 1) for n in calls], 5)])
    office.turn()
    assert office.to_node("a") == []
    office.done("a", *calls)
    office.turn()
    assert office.results() == calls


def test_when_the_lease_ends_they_run_elsewhere_without_blame(office: Desk) -> None:
    office.submit(1)
    office.submit(2, kind=ONCE)
    office.turn()
    assert (office.runs("a"), office.runs("b")) == ([1], [2])
    office.lose("a")
    office.lose("b")
    office.turn()
    assert office.wake == office.now + 15.0
    office.advance(15.0)
    assert office.failures() == {2: "node lost"}
    office.attach("c", instance=3)
    office.turn()
    assert office.runs("c") == [1]
    assert office.attempts[JOB, 1] == 2


def test_a_restarted_node_daemon_has_nothing_of_the_old_one(office: Desk) -> None:
    office.dispatcher.drain("b", True, office.now)
    office.submit(1)
    office.turn()
    office.lose("a")
    office.attach("a", instance=77)
    office.turn()
    assert [type(m).__name__ for m in office.to_node("a")][:2] == ["JobAt", "Code"]
    assert office.attempts[JOB, 1] == 2


def test_what_a_returning_node_neither_lists_nor_reports_it_never_got(office: Desk) -> None:
    office.submit(1, 2)
    office.submit(3, kind=ONCE)
    office.turn()
    calls = office.runs("a")
    assert 1 in calls
    office.lose("a")
    office.attach("a", holding=[Holding(JOB, [], 5)])
    office.advance(4.9)
    assert office.runs("a") == []
    office.advance(0.1)
    assert all(office.attempts[JOB, n] == 2 for n in calls if n != 3)


def test_what_it_reports_in_time_counts(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.lose("a")
    office.turn()
    office.attach("a", holding=[Holding(JOB, [], 5)])
    office.done("a", 1)
    office.advance(6.0)
    assert office.results() == [1]


def test_a_late_result_counts_if_the_call_still_waits(office: Desk) -> None:
    office.dispatcher.drain("b", True, office.now)
    office.submit(1)
    office.turn()
    office.lose("a")
    office.advance(15.0)
    office.dispatcher.drain("a", True, office.now)
    office.attach("a")
    office.done("a", 1)
    office.turn()
    assert office.results() == [1]


def test_a_late_result_is_void_if_the_call_runs_again(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.lose("a")
    office.advance(15.0)
    assert office.runs("b") == [1]
    office.attach("a")
    office.done("a", 1, attempt=1)
    office.turn()
    assert office.results() == []
    office.done("b", 1)
    office.turn()
    assert office.results() == [1]


def test_a_node_that_returns_after_its_lease_may_keep_what_still_waits(office: Desk) -> None:
    office.dispatcher.drain("b", True, office.now)
    office.submit(1, 2)
    office.turn()
    office.lose("a")
    office.advance(15.0)
    office.attach("a", holding=[Holding(JOB, [(1, 1), (2, 1)], 5)])
    office.turn()
    assert office.runs("a") == []
    office.done("a", 1, 2, attempt=1)
    office.turn()
    assert office.results() == [1, 2]


def test_a_node_is_told_to_stop_what_others_have_now(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.lose("a")
    office.advance(15.0)
    office.attach("a", holding=[Holding(JOB, [(1, 1), (99, 1)], 5)])
    office.turn()
    assert office.to_node("a") == [Stop(JOB, [(1, 1), (99, 1)])]


def test_a_returning_node_hears_what_it_missed(office: Desk) -> None:
    office.open(job=2)
    office.submit(1)
    office.submit(1, 2, 3, job=2)
    office.turn()
    assert office.runs("b", job=2)
    for name in ("a", "b"):
        office.lose(name)
    office.dispatcher.renice(JOB, 5, office.now)
    office.dispatcher.cancel_job(2, "bob", office.now)
    office.dispatcher.drain("a", True, office.now)
    office.turn()
    office.attach("a", holding=[Holding(JOB, [(1, 1)], 5), Holding(2, [], 5)])
    office.attach("b", instance=2)
    office.turn()
    assert {type(m) for m in office.to_node("a")} >= {Renice, DropJob, Drain}
    assert DropJob(2) in office.to_node("b")


def test_the_log_goes_on_where_the_returning_node_has_it(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.lose("a")
    office.update(5)
    office.attach("a", holding=[Holding(JOB, [(1, 1)], 5)])
    office.submit(*range(2, 12))
    office.turn()
    assert [type(m) for m in office.to_node("a")] == [JobAt, Update, Run]


def test_a_node_that_does_not_say_what_it_has_gets_the_whole_log_again(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.lose("a")
    office.attach("a")
    office.submit(*range(2, 12))
    office.turn()
    assert [m.index for m in office.to_node("a") if hasattr(m, "index")] == [0, 1, 2, 3, 4]


def test_a_new_connection_before_the_old_one_broke(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.attach("a", holding=[Holding(JOB, [(1, 1)], 5)])
    office.done("a", 1)
    office.turn()
    assert office.results() == [1]


def test_a_suspended_node_gets_nothing(office: Desk) -> None:
    office.node("a", telemetry("suspend"))
    office.submit(1, 2, 3)
    office.turn()
    assert office.runs("a") == []
    assert len(office.runs("b")) == 2
    office.node("a", telemetry("nice"))
    office.turn()
    assert office.runs("a") == [3]


# --- a restarted master -----------------------------------------------------------------------------------------


def restarted() -> Desk:
    """Node `a` runs call 1 and has finished call 2 of a job that this master does not know; `b` has its namespace."""
    desk = Desk()
    desk.attach("a", holding=[Holding(JOB, [(1, 3)], 5)])
    desk.attach("b", instance=2, holding=[Holding(JOB, [], 5)])
    desk.node("a", Done(8, JOB, [(2, 1, 0, 100, b"early")]))
    desk.turn()
    return desk


def test_calls_that_nodes_have_are_claimed_by_the_client() -> None:
    desk = restarted()
    desk.open()
    desk.submit(1, 2, 3)
    desk.turn()
    assert desk.results() == [2], "it was finished before its client came"
    assert desk.runs("a") + desk.runs("b") == [3]
    desk.node("a", Done(9, JOB, [(1, 3, 0, 100, b"r")]))
    desk.turn()
    assert desk.results() == [1]


def test_claimed_calls_fence_by_the_attempt_of_the_old_master() -> None:
    desk = restarted()
    desk.open()
    desk.submit(1)
    desk.turn()
    desk.node("a", Done(9, JOB, [(1, 1, 0, 100, b"r")]))
    desk.turn()
    assert desk.results() == []
    desk.node("a", Returned(10, JOB, [(1, 3)]))
    desk.turn()
    assert desk.attempts[JOB, 1] == 4


def test_a_node_may_come_after_its_client() -> None:
    desk = restarted()
    desk.open()
    desk.submit(1, 2)
    desk.attach("c", instance=3, holding=[Holding(JOB, [(3, 1), (1, 2)], 5)])
    desk.turn()
    assert desk.to_node("c", Stop) == [Stop(JOB, [(1, 2)])]
    desk.submit(3)
    desk.turn()
    assert (JOB, 3) not in desk.attempts
    desk.node("c", Done(1, JOB, [(3, 1, 0, 100, b"r")]))
    desk.turn()
    assert desk.results() == [3]


def test_what_nobody_claims_is_stopped() -> None:
    desk = restarted()
    desk.open()
    desk.submit(5)
    desk.turn()
    desk.advance(30.0)
    assert desk.to_node("a", Stop) == [Stop(JOB, [(1, 3)])]


@pytest.mark.parametrize("claimed", [True, False])
def test_a_large_result_from_before_is_delivered_or_forgotten(claimed: bool) -> None:
    desk = restarted()
    blob = (b"0123456789abcdef", 100_000)
    desk.node("b", DoneLarge(3, JOB, (4, 1, 0, 100, b""), [blob]))
    desk.node("b", DropBlob(JOB, blob[0]))
    if claimed:
        desk.open()
        desk.submit(4)
        desk.turn()
        assert desk.results() == [4]
        desk.node("b", DropBlob(JOB, blob[0]))
        desk.turn()
    else:
        desk.advance(30.0)
    assert [one for one in desk.new if isinstance(one, ReleaseBlob)] == [ReleaseBlob(JOB, blob[0])]


def test_a_job_that_nobody_opens_again_is_dropped() -> None:
    desk = restarted()
    desk.advance(1.0)
    assert desk.wake == desk.now + 29.0
    desk.advance(29.0)
    drops = {(one.node, one.message) for one in desk.new if isinstance(one, ToNode)}
    assert drops == {("a", DropJob(JOB)), ("b", DropJob(JOB))}
    desk.open()
    desk.submit(1)
    desk.turn()
    assert desk.attempts[JOB, 1] == 1


@pytest.mark.parametrize("opened", [True, False])
def test_a_node_was_away_when_its_job_was_given_up(opened: bool) -> None:
    """If the job is open again it may keep it; if not, what it drops cannot be claimed later."""
    desk = restarted()
    desk.advance(20.0)
    desk.lose("b")
    desk.advance(10.0)
    if opened:
        desk.open()
    desk.attach("b", instance=2, holding=[Holding(JOB, [(7, 1)], 5)])
    desk.turn()
    assert desk.to_node("b", DropJob) == ([] if opened else [DropJob(JOB)])
    assert desk.to_node("b", Stop) == ([Stop(JOB, [(7, 1)])] if opened else [])
    if not opened:
        desk.open()
        desk.lose("a")
        desk.submit(7)
        desk.turn()
        assert desk.runs("b") == [7]


def test_what_a_lost_node_held_cannot_be_claimed() -> None:
    desk = restarted()
    desk.lose("a")
    desk.advance(15.0)
    desk.open()
    desk.submit(1, 2)
    desk.turn()
    assert desk.results() == [2]
    assert desk.runs("b") == [1]


def test_calls_handed_back_cannot_be_claimed() -> None:
    desk = restarted()
    desk.node("a", Returned(9, JOB, [(1, 3)]))
    desk.open()
    desk.submit(1)
    desk.turn()
    assert desk.attempts[JOB, 1] == 1


def test_the_client_sends_the_whole_log_again() -> None:
    desk = restarted()
    desk.client(OpenJob(JOB, "again", 0))
    desk.turn()
    assert [m.entries for m in desk.to_client(1, JobOpened)] == [0]
    for entry in log():
        desk.client(entry)
    desk.submit(7)
    desk.turn()
    assert [m.index for m in desk.to_node("b") + desk.to_node("a") if hasattr(m, "index")] == [0, 1, 2, 3, 4]

"""What clients say: order, limits, nonsense, cancellation, and clients that break off and come back."""

from __future__ import annotations

import pytest
from support.dispatch_desk import CHUNK, JOB, ONCE, PLAIN, Desk, log

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.instructions import JobClosed, JobStarted, ReleaseBlob, ToClient
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    CallKind,
    Cancel,
    CloseJob,
    DropBlob,
    DropJob,
    Failed,
    JobEnded,
    JobOpened,
    Logged,
    OpenJob,
    Output,
    ResultLarge,
    Results,
    RunLarge,
    Stop,
    Submit,
    SubmitLarge,
    Update,
)

BOB = Owner(1001, "bob")
BLOB = (b"0123456789abcdef", 100_000)


@pytest.mark.parametrize(
    "message",
    [
        Submit(99, [(1, PLAIN, 1, b"")]),
        Submit(JOB, [(1, 77, 1, b"")]),
        Submit(JOB, [(1, CHUNK, 0, b"")]),
        Submit(JOB, [(1, CHUNK, 2**50, b"")]),
        Update(JOB, 6, b"a gap"),
        CallKind(JOB, 5, PLAIN, "twice", b"f"),
        Output(JOB, 1, "out", "not a client's word"),
    ],
    ids=lambda message: type(message).__name__,
)
def test_nonsense_is_refused_and_changes_nothing(office: Desk, message: Submit) -> None:
    before = office.dispatcher.jobs()
    with pytest.raises(ProtocolError):
        office.client(message)
    office.turn()
    assert office.new == []
    assert office.dispatcher.jobs() == before


def test_a_job_belongs_to_its_connection_and_user(office: Desk) -> None:
    with pytest.raises(ProtocolError):
        office.submit(1, client=2)
    with pytest.raises(ProtocolError):
        office.client(OpenJob(JOB, "mine", 0), client=2, owner=BOB)
    office.client(OpenJob(JOB, "again", 0), client=2)
    with pytest.raises(ProtocolError):
        office.submit(1, client=1)


def test_entries_and_calls_that_are_known_are_ignored(office: Desk) -> None:
    office.submit(1, 2, 3, 4, 5, 6)
    office.turn()
    office.client(log()[1])
    office.submit(1, 6)
    office.turn()
    assert office.to_client() == [Logged(JOB, 5)]
    record = office.dispatcher.job(JOB)
    assert record is not None
    assert record.queued + record.running == 6


def test_calls_run_in_the_order_of_their_submission() -> None:
    desk = Desk()
    desk.open()
    desk.submit(5, 3, 9)
    desk.submit(1)
    desk.attach("a", workers=10)
    desk.turn()
    assert desk.runs("a") == [5, 3, 9, 1]


def test_cancelled_calls_end_at_once_wherever_they_are(office: Desk) -> None:
    office.submit(*range(10))
    office.turn()
    on_a, on_b = office.runs("a"), office.runs("b")
    office.client(Cancel(JOB, [on_a[0], 9, 9, 77]))
    office.turn()
    assert office.failures() == {on_a[0]: "cancelled", 9: "cancelled"}
    assert sorted(ref for m in office.to_client(1, Failed) for ref in m.calls) == [(on_a[0], 1), (9, 0)]
    assert office.to_node("a", Stop) == [Stop(JOB, [(on_a[0], 1)])]
    assert office.to_node("b") == []
    assert len(office.runs("a")) == 1, "the slot is free"
    office.done("a", on_a[0])
    office.done("b", on_b[0])
    office.turn()
    assert office.results() == [on_b[0]]


def test_a_closed_job_is_dropped_with_its_calls(office: Desk) -> None:
    office.submit(1, 2)
    office.turn()
    office.client(CloseJob(JOB))
    office.turn()
    assert office.to_client() == []
    assert office.to_node("a") == [DropJob(JOB)]
    [closed] = [one for one in office.new if isinstance(one, JobClosed)]
    assert closed.record.state == "cancelled"
    assert office.dispatcher._board.calls == office.dispatcher._board.call_bytes == 0


# --- limits -----------------------------------------------------------------------------------------------------


def test_calls_over_the_limit_fail_and_the_others_run() -> None:
    desk = Desk(DispatchSettings(calls=3, call_bytes=100))
    desk.open()
    desk.submit(1, 2)
    desk.submit(3, 4)
    desk.client(Submit(JOB, [(5, PLAIN, 1, b"x" * 100)]))
    desk.submit(6)
    desk.turn()
    assert desk.failures() == {3: "too large", 4: "too large", 5: "too large"}
    record = desk.dispatcher.job(JOB)
    assert record is not None
    assert (record.queued, record.counters.failed) == (3, {"too large": 3})


def test_one_user_leaves_room_for_others() -> None:
    desk = Desk(DispatchSettings(calls=6, owner_calls=3))
    desk.open(job=1)
    desk.open(job=2)
    desk.open(job=3, client=2, owner=BOB)
    desk.submit(1, 2, job=1)
    desk.submit(1, 2, job=2)
    desk.submit(1, 2, 3, job=3, client=2)
    desk.submit(3, job=1)
    desk.turn()
    (failed,) = desk.to_client(1, Failed)
    assert (failed.job, "2 calls of yours" in failed.failure.message) == (2, True)
    assert desk.to_client(2, Failed) == []


def test_a_client_that_ignores_its_window_is_refused() -> None:
    desk = Desk(DispatchSettings(window=2))
    desk.open()
    desk.submit(1, 2, 3, 4)
    with pytest.raises(ProtocolError):
        desk.submit(5)


def test_there_are_only_so_many_jobs() -> None:
    desk = Desk(DispatchSettings(open_jobs=3, owner_jobs=2))
    for key in (1, 2):
        desk.open(job=key)
    desk.client(OpenJob(3, "mine", 0))
    desk.client(OpenJob(4, "his", 0), client=2, owner=BOB)
    desk.client(OpenJob(5, "his", 0), client=2, owner=BOB)
    desk.turn()
    assert [(m.job, m.failure.kind) for m in desk.to_client(1, JobEnded)] == [(3, "too large")]
    assert [(m.job, m.failure.kind) for m in desk.to_client(2, JobEnded)] == [(5, "too large")]
    assert [one.key for one in desk.new if isinstance(one, JobStarted)] == [4]


@pytest.mark.parametrize("limit", [DispatchSettings(log_entries=6), DispatchSettings(log_bytes=20)])
def test_a_log_that_grows_without_end_ends_its_job(limit: DispatchSettings) -> None:
    desk = Desk(limit)
    desk.open()
    for index in (5, 6, 7):
        desk.update(index)
    desk.turn()
    [ended] = desk.to_client(1, JobEnded)
    assert ended.failure.kind == "too large"
    assert desk.dispatcher.jobs() == []


# --- clients that break off -------------------------------------------------------------------------------------


def test_results_wait_for_the_client_and_come_before_its_job_is_opened_again(office: Desk) -> None:
    office.submit(1, 2)
    office.turn()
    office.dispatcher.client_lost(1, office.now)
    office.done("a", *office.runs("a"))
    office.turn()
    assert [one for one in office.new if isinstance(one, ToClient)] == []
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.turn()
    assert [type(m) for m in office.to_client(2)] == [Results, JobOpened]
    assert office.to_client(2, JobOpened)[0].entries == 5


def test_a_client_that_does_not_come_back_loses_its_job(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.dispatcher.client_lost(1, office.now)
    office.advance(29.9)
    assert len(office.dispatcher.jobs()) == 1
    office.advance(0.1)
    assert [one.record.state for one in office.new if isinstance(one, JobClosed)] == ["abandoned"]
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.turn()
    assert [type(m) for m in office.to_client(2)] == [JobEnded]


def test_a_client_that_comes_back_keeps_its_job(office: Desk) -> None:
    office.dispatcher.client_lost(1, office.now)
    office.advance(20.0)
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.advance(20.0)
    assert len(office.dispatcher.jobs()) == 1
    office.dispatcher.client_lost(1, office.now)  # the end of the old connection, late
    office.advance(31.0)
    assert len(office.dispatcher.jobs()) == 1


def test_offered_again_what_ended_before_runs_again_unless_it_may_run_only_once(office: Desk) -> None:
    office.submit(1)
    office.submit(2, kind=ONCE)
    office.turn()
    for name in "ab":
        office.done(name, *office.runs(name))
    office.turn()  # these results never arrive
    office.dispatcher.client_lost(1, office.now)
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.submit(1, client=2)
    office.submit(2, 3, kind=ONCE, client=2)
    office.turn()
    assert office.failures(2) == {2: "node lost"}
    assert sorted(office.runs("a") + office.runs("b")) == [1, 3]


def test_results_are_kept_up_to_a_limit() -> None:
    desk = Desk(DispatchSettings(kept_bytes=8))
    desk.attach("a")
    desk.open()
    desk.submit(1, 2)
    desk.turn()
    desk.dispatcher.client_lost(1, desk.now)
    desk.done("a", 1)
    desk.done("a", 2)
    desk.turn()
    desk.client(OpenJob(JOB, "again", 0), client=2)
    desk.turn()
    assert desk.results(2) == [1]


# --- large data -------------------------------------------------------------------------------------------------


def test_large_calls_travel_alone_and_in_order(office: Desk) -> None:
    office.submit(1)
    office.client(SubmitLarge(JOB, (2, PLAIN, 1, b""), [BLOB]))
    office.submit(3)
    office.attach("c", workers=3, instance=3)
    for name in "ab":
        office.dispatcher.drain(name, True, office.now)
    office.turn()
    runs = [m for m in office.to_node("c") if type(m).__name__.startswith("Run")]
    assert [type(m).__name__ for m in runs] == ["Run", "RunLarge", "Run"]
    assert runs[1] == RunLarge(JOB, (2, 1, PLAIN, b""), [BLOB])


def test_a_blob_goes_when_the_client_drops_it_and_no_call_needs_it(office: Desk) -> None:
    office.client(SubmitLarge(JOB, (1, PLAIN, 1, b""), [BLOB]))
    office.turn()
    office.client(DropBlob(JOB, BLOB[0]))
    office.turn()
    assert office.new == []
    office.done("a", 1)
    office.turn()
    assert ReleaseBlob(JOB, BLOB[0]) in office.new
    assert office.to_node("a", DropBlob) == [DropBlob(JOB, BLOB[0])]


def test_a_blob_stays_on_a_node_for_the_next_call_as_long_as_there_is_room() -> None:
    other = (b"fedcba9876543210", 100_000)
    desk = Desk(DispatchSettings(node_blob_bytes=150_000))
    desk.attach("a")
    desk.open()
    for call, blob in ((1, BLOB), (2, other)):
        desk.client(SubmitLarge(JOB, (call, PLAIN, 1, b""), [blob]))
        desk.turn()
        desk.done("a", call)
        desk.turn()
        assert desk.to_node("a", DropBlob) == ([] if call == 1 else [DropBlob(JOB, BLOB[0])])


def test_blobs_of_the_log_stay(office: Desk) -> None:
    office.client(Update(JOB, 5, b"", [BLOB]))
    office.client(DropBlob(JOB, BLOB[0]))
    office.submit(1)
    office.turn()
    office.done("a", 1)
    office.turn()
    assert not [one for one in office.new if isinstance(one, ReleaseBlob)]
    assert office.to_node("a", DropBlob) == []


def test_a_large_call_that_is_cancelled_or_offered_twice_leaves_nothing(office: Desk) -> None:
    for name in "ab":
        office.dispatcher.drain(name, True, office.now)
    for _ in range(2):
        office.client(SubmitLarge(JOB, (1, PLAIN, 1, b""), [BLOB]))
    office.client(DropBlob(JOB, BLOB[0]))
    office.client(Cancel(JOB, [1]))
    office.turn()
    assert [one for one in office.new if isinstance(one, ReleaseBlob)] == [ReleaseBlob(JOB, BLOB[0])]


def test_a_large_result_is_forgotten_when_it_is_delivered_and_its_node_drops_it(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.done_large("a", 1, [BLOB])
    office.turn()
    assert [type(m) for m in office.to_client()] == [ResultLarge, DropBlob]
    assert not [one for one in office.new if isinstance(one, ReleaseBlob)]
    office.node("a", DropBlob(JOB, BLOB[0]))
    office.turn()
    assert office.new == [ReleaseBlob(JOB, BLOB[0])]


def test_a_large_result_waits_for_its_client(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.dispatcher.client_lost(1, office.now)
    office.done_large("a", 1, [BLOB])
    office.node("a", DropBlob(JOB, BLOB[0]))
    office.turn()
    assert not [one for one in office.new if isinstance(one, ReleaseBlob)]
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.turn()
    assert [type(m) for m in office.to_client(2)] == [ResultLarge, DropBlob, JobOpened]
    assert ReleaseBlob(JOB, BLOB[0]) in office.new

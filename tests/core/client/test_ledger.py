from __future__ import annotations

from typing import Any

import msgspec
import pytest

from asyncluster.core.blobs import store
from asyncluster.core.client import parcels
from asyncluster.core.client.ledger import Phase
from asyncluster.core.errors import (
    AsynClusterError,
    CallTimeout,
    ExitCode,
    JobBroken,
    JobCancelled,
    MasterUnreachable,
    NodeLost,
    NotAllowed,
    ProtocolError,
    UsageError,
    WorkerCrashed,
)
from asyncluster.core.wire import limits
from asyncluster.core.wire.messages import (
    BlobChunk,
    CallKind,
    Cancel,
    CloseJob,
    Code,
    DropBlob,
    Failed,
    Failure,
    Hello,
    Logged,
    OpenJob,
    Output,
    Progress,
    Refusal,
    ResultLarge,
    Results,
    Submit,
    SubmitLarge,
    Update,
    Welcome,
)

NOTHING = msgspec.Raw(msgspec.msgpack.encode({}))


def kinds(messages: list[Any]) -> list[type]:
    return [type(message) for message in messages]


def test_a_new_job_goes_out_in_one_go_without_waiting_for_the_master(pair):
    job, kind = pair.job(timeout=2.0, retries=1)
    job.submit(kind, b"1", (), pair.ends)
    job.submit(kind, b"2", (), pair.ends, count=7)
    pair.sent.clear()
    pair.send()
    assert pair.sent == [
        OpenJob(job.key, "job", 3),
        Code(job.key, 0, b"code"),
        CallKind(job.key, 1, 0, "f", b"f", False, 2.0, 1),
        Submit(job.key, [(1, kind, 1, b"1"), (2, kind, 7, b"2")]),
    ]


def test_nothing_but_hello_goes_out_before_the_welcome(make_pair):
    pair = make_pair()
    pair.job()
    pair.connect()
    pair.send()
    assert kinds(pair.sent) == [Hello]
    pair.send()
    assert kinds(pair.sent) == [Hello]


def test_results_reach_the_calls_with_where_and_how_often(pair):
    job, kind = pair.job()
    call = job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    pair.run()
    pair.fetch()
    assert pair.ends.ends == [(1, b"x")]
    assert (call.node, call.attempt, call.micros) == ("node-1", 1, 1000)
    assert job.number == 1


def test_arguments_are_let_go_of_with_the_result(pair):
    job, kind = pair.job()
    call = job.submit(kind, b"x" * 1000, (), pair.ends)
    pair.settle()
    pair.run()
    pair.fetch()
    assert call.row == (1, kind, 1, b"")
    assert not job.calls


def test_a_second_result_of_a_call_is_dropped(pair):
    job, kind = pair.job()
    job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    pair.run()
    again = pair.to_client[0]
    pair.fetch()
    assert pair.ledger.received(again) == []


def test_no_more_than_the_window_is_at_the_master(make_pair):
    pair = make_pair(window=3)
    pair.connect()
    pair.settle()
    job, kind = pair.job()
    for number in range(8):
        job.submit(kind, b"%d" % number, (), pair.ends)
    pair.settle()
    model = pair.master.jobs[job.key]
    assert len(model.queue) == 3
    pair.run(2)
    pair.fetch()
    pair.settle()
    assert len(model.queue) == 3
    for _ in range(5):
        pair.run()
        pair.fetch()
        pair.settle()
    assert [payload for _, payload in pair.ends.ends] == [b"%d" % number for number in range(8)]


def test_many_calls_go_out_in_frames_that_the_master_takes(pair):
    job, kind = pair.job()
    pair.master.window = 10_000
    pair.settle()
    payload = b"x" * limits.INLINE
    for _ in range(40):
        job.submit(kind, payload, (), pair.ends)
    while True:
        before = len(pair.sent)
        pair.send()
        if len(pair.sent) == before:
            break
    submits = [message for message in pair.sent if isinstance(message, Submit)]
    assert sum(len(submit.calls) for submit in submits) == 40
    assert all(len(msgspec.msgpack.encode(submit)) <= limits.FRAME for submit in submits)


def test_a_function_that_drags_much_data_along_is_refused(pair):
    job, _ = pair.job()
    with pytest.raises(UsageError, match=r"update\(\)"):
        job.add_kind("g", b"x" * (limits.BATCH + 1))


def test_an_update_is_done_when_the_master_has_it(pair):
    job, _ = pair.job()
    length = job.add_update(b"update")
    pair.handle(job.when_logged(length, pair.tell("update")))
    pair.send()
    pair.deliver()
    assert pair.told == []
    pair.fetch()
    assert pair.told == [("update", None, None)]
    pair.handle(job.when_logged(length, pair.tell("again")))
    assert pair.told[1:] == [("again", None, None)]


class TestCancelling:
    def test_a_call_that_was_not_sent_just_goes(self, make_pair):
        pair = make_pair()
        job, kind = pair.job()
        call = job.submit(kind, b"x", (), pair.ends)
        job.cancel([call])
        pair.connect()
        pair.settle()
        assert not {Submit, Cancel} & set(kinds(pair.sent))
        assert pair.ends.ends == []

    def test_one_that_was_sent_is_cancelled_at_the_master(self, pair):
        job, kind = pair.job()
        call = job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        job.cancel([call])
        pair.settle()
        assert pair.sent[-1] == Cancel(job.key, [1])
        assert not pair.master.jobs[job.key].queue
        assert pair.ends.ends == []

    def test_a_result_that_was_faster_is_dropped(self, pair):
        job, kind = pair.job()
        call = job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.run()
        job.cancel([call])
        pair.settle()
        assert pair.ends.ends == []

    def test_it_is_said_again_on_a_new_link(self, pair):
        job, kind = pair.job()
        call = job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        job.cancel([call])
        pair.send()  # and lost on the way
        pair.lose()
        pair.connect()
        pair.settle()
        assert not pair.master.jobs[job.key].queue

    def test_twice_is_once(self, pair):
        job, kind = pair.job()
        call = job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        job.cancel([call])
        job.cancel([call])
        pair.settle()
        assert kinds(pair.sent).count(Cancel) == 1


class TestNewLink:
    def test_the_same_master_gets_the_calls_again_and_only_what_it_lacks_of_the_log(self, pair):
        job, kind = pair.job()
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.lose()
        job.add_update(b"later")
        job.submit(kind, b"y", (), pair.ends)
        pair.sent.clear()
        pair.connect()
        pair.settle()
        assert kinds(pair.sent) == [Hello, OpenJob, Update, Submit]
        assert [row[0] for row in pair.sent[-1].calls] == [1, 2]
        pair.run()
        pair.fetch()
        assert pair.ends.ends == [(1, b"x"), (2, b"y")]

    def test_a_restarted_master_gets_everything(self, pair):
        job, kind = pair.job()
        job.add_update(b"update")
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.master.restart()
        pair.lose()
        pair.sent.clear()
        pair.connect()
        pair.settle()
        assert kinds(pair.sent) == [Hello, OpenJob, Code, CallKind, Update, Submit]
        pair.run()
        pair.fetch()
        assert pair.ends.ends == [(1, b"x")]

    def test_at_a_restarted_master_a_call_that_may_run_once_is_lost_if_it_was_sent(self, make_pair):
        pair = make_pair(window=1)
        pair.connect()
        pair.settle()
        job, kind = pair.job(retries=0)
        job.submit(kind, b"sent", (), pair.ends)
        job.submit(kind, b"not sent", (), pair.ends)
        pair.settle()
        pair.master.restart()
        pair.lose()
        pair.connect()
        pair.settle()
        assert [(number, type(end)) for number, end in pair.ends.ends] == [(1, NodeLost)]
        pair.run()
        pair.fetch()
        assert pair.ends.ends[1:] == [(2, b"not sent")]

    def test_the_same_master_is_trusted_with_calls_that_may_run_once(self, pair):
        job, kind = pair.job(retries=0)
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.lose()
        pair.connect()
        pair.settle()
        assert pair.ends.ends == []
        assert pair.master.jobs[job.key].known == {1: 2}

    def test_a_master_that_forgot_the_job_has_forgotten_the_calls(self, pair):
        job, kind = pair.job(retries=0)
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.master.jobs.clear()
        pair.lose()
        pair.connect()
        pair.settle()
        assert [type(end) for _, end in pair.ends.ends] == [NodeLost]

    def test_a_link_that_breaks_while_the_job_is_taken_up_again_changes_nothing(self, pair):
        job, kind = pair.job()
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        pair.lose()
        pair.connect()
        pair.send()
        pair.deliver()
        pair.fetch()
        pair.send()  # OpenJob, not answered
        pair.lose()
        pair.connect()
        pair.settle()
        pair.run()
        pair.fetch()
        assert pair.ends.ends == [(1, b"x")]

    def test_an_update_that_is_waited_for_is_done_at_the_new_master(self, pair):
        job, _ = pair.job()
        pair.settle()
        pair.handle(job.when_logged(job.add_update(b"u"), pair.tell("update")))
        pair.send()
        pair.deliver()  # the answer is lost
        pair.lose()
        assert pair.told == []
        pair.connect()
        pair.settle()
        assert pair.told == [("update", None, None)]


class TestLargeData:
    def test_comes_before_what_names_it_and_once_a_link(self, pair):
        job, kind = pair.job()
        blob = store(b"x" * 100)
        job.add_update(b"", [blob])
        job.submit(kind, b"", [store(b"x" * 100)], pair.ends)
        pair.settle()
        assert list(pair.master.blobs) == [(job.key, blob.name)]
        pair.lose()
        pair.connect()
        pair.settle()
        assert list(pair.master.blobs) == [(job.key, blob.name)]
        assert pair.sent[-1] == SubmitLarge(job.key, (1, kind, 1, b""), [(blob.name, 100)])

    def test_of_calls_is_kept_for_the_next_call_and_dropped_beyond_a_budget(self, pair, monkeypatch):
        monkeypatch.setattr(parcels, "IDLE_BYTES", 250)
        job, kind = pair.job()
        for letter in b"abc":
            job.submit(kind, b"", [store(bytes([letter]) * 100)], pair.ends)
            pair.settle()
            pair.run()
            pair.fetch()
            pair.settle()
        assert len(pair.master.blobs) == 2
        assert kinds(pair.sent).count(DropBlob) == 1

    def test_in_results_is_handed_out_as_views(self, pair):
        job, kind = pair.job()
        seen = []

        class Waiter:
            def returned(self, event):
                seen.append((bytes(event.payload), [bytes(view) for view in event.buffers]))

        for number in (1, 2):
            job.submit(kind, b"x", (), Waiter())
            pair.settle()
            blobs = [store(b"first"), store(b"second")]
            for blob in blobs:
                pair.ledger.received_blob(job.key, blob)
            refs = [(blob.name, blob.size) for blob in blobs]
            payload = b"pickle" if number == 1 else b""
            pair.handle(pair.ledger.received(ResultLarge(job.key, "n", (number, 1, 0, 5, payload), refs)))
        assert seen == [(b"pickle", [b"first", b"second"]), (b"first", [b"second"])]

    def test_comes_in_pieces_too(self, pair):
        job, kind = pair.job()
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        name = store(b"abcdef").name
        for offset, piece in ((0, b"abc"), (3, b"def")):
            assert pair.ledger.received(BlobChunk(job.key, name, 6, offset, memoryview(piece))) == []
        pair.handle(pair.ledger.received(ResultLarge(job.key, "n", (1, 1, 0, 5, b""), [(name, 6)])))
        assert pair.ends.ends == [(1, b"abcdef")]

    def test_that_never_came_is_an_offence(self, pair):
        job, kind = pair.job()
        job.submit(kind, b"x", (), pair.ends)
        pair.settle()
        with pytest.raises(ProtocolError):
            pair.ledger.received(ResultLarge(job.key, "n", (1, 1, 0, 5, b""), [(b"n" * 16, 6)]))


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (Failure("timeout", "slow"), CallTimeout),
        (Failure("crashed", "died", signal=11, stderr="oops", peak_memory=5), WorkerCrashed),
        (Failure("node lost", "gone"), NodeLost),
        (Failure("cancelled", "by ann"), JobCancelled),
        (Failure("broken", "Traceback"), JobBroken),
        (Failure("too large", "9 GB"), AsynClusterError),
    ],
)
def test_failures_are_the_errors_that_their_names_say(pair, failure, error):
    job, kind = pair.job()
    job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    pair.handle(pair.ledger.received(Failed(job.key, [(1, 3)], failure)))
    ((_, end),) = pair.ends.ends
    assert isinstance(end, error)
    assert str(end) == failure.message
    if isinstance(end, WorkerCrashed):
        assert (end.signal, end.stderr, end.peak_memory) == (11, "oops", 5)


def test_when_the_job_ends_everybody_is_told_and_nothing_more_is_taken(pair):
    job, kind = pair.job()
    job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    pair.handle(job.when_logged(job.add_update(b"u"), pair.tell("update")))
    pair.handle(pair.ledger.received(pair.master.end_job(pair.master.jobs[job.key], Failure("cancelled", "By ann."))))
    assert [type(end) for _, end in pair.ends.ends] == [JobCancelled]
    assert [(name, type(error)) for name, _, error in pair.told] == [("update", JobCancelled)]
    with pytest.raises(JobCancelled, match="By ann"):
        job.submit(kind, b"y", (), pair.ends)
    with pytest.raises(JobCancelled):
        job.add_update(b"v")
    pair.handle(job.when_logged(9, pair.tell("late")))
    assert isinstance(pair.told[-1][2], JobCancelled)
    assert pair.ledger.received(Results(job.key, "n", [(1, 1, 0, 5, b"")])) == []


def test_closing_tells_the_master_and_whoever_waits(pair):
    job, kind = pair.job()
    job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    pair.handle(pair.ledger.close_job(job, JobCancelled("Closed.")))
    pair.settle()
    assert pair.sent[-1] == CloseJob(job.key)
    assert not pair.master.jobs
    assert [str(end) for _, end in pair.ends.ends] == ["Closed."]
    assert pair.ledger.close_job(job, JobCancelled("Closed.")) == []


def test_a_job_that_never_went_out_is_not_closed_at_the_master(make_pair):
    pair = make_pair()
    job, _ = pair.job()
    pair.ledger.close_job(job, JobCancelled("Closed."))
    pair.connect()
    pair.settle()
    assert kinds(pair.sent) == [Hello]


class TestAsking:
    def test_answer_and_refusals(self, pair):
        pair.master.answers |= {"sum": lambda a, b: a + b, "kick": Refusal(0, ExitCode.REFUSED, "No.")}
        pair.ledger.ask("sum", msgspec.Raw(msgspec.msgpack.encode({"a": 1, "b": 2})), pair.tell("sum"))
        pair.ledger.ask("kick", NOTHING, pair.tell("kick"))
        pair.ledger.ask("nonsense", NOTHING, pair.tell("nonsense"))
        pair.settle()
        assert pair.told[0] == ("sum", 3, None)
        assert [(type(error), str(error)) for _, _, error in pair.told[1:]] == [
            (NotAllowed, "No."),
            (UsageError, "There is no verb nonsense."),
        ]

    def test_other_refusals_keep_their_exit_code(self, pair):
        pair.master.answers["check"] = Refusal(0, ExitCode.CONFIG, "Bad.")
        pair.ledger.ask("check", NOTHING, pair.tell("check"))
        pair.settle()
        assert pair.told[0][2].exit_code is ExitCode.CONFIG

    def test_what_was_asked_when_the_link_broke_is_unclear_and_the_rest_is_asked_later(self, pair):
        pair.master.answers["a"] = 1
        pair.ledger.ask("a", NOTHING, pair.tell("first"))
        pair.send()
        pair.ledger.ask("a", NOTHING, pair.tell("second"))
        pair.lose()
        assert [(name, type(error)) for name, _, error in pair.told] == [("first", MasterUnreachable)]
        pair.connect()
        pair.settle()
        assert pair.told[1:] == [("second", 1, None)]


def test_progress_and_output_are_kept_with_their_call(pair):
    job, kind = pair.job()
    call = job.submit(kind, b"x", (), pair.ends)
    pair.settle()
    assert (call.progress, call.log) == (None, "")
    for message in (
        Progress(job.key, 1, 0.25, "burn-in"),
        Output(job.key, 1, "out", "hello "),
        Output(job.key, 1, "err", "world"),
        Output(job.key, 0, "out", "setting up"),
        Output(job.key, 9, "out", "of nobody"),
        Progress(99, 1, 0.5, ""),
        Output(99, 0, "out", ""),
    ):
        assert pair.ledger.received(message) == []
    assert (call.progress, call.log) == ((0.25, "burn-in"), "hello world")
    assert job.log.text() == "setting up"


def test_of_much_output_the_beginning_and_the_end_are_kept(pair):
    job, kind = pair.job()
    call = job.submit(kind, b"x", (), pair.ends)
    for line in range(20_000):
        call.printed(f"line {line:5}\n")
    assert call.log.startswith("line     0\n")
    assert call.log.endswith("line 19999\n")
    assert "characters left out" in call.log
    assert len(call.log) < 70_000


class TestOffences:
    @pytest.mark.parametrize("message", [Hello(1, "x"), Welcome(999, "m", 1, "", 5)])
    def test_of_the_master_are_told(self, pair, message):
        with pytest.raises(ProtocolError):
            pair.ledger.received(message)

    def test_a_master_that_speaks_before_it_greets(self, make_pair):
        pair = make_pair()
        pair.connect()
        with pytest.raises(ProtocolError):
            pair.ledger.received(Logged(1, 1))

    def test_a_master_that_has_more_of_a_job_than_there_is(self, pair):
        pair.job()
        pair.send()
        pair.deliver()
        opened = msgspec.structs.replace(pair.to_client.popleft(), entries=9)
        with pytest.raises(ProtocolError):
            pair.ledger.received(opened)

    def test_a_master_that_does_not_want_us(self, make_pair):
        pair = make_pair()
        pair.master.refuse = "Not you."
        pair.connect()
        pair.send()
        pair.deliver()
        with pytest.raises(NotAllowed, match="Not you"):
            pair.fetch()
        assert pair.ledger.phase is Phase.GREETING


def test_giving_up_tells_everybody(pair):
    job, kind = pair.job()
    job.submit(kind, b"x", (), pair.ends)
    pair.ledger.ask("a", NOTHING, pair.tell("ask"))
    pair.handle(pair.ledger.abandon(MasterUnreachable("Gone.")))
    assert [type(end) for _, end in pair.ends.ends] == [MasterUnreachable]
    assert [type(error) for _, _, error in pair.told] == [MasterUnreachable]
    assert pair.ledger.pending == 0

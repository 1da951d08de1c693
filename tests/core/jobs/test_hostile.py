"""Nodes and clients that say anything: they are refused or ignored, and the sums still agree."""

from __future__ import annotations

import contextlib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatch_desk import JOB, OWNER, Desk, attach, check_sums, log, telemetry

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.records import Owner
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    Broke,
    Cancel,
    CloseJob,
    Done,
    DoneLarge,
    DropBlob,
    DropJob,
    Failure,
    Holding,
    OpenJob,
    Output,
    Returned,
    Run,
    Submit,
    SubmitLarge,
    Unfit,
    Update,
)

small = st.integers(0, 6)
jobs = st.integers(1, 2)
blob = st.sampled_from([(b"0123456789abcdef", 10), (b"fedcba9876543210", 20)])
refs = st.lists(st.tuples(small, st.integers(0, 3)), max_size=4)
done_row = st.tuples(small, st.integers(0, 3), st.integers(0, 2), st.integers(0, 2**53 - 1), st.just(b"r"))
call_row = st.tuples(small, st.integers(0, 4), st.integers(0, 3), st.binary(max_size=3))
failures = st.sampled_from(["crashed", "timeout", "node lost", "too large", "split"]).map(
    lambda kind: Failure(kind, "!")
)

node_words = st.one_of(
    st.builds(Done, small, jobs, st.lists(done_row, max_size=4)),
    st.builds(DoneLarge, small, jobs, done_row, st.lists(blob, max_size=2)),
    st.builds(Broke, small, jobs, st.tuples(small, st.integers(0, 3)), failures),
    st.builds(Returned, small, jobs, refs),
    st.builds(Unfit, jobs, small, st.just("boom")),
    st.builds(Output, jobs, small, st.just("out"), st.just("text")),
    st.builds(lambda job, one: DropBlob(job, one[0]), jobs, blob),
    st.builds(telemetry, st.sampled_from(["run", "nice", "suspend", "nonsense"])),
    st.builds(OpenJob, jobs, st.just("x"), st.just(0)),
)
client_words = st.one_of(
    st.builds(OpenJob, jobs, st.just("x"), st.just(0)),
    st.sampled_from([*log(1), *log(2)]),
    st.builds(Update, jobs, small, st.just(b""), st.lists(blob, max_size=2)),
    st.builds(Submit, jobs, st.lists(call_row, max_size=5)),
    st.builds(SubmitLarge, jobs, call_row, st.lists(blob, max_size=2)),
    st.builds(Cancel, jobs, st.lists(small, max_size=4)),
    st.builds(CloseJob, jobs),
    st.builds(lambda job, one: DropBlob(job, one[0]), jobs, blob),
    st.builds(Done, small, jobs, st.lists(done_row, max_size=2)),
)
names = st.sampled_from("ab")
clients = st.sampled_from([(1, OWNER), (2, OWNER), (3, Owner(7, "eve"))])
steps = st.one_of(
    st.tuples(st.just("node"), names, node_words),
    st.tuples(st.just("node"), names, node_words),
    st.tuples(st.just("client"), clients, client_words),
    st.tuples(st.just("client"), clients, client_words),
    st.tuples(st.just("attach"), names, st.builds(Holding, jobs, refs, small)),
    st.tuples(st.just("lose"), names, st.none()),
    st.tuples(st.just("client lost"), clients, st.none()),
    st.tuples(st.just("advance"), st.none(), st.sampled_from([0.1, 6.0, 31.0])),
    st.tuples(st.just("turn"), st.none(), st.none()),
    st.tuples(st.just("reads"), clients, st.booleans()),
)


def perform(desk: Desk, what: str, who: Any, word: Any) -> None:
    match what:
        case "node":
            desk.node(who, word)
        case "client":
            desk.client(word, *who)
        case "attach":
            desk.dispatcher.node_attached(who, attach(who, 2, 1, [word]), desk.now)
        case "lose":
            desk.lose(who)
        case "client lost":
            desk.dispatcher.client_lost(who[0], desk.now)
        case "advance":
            desk.advance(word)
        case "turn":
            desk.turn()
        case "reads":
            desk.dispatcher.client_reads(who[0], word, desk.now)


@settings(max_examples=300)
@given(st.lists(steps, max_size=60))
def test_whatever_they_say_the_sums_agree(history: list[tuple[str, Any, Any]]) -> None:
    desk = Desk(DispatchSettings(node_blob_bytes=15, kept_bytes=2))
    desk.attach("a")
    desk.open(job=1)
    desk.submit(0, 1, 2, 3, job=1)
    desk.turn()
    for what, who, word in history:
        with contextlib.suppress(ProtocolError):
            perform(desk, what, who, word)
        check_sums(desk.dispatcher)
    desk.turn()


def test_nodes_may_claim_as_many_calls_of_unknown_jobs_as_there_can_be() -> None:
    desk = Desk(DispatchSettings(calls=10, found_grace=30.0))
    desk.attach(
        "a", holding=[Holding(1, [(call, 1) for call in range(6)]), Holding(2, [(call, 1) for call in range(6)])]
    )
    desk.turn()
    assert DropJob(2) in desk.to_node("a")
    desk.node("a", Done(1, 3, [(call, 1, 0, 5, b"") for call in range(100)]))
    board = desk.dispatcher._board
    assert sum(len(found.held) + len(found.results) for found in board.found.values()) == 10
    desk.advance(31.0)
    assert (board.found, board.found_calls) == ({}, 0)


def test_a_node_speaks_only_of_jobs_that_it_was_given() -> None:
    desk = Desk()
    desk.attach("a")
    desk.open()
    desk.submit(0)
    desk.turn()
    desk.attach("b")
    assert [desk.dispatcher.works_on(node, JOB) for node in "abc"] == [True, False, False]
    assert not desk.dispatcher.works_on("a", 999)


def test_a_client_that_does_not_read_gets_no_more_workers() -> None:
    desk = Desk()
    desk.open()
    desk.submit(0)
    desk.dispatcher.client_reads(1, False, desk.now)
    desk.attach("a")
    desk.turn()
    assert "does not take the results" in desk.dispatcher.why(JOB, desk.now)
    assert not [word for word in desk.to_node("a") if isinstance(word, Run)]
    desk.dispatcher.client_reads(1, True, desk.now)
    desk.turn()
    assert [word.job for word in desk.to_node("a") if isinstance(word, Run)] == [JOB]


def test_a_client_that_comes_back_is_taken_to_read() -> None:
    desk = Desk()
    desk.attach("a")
    desk.open()
    desk.dispatcher.client_reads(1, False, desk.now)
    desk.submit(0)
    desk.turn()
    desk.dispatcher.client_lost(1, desk.now)
    desk.turn()
    assert [word.job for word in desk.to_node("a") if isinstance(word, Run)] == [JOB]

"""The usual life of a job, message by message, and what operators and listings get."""

from __future__ import annotations

import pytest
from support.dispatch_desk import JOB, OWNER, Desk, attach, log

from asyncluster.core.errors import ProtocolError
from asyncluster.core.jobs.instructions import JobClosed, JobStarted, ToClient, ToNode
from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.wire.messages import (
    Acknowledge,
    CloseJob,
    Done,
    Drain,
    DropJob,
    Failure,
    JobAt,
    JobEnded,
    JobOpened,
    Logged,
    OpenJob,
    Renice,
    Results,
    Run,
    Submit,
)

ACKNOWLEDGE = DispatchSettings().acknowledge


def test_a_job_from_its_opening_to_its_end(desk: Desk) -> None:
    dispatcher = desk.dispatcher
    dispatcher.node_attached("a", attach("a", workers=1), 0.0)
    dispatcher.from_client(7, OWNER, OpenJob(JOB, "pi", 3), 0.0)
    assert dispatcher.take() == [JobStarted(JOB, "pi", OWNER, 3)]
    for entry in log():
        dispatcher.from_client(7, OWNER, entry, 0.0)
    dispatcher.from_client(7, OWNER, Submit(JOB, [(1, 0, 1, b"x")]), 0.0)
    assert dispatcher.take() == [ToClient(7, Logged(JOB, n)) for n in range(1, 6)], "no number, no run"
    dispatcher.numbered(JOB, 12)
    assert dispatcher.take() == [
        ToClient(7, JobOpened(JOB, 12, 5)),
        ToNode("a", JobAt(JOB, 12, "pi", "ann", 3)),
        *(ToNode("a", entry) for entry in log()),
        ToNode("a", Run(JOB, [(1, 1, 0, b"x")])),
    ]
    rows = [(1, 1, 0, 250, b"y")]
    dispatcher.from_node("a", Done(1, JOB, rows), 1.0)
    assert dispatcher.take() == [ToClient(7, Results(JOB, "a", rows))]
    assert dispatcher.tick(1 + ACKNOWLEDGE) is None
    assert dispatcher.take() == [ToNode("a", Acknowledge(1))]
    dispatcher.from_client(7, OWNER, CloseJob(JOB), 2.0)
    dropped, closed = dispatcher.take()
    assert dropped == ToNode("a", DropJob(JOB))
    assert isinstance(closed, JobClosed)
    assert (closed.key, closed.record.state, closed.record.counters.done) == (JOB, "done", 1)
    assert dispatcher.jobs() == []


def test_nothing_new_is_nothing_to_do(office: Desk) -> None:
    office.turn()
    assert office.new == []
    assert office.wake is None


def test_many_numbered_messages_of_a_node_are_acknowledged_by_one(office: Desk) -> None:
    office.submit(1, 2)
    office.turn()
    office.done("a", 1)
    office.done("b", 2)
    office.turn()
    assert not office.to_node("a", Acknowledge)
    office.advance(ACKNOWLEDGE)
    assert office.to_node("a", Acknowledge) == office.to_node("b", Acknowledge) == [Acknowledge(1)]
    office.submit(3, 4, 5, 6)
    office.turn()
    for call in office.runs("a"):
        office.done("a", call)
    office.advance(ACKNOWLEDGE)
    assert office.to_node("a", Acknowledge) == [Acknowledge(3)]


def test_an_update_reaches_every_node_before_its_next_call(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.update(5)
    office.submit(2)
    office.turn()
    assert [type(m).__name__ for m in office.to_node("b")][-2:] == ["Update", "Run"]
    office.done("a", 1)
    office.submit(3, 4, 5)
    office.turn()
    assert [type(m).__name__ for m in office.to_node("a")] == ["Update", "Run"]


def test_a_node_that_joins_later_gets_the_whole_log_first(office: Desk) -> None:
    office.update(5)
    office.submit(*range(10))
    office.turn()
    office.attach("c", instance=3)
    office.turn()
    kinds = [type(m).__name__ for m in office.to_node("c")]
    assert kinds == ["JobAt", "Code", *["CallKind"] * 4, "Update", "Run"]


def test_cancelling_a_job_tells_everybody(office: Desk) -> None:
    office.submit(1, 2, 3)
    office.turn()
    assert office.dispatcher.cancel_job(JOB, "bob", office.now)
    office.turn()
    assert office.to_node("a") == [DropJob(JOB)]
    assert office.to_node("b") == [DropJob(JOB)]
    assert office.to_client() == [JobEnded(JOB, Failure("cancelled", "The job was cancelled by bob."))]
    assert [one.record.state for one in office.new if isinstance(one, JobClosed)] == ["cancelled"]
    assert [node.outstanding for node in office.dispatcher.nodes()] == [0, 0]
    assert not office.dispatcher.cancel_job(JOB, "bob", office.now)


def test_a_job_may_be_ended_for_a_reason_of_the_master(office: Desk) -> None:
    failure = Failure("too large", "The disk is full.")
    assert office.dispatcher.end_job(JOB, failure, office.now)
    office.turn()
    assert office.to_client() == [JobEnded(JOB, failure)]
    assert [one.record.state for one in office.new if isinstance(one, JobClosed)] == ["broken"]


def test_messages_for_a_job_that_was_ended_are_too_late_but_no_offence(office: Desk) -> None:
    office.dispatcher.cancel_job(JOB, "bob", office.now)
    office.submit(1)
    office.turn()
    office.client(OpenJob(JOB, "again", 0), client=2)
    office.turn()
    assert [type(m) for m in office.to_client(2)] == [JobEnded]


def test_renice_reaches_the_nodes_that_have_the_job(office: Desk) -> None:
    office.submit(1)
    office.turn()
    assert office.dispatcher.renice(JOB, 10, office.now)
    office.turn()
    assert office.to_node("a") == [Renice(JOB, 10)]
    assert office.to_node("b") == []
    assert office.dispatcher.jobs()[0].niceness == 10
    assert not office.dispatcher.renice(99, 10, office.now)


def test_a_drained_node_gets_nothing_until_it_is_resumed(office: Desk) -> None:
    office.dispatcher.drain("a", True, office.now)
    office.submit(1, 2, 3, 4)
    office.turn()
    assert office.to_node("a") == [Drain(True)]
    assert office.runs("b") == [1, 2]
    office.dispatcher.drain("a", False, office.now)
    office.turn()
    assert office.to_node("a")[0] == Drain(False)
    assert office.runs("a") == [3, 4]


def test_a_node_may_be_drained_while_it_is_away(office: Desk) -> None:
    office.lose("a")
    office.dispatcher.drain("a", True, office.now)
    office.turn()
    assert office.to_node("a") == []
    office.attach("a")
    office.submit(1)
    office.turn()
    assert office.to_node("a") == [Drain(True)]
    assert office.runs("b") == [1]


def test_a_node_that_was_drained_before_it_went_away_is_told_so_again(office: Desk) -> None:
    office.dispatcher.drain("a", True, office.now)
    office.turn()
    office.lose("a")
    office.attach("a")
    office.turn()
    assert Drain(True) in office.to_node("a")


def test_a_node_that_was_resumed_while_it_was_away_works(office: Desk) -> None:
    """It is told nothing: a node that hears of no drain takes it that its work is wanted."""
    office.dispatcher.drain("a", True, office.now)
    office.turn()
    office.lose("a")
    office.dispatcher.drain("a", False, office.now)
    office.attach("a")
    office.submit(1, 2, 3, 4)
    office.turn()
    assert not [word for word in office.to_node("a") if isinstance(word, Drain)]
    assert len(office.runs("a")) == 2


def test_nonsense_of_nodes_is_refused(office: Desk) -> None:
    with pytest.raises(ProtocolError):
        office.node("a", Run(JOB, []))
    with pytest.raises(ProtocolError):
        office.node("nobody", Done(1, JOB, []))
    office.submit(1)
    office.turn()
    with pytest.raises(ProtocolError):
        office.broke("a", 1, kind="cancelled")
    office.done("a", 1)
    office.turn()
    assert office.results() == [1]


def test_records_are_cut_off_from_the_state(office: Desk) -> None:
    office.submit(1, 2, 3, 4, 5)
    office.turn()
    office.done("a", 1, micros=3000)
    before = office.dispatcher.job(JOB)
    assert before is not None
    assert (before.queued + before.running, before.entries, before.state) == (4, 5, "running")
    assert before.counters.durations == (0,) * 12 + (1,)
    office.done("a", 2)
    assert before.counters.done == 1
    node = office.dispatcher.node("a")
    assert node is not None
    assert (node.state, node.slots, node.outstanding) == ("run", 2, 0)
    number = before.number
    assert number is not None
    assert office.dispatcher.key_of(number) == JOB
    assert office.dispatcher.key_of(number + 1) is None

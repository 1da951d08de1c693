"""The one sentence, for each thing that may keep a job from running."""

from __future__ import annotations

from support.dispatch_desk import JOB, Desk, attach, log, telemetry

from asyncluster.core.jobs.records import Owner
from asyncluster.core.wire.messages import OpenJob, Unfit


def why(desk: Desk, job: int = JOB) -> str:
    return desk.dispatcher.why(job, desk.now)


def test_jobs_that_are_over_or_never_were(office: Desk) -> None:
    assert why(office, 99) == "There is no such job."
    office.dispatcher.cancel_job(JOB, "bob", office.now)
    assert why(office) == "The job is over: The job was cancelled by bob."


def test_a_job_without_a_number(desk: Desk) -> None:
    desk.dispatcher.from_client(1, Owner(1, "ann"), OpenJob(JOB, "j", 0), 0.0)
    assert "history" in why(desk)


def test_a_job_without_calls(office: Desk) -> None:
    assert "has not submitted" in why(office)
    office.dispatcher.client_lost(1, office.now)
    assert "its client is away" in why(office)


def test_a_job_that_runs(office: Desk) -> None:
    office.submit(*range(10))
    office.turn()
    assert why(office) == "It is running: 4 calls are on up to 4 workers of a, b; 6 more are waiting."


def test_no_node(desk: Desk) -> None:
    desk.open()
    desk.submit(1)
    assert why(desk) == "No node is connected."
    desk.attach("a", workers=0)
    assert why(desk) == "No connected node has workers."
    desk.lose("a")
    assert why(desk) == "No node is connected; waiting for a to come back."


def test_all_nodes_are_drained(office: Desk) -> None:
    for name in "ab":
        office.dispatcher.drain(name, True, office.now)
    office.submit(1)
    assert why(office) == "All nodes are being drained (a, b); `node resume` lets them work."


def test_people_sit_there(office: Desk) -> None:
    for name in "ab":
        office.node(name, telemetry("suspend"))
    office.submit(1)
    office.turn()
    assert why(office) == "People are using the nodes, so workers are suspended there (a, b)."


def test_its_code_fails(office: Desk) -> None:
    office.submit(1)
    office.turn()
    office.node("a", Unfit(JOB, 0, "Traceback\nNameError: x"))
    office.dispatcher.drain("b", True, office.now)
    office.turn()
    assert why(office) == "Its code fails on all nodes that are there now; on a with: NameError: x"


def test_other_jobs_have_the_workers(office: Desk) -> None:
    office.submit(*range(10))
    office.turn()
    office.open(job=2)
    office.submit(1, job=2)
    office.turn()
    office.submit(2, job=2)
    assert "running" in why(office, 2) or "busy with job 1" in why(office, 2)


def test_calls_were_just_handed_back(desk: Desk) -> None:
    desk.attach("a")
    desk.open()
    desk.submit(1)
    desk.turn()
    desk.give_back("a", 1)
    desk.turn()
    assert why(desk) == "a has just handed calls back; they go out again in a moment."


def test_many_names_are_cut_short(desk: Desk) -> None:
    for n in range(5):
        desk.dispatcher.node_attached(f"n{n}", attach(f"n{n}", instance=n + 1), 0.0)
        desk.dispatcher.drain(f"n{n}", True, 0.0)
    desk.open()
    desk.submit(1)
    assert "(n0, n1, n2 and 2 more)" in why(desk)
    assert len(log()) == 5

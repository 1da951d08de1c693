"""Calls of a job with an environment only go where that is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.dispatch_desk import JOB, Desk, check_sums, log

from asyncluster.core.wire.messages import Failure, JobAt, JobEnded, JobOpened, OpenJob, Recall

ONE, TWO = "1" * 64, "2" * 64


def open_with(desk: Desk, environment: str, job: int = JOB) -> None:
    desk.client(OpenJob(job, "job", 0, environment))
    desk.turn()
    for entry in log(job):
        desk.client(entry)


def two_nodes() -> Desk:
    desk = Desk()
    desk.attach("a")
    desk.attach("b", instance=2)
    return desk


def test_a_job_without_one_runs_everywhere() -> None:
    desk = two_nodes()
    desk.dispatcher.node_has("a", [ONE], desk.now)
    desk.open()
    desk.submit(1, 2, 3, 4)
    desk.turn()
    assert sorted(desk.runs("a") + desk.runs("b")) == [1, 2, 3, 4]


def test_calls_wait_for_the_first_node_that_has_it_and_other_jobs_do_not() -> None:
    desk = two_nodes()
    open_with(desk, ONE)
    desk.open(job=2)
    desk.submit(*range(6))
    desk.submit(7, job=2)
    desk.turn()
    assert desk.runs("a") + desk.runs("b") == []
    assert desk.runs("a", 2) + desk.runs("b", 2) == [7]
    assert desk.dispatcher.why(JOB, desk.now) == "It waits for its environment 111111111111 on a, b."
    desk.dispatcher.node_has("b", [TWO, ONE], desk.now)
    desk.turn()
    assert desk.runs("b") == [0, 1]
    assert desk.to_node("b", JobAt) == [JobAt(JOB, 1, "job", "ann", 0, ONE)]
    assert "running" in desk.dispatcher.why(JOB, desk.now)
    desk.dispatcher.node_has("a", [ONE], desk.now)
    desk.turn()
    assert desk.runs("a")


def test_the_client_is_told_which_one_it_has_and_keeps_it() -> None:
    desk = two_nodes()
    desk.client(OpenJob(JOB, "job", 0, ONE))
    desk.turn()
    assert desk.to_client(1, JobOpened) == [JobOpened(JOB, 1, 0, ONE)]
    desk.client(OpenJob(JOB, "job", 0, TWO), client=2)
    desk.turn()
    assert desk.to_client(2, JobOpened) == [JobOpened(JOB, 1, 0, ONE)]
    assert desk.dispatcher.environments() == {ONE}
    assert desk.dispatcher.job(JOB).environment == ONE
    desk.dispatcher.cancel_job(JOB, "bob", desk.now)
    assert desk.dispatcher.environments() == set()


def test_a_daemon_that_was_restarted_has_to_say_again_what_it_has() -> None:
    desk = two_nodes()
    desk.lose("b")
    desk.dispatcher.node_has("a", [ONE], desk.now)
    assert desk.dispatcher.node("a").environments == {ONE}
    desk.attach("a", instance=9)
    open_with(desk, ONE)
    desk.submit(1)
    desk.turn()
    assert desk.runs("a") == []
    desk.dispatcher.node_has("nobody", [ONE], desk.now)
    desk.dispatcher.node_has("a", [ONE], desk.now)
    desk.turn()
    assert desk.runs("a") == [1]


def test_calls_are_not_recalled_for_a_node_that_could_not_run_them() -> None:
    desk = Desk()
    desk.attach("a")
    desk.dispatcher.node_has("a", [ONE], desk.now)
    open_with(desk, ONE)
    for first in range(0, 500, 100):  # the pace of the calls becomes known, and then many wait on the node
        desk.submit(*range(first, first + 100))
        desk.turn()
        while desk.runs("a"):
            desk.done("a", *desk.runs("a"), micros=2000)
            desk.turn()
    desk.submit(*range(1000, 1050))
    desk.turn()
    assert len(desk.runs("a")) == 50
    desk.attach("idle", instance=3)
    desk.advance(1.0)
    assert desk.to_node("a", Recall) == []
    desk.attach("other", instance=4)
    desk.dispatcher.node_has("other", [ONE], desk.now)
    desk.advance(1.0)
    assert desk.to_node("a", Recall) != []


def test_a_job_that_is_refused_is_over_and_what_followed_its_opening_is_ignored() -> None:
    desk = two_nodes()
    failure = Failure("broken", "There is no environment 'x'.")
    desk.dispatcher.refuse_job(1, JOB, failure, desk.now)
    desk.turn()
    assert desk.to_client(1, JobEnded) == [JobEnded(JOB, failure)]
    for entry in log():
        desk.client(entry)
    desk.submit(1)
    desk.turn()
    assert desk.new == []
    desk.dispatcher.refuse_job(2, JOB, Failure("broken", "There is no environment 'y'."), desk.now)
    desk.turn()
    assert desk.to_client(2, JobEnded) == [JobEnded(JOB, failure)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["has", "submit", "done", "lose", "attach"]),
            st.sampled_from("abc"),
            st.sets(st.sampled_from([ONE, TWO])),
            st.integers(0, 2),
        ),
        max_size=40,
    )
)
def test_no_call_goes_where_its_environment_is_not_and_no_slot_stays_idle(steps) -> None:
    desk = Desk()
    has: dict[str, set[str]] = {}
    environments = {1: "", 2: ONE, 3: TWO}
    held: dict[str, list[tuple[int, int]]] = {}
    instances, call = 0, 0
    for job, environment in environments.items():
        open_with(desk, environment, job)
    for what, node, keys, number in steps:
        if what == "attach" and node not in has:
            instances += 1
            desk.attach(node, instance=instances)
            has[node], held[node] = set(), []
        elif what == "submit":
            call += 1
            desk.submit(call, job=number + 1)
        elif node not in has:
            continue
        elif what == "has":
            desk.dispatcher.node_has(node, keys, desk.now)
            has[node] = keys
        elif what == "lose":
            desk.lose(node)
            del has[node], held[node]
        elif held[node]:
            job, done = held[node].pop(0)
            desk.done(node, done, job=job, micros=1_000_000)
        desk.advance(0.01)
        for name in has:
            for job, environment in environments.items():
                given_now = desk.runs(name, job)
                assert not given_now or environment in {"", *has[name]}
                held[name] += [(job, number) for number in given_now]
        waiting = {environments[job.key] for job in desk.dispatcher.jobs() if job.queued}
        for name, keys_there in has.items():
            assert len(held[name]) >= 2 or not waiting & {"", *keys_there}
        check_sums(desk.dispatcher)

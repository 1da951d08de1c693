"""Who gets which calls: depth, the end of a queue, fairness, recalls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatch_desk import JOB, PLAIN, TIMED, Desk

from asyncluster.core.jobs.settings import DispatchSettings
from asyncluster.core.rhythm import NODE_AHEAD, SILENCE
from asyncluster.core.wire.limits import BATCH, FRAME
from asyncluster.core.wire.messages import Recall, Returned, Run, Submit, encode

SECOND = 10**6
AHEAD = round(1000 * NODE_AHEAD)  # calls of 1 ms that a slot has


class Workers:
    """Nodes that run what they get at the pace of `desk.now`, one call a slot, jobs in turn by their weight.

    Attributes:
        served: seconds of work by job.
    """

    def __init__(self, desk: Desk, names: str, slots: int, durations: dict[int, int]) -> None:
        self.desk = desk
        self.slots = slots
        self.durations = durations
        self.served: dict[int, float] = dict.fromkeys(durations, 0.0)
        self.waiting: dict[str, list[tuple[int, int]]] = {name: [] for name in names}
        self.running: dict[str, list[tuple[float, int, int]]] = {name: [] for name in names}
        self.first: dict[int, float] = {}

    def step(self, seconds: float) -> None:
        """Hands in what has finished, takes what has come, and begins what fits."""
        self.desk.now += seconds
        for name, running in self.running.items():
            for end, job, call in [one for one in running if one[0] <= self.desk.now]:
                running.remove((end, job, call))
                self.served[job] += self.durations[job] / SECOND
                self.desk.done(name, call, job=job, micros=self.durations[job])
        self.desk.turn()
        for name, waiting in self.waiting.items():
            for message in self.desk.to_node(name, Run):
                waiting += [(message.job, row[0]) for row in message.rows]  # type: ignore[attr-defined]
            while waiting and len(self.running[name]) < self.slots:
                job, call = min(waiting, key=lambda one: self.served[one[0]])
                waiting.remove((job, call))
                self.first.setdefault(job, self.desk.now)
                self.running[name].append((self.desk.now + self.durations[job] / SECOND, job, call))


def learned(desk: Desk, micros: int, calls: int = 1) -> None:
    """Lets the job's first calls take so long, so that its pace is known; numbers are from 10 million on."""
    for first in range(10**7, 10**7 + 12 * calls, calls):
        desk.submit(*range(first, first + calls))
        desk.turn()
        for name in "abcdefgh":
            if desk.runs(name):
                desk.done(name, *desk.runs(name), micros=micros)
    desk.turn()


def test_calls_of_unknown_duration_get_one_slot_each(office: Desk) -> None:
    office.submit(*range(100))
    office.turn()
    assert (len(office.runs("a")), len(office.runs("b"))) == (2, 2)


def test_slow_calls_get_nothing_ahead(office: Desk) -> None:
    learned(office, SECOND)
    office.submit(*range(100))
    office.turn()
    assert (len(office.runs("a")), len(office.runs("b"))) == (2, 2)
    office.done("a", office.runs("a")[0], micros=SECOND)
    office.turn()
    assert len(office.runs("a")) == 1


def test_quick_calls_lie_ahead_of_each_slot(office: Desk) -> None:
    learned(office, 1000)
    office.submit(*range(1000))
    office.turn()
    assert (len(office.runs("a")), len(office.runs("b"))) == (2 * AHEAD, 2 * AHEAD)


def test_what_is_ahead_is_refilled_at_half(office: Desk) -> None:
    learned(office, 1000)
    office.submit(*range(1000))
    office.turn()
    calls = office.runs("a")
    office.done("a", *calls[: AHEAD - 1])
    office.turn()
    assert office.runs("a") == []
    office.done("a", calls[AHEAD - 1])
    office.turn()
    assert len(office.runs("a")) == AHEAD


def test_a_configured_depth_is_kept_whatever_calls_take() -> None:
    desk = Desk(DispatchSettings(jobs=3))
    desk.attach("a")
    desk.open()
    desk.submit(*range(100))
    desk.turn()
    assert len(desk.runs("a")) == 6
    desk.done("a", *desk.runs("a"), micros=SECOND)
    desk.turn()
    assert len(desk.runs("a")) == 6


def test_the_end_of_a_queue_is_divided_evenly(office: Desk) -> None:
    learned(office, 1000)
    office.submit(*range(20))
    office.turn()
    assert (len(office.runs("a")), len(office.runs("b"))) == (10, 10)


def test_the_least_loaded_node_is_first(office: Desk) -> None:
    office.submit(1, 2, 3)
    office.turn()
    office.submit(4)
    office.attach("c", workers=4, instance=3)
    office.turn()
    assert office.runs("c") == [4]


def test_very_short_calls_go_in_batches(office: Desk) -> None:
    learned(office, 10, calls=20)
    office.submit(*range(100))
    office.turn()
    assert sorted([len(office.runs("a")), len(office.runs("b"))]) == [0, 100]


def test_a_batch_keeps_all_slots_of_a_node_busy(office: Desk) -> None:
    learned(office, 10, calls=20)
    office.submit(*range(300))
    office.turn()
    assert sorted([len(office.runs("a")), len(office.runs("b"))]) == [100, 200]


def test_kinds_have_their_own_pace(office: Desk) -> None:
    learned(office, 1000)
    office.submit(*range(50), kind=TIMED)
    office.submit(*range(50, 100))
    office.turn()
    assert (len(office.runs("a")), len(office.runs("b"))) == (2, 2)


def test_messages_fit_into_frames() -> None:
    desk = Desk()
    desk.attach("a", workers=40)
    desk.open()
    desk.client(Submit(JOB, [(n, PLAIN, 1, bytes(60_000)) for n in range(40)]))
    desk.turn()
    runs = desk.to_node("a", Run)
    assert [row[0] for run in runs for row in run.rows] == list(range(40))  # type: ignore[attr-defined]
    assert all(len(encode(run)) <= BATCH < FRAME for run in runs)


# --- fairness ---------------------------------------------------------------------------------------------------


def test_a_new_jobs_first_call_goes_out_at_once_past_a_million_waiting(office: Desk) -> None:
    learned(office, 1000)
    office.submit(*range(100_000))
    office.turn()
    office.open(job=2)
    office.submit(1, job=2)
    office.turn()
    assert office.runs("a", job=2) + office.runs("b", job=2) == [1]


def test_a_new_job_gets_the_first_slot_that_long_calls_leave(office: Desk) -> None:
    learned(office, SECOND)
    office.submit(*range(1000))
    office.turn()
    busy = {name: office.runs(name) for name in "ab"}
    office.open(job=2)
    office.submit(1, 2, job=2)
    office.turn()
    office.done("b", busy["b"][0], micros=SECOND)
    office.turn()
    assert office.runs("b", job=2) == [1]
    assert office.runs("b") == []


@pytest.mark.parametrize("durations", [(100_000, 100_000), (2000, 2000), (2000, 100_000), (100_000, 5000)])
def test_two_jobs_share_by_niceness_not_by_queue(durations: tuple[int, int]) -> None:
    desk = Desk()
    for n, name in enumerate("ab"):
        desk.attach(name, workers=2, instance=n + 1)
    desk.open(job=1)
    desk.open(job=2)
    workers = Workers(desk, "ab", 2, {1: durations[0], 2: durations[1]})
    desk.submit(*range(20_000), job=1)
    desk.submit(*range(5000), job=2)
    for _ in range(2500):
        workers.step(0.002)
    share = workers.served[1] / sum(workers.served.values())
    assert 0.4 < share < 0.6
    assert sum(workers.served.values()) > 0.8 * 4 * 5.0, "slots stood idle"


def test_a_nice_job_gets_its_smaller_share() -> None:
    desk = Desk()
    desk.attach("a", workers=4)
    desk.open(job=1, niceness=0)
    desk.open(job=2, niceness=5)  # a weight of 0.33
    workers = Workers(desk, "a", 4, {1: 50_000, 2: 50_000})
    desk.submit(*range(2000), job=1)
    desk.submit(*range(2000), job=2)
    for _ in range(1000):
        workers.step(0.010)
    assert 0.7 < workers.served[1] / sum(workers.served.values()) < 0.8


def test_a_job_that_was_idle_has_saved_nothing_up() -> None:
    desk = Desk()
    desk.attach("a", workers=1)
    desk.open(job=1)
    desk.open(job=2)
    workers = Workers(desk, "a", 1, {1: 50_000, 2: 50_000})
    desk.submit(*range(1000), job=1)
    for _ in range(200):
        workers.step(0.050)
    before = dict(workers.served)
    desk.submit(*range(1000), job=2)
    for _ in range(200):
        workers.step(0.050)
    assert 0.4 < (workers.served[2] - before[2]) / 10.0 < 0.6


# --- recalls ----------------------------------------------------------------------------------------------------


def overloaded() -> Desk:
    """Node `a` has 80 calls that were quick once; now they are not, and `b` has nothing to do."""
    desk = Desk()
    desk.attach("a")
    desk.open()
    learned(desk, 500)
    desk.submit(*range(40))
    desk.turn()
    assert len(desk.runs("a")) == 40
    desk.attach("b", instance=2)
    desk.turn()
    return desk


def test_calls_that_wait_too_long_are_recalled_for_an_idle_node() -> None:
    desk = overloaded()
    assert desk.to_node("a") == []
    assert desk.wake is not None
    desk.advance(SILENCE)
    assert desk.to_node("a", Recall) == [Recall(JOB, 19)]
    desk.node("a", Returned(desk.serial("a"), JOB, [(n, 1) for n in range(21, 40)]))
    desk.turn()
    assert desk.runs("b") == list(range(21, 40))
    assert desk.runs("a") == [], "it did not rest, but others are idle"


def test_one_recall_at_a_time() -> None:
    desk = overloaded()
    desk.advance(DispatchSettings().acknowledge)
    desk.advance(1.0)
    assert desk.to_node("a") == []


def test_recalls_that_bring_nothing_become_rare() -> None:
    desk = overloaded()
    waits = []
    for _ in range(5):
        start = desk.now
        while not desk.to_node("a", Recall):
            desk.advance(0.05)
        waits.append(desk.now - start)
        desk.node("a", Returned(desk.serial("a"), JOB, []))
        desk.turn()
    assert waits == sorted(waits)
    assert waits[-1] > 8 * waits[0]


def test_nothing_is_recalled_from_a_node_that_makes_progress() -> None:
    desk = overloaded()
    for call in range(0, 20, 2):
        desk.done("a", call, call + 1, micros=500)
        desk.advance(0.01)
        assert desk.to_node("a", Recall) == []


@given(st.lists(st.integers(1, 8), min_size=1, max_size=8), st.integers(1, 200), st.sampled_from([100, 5000, SECOND]))
def test_all_slots_are_used(slots: list[int], calls: int, micros: int) -> None:
    desk = Desk()
    for n, workers in enumerate(slots):
        desk.attach("abcdefgh"[n], workers=workers, instance=n + 1)
    desk.open()
    learned(desk, micros)
    desk.submit(*range(calls))
    desk.turn()
    given_out = {name: len(desk.runs(name)) for name in "abcdefgh"[: len(slots)]}
    idle = [name for n, name in enumerate(given_out) if given_out[name] < slots[n]]
    assert not idle or sum(given_out.values()) == calls
    if micros == SECOND:
        assert sum(given_out.values()) == min(calls, sum(slots))

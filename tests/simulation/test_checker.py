"""The checker finds each violation in a history made by hand, and nothing in a good one."""

from __future__ import annotations

import pytest
from simulation import history as h
from simulation.checker import check

JOB = 7


def submitted(call: int = 1, *, retries: int = 2, timeout: float | None = None, count: int = 1) -> h.Submitted:
    return h.Submitted(1.0, JOB, call, 2, retries, timeout, count)


def run(number: int = 1, *, call: int = 1, attempt: int = 1, worker: int = 1, at: float = 2.0) -> h.Begun:
    return h.Begun(at, number, "pc1", worker, JOB, call, attempt)


def died(number: int | None = 1, *, crashed: bool = True, at: float = 3.0, entry: int | None = None) -> h.Died:
    return h.Died(at, 1, JOB, crashed, number, entry)


def ended(how: h.How = "returned", run: int | None = None, *, at: float = 4.0) -> h.Ended:
    return h.Ended(at, JOB, 1, how, run)


LOG = [h.Entered(1.5, 1, JOB, 0), h.Entered(1.6, 1, JOB, 1)]
OTHER_LOG = [h.Entered(1.5, 2, JOB, 0), h.Entered(1.6, 2, JOB, 1)]
FINISHED = h.Finished(3.0, 1)
FAULT = h.Fault(0.5, "anything")
OVER = h.Over(100.0)
GOOD = [submitted(), *LOG, h.Handed(1.9, 1, "pc1", JOB, 1, 1), run(), FINISHED, h.Settled(3.5, 1, JOB, 1, 1)]

CONTEST = h.Contest(1.0, 11.0, {JOB: 1.0, 8: 1.0})

PLANTED: dict[str, list[list[h.Record]]] = {
    "twice": [
        [*GOOD, ended(run=1), ended(run=1)],
        [submitted(), *LOG, run(), FINISHED, h.Cancelled(3.5, JOB, 1), ended(run=1)],
    ],
    "lost": [GOOD],
    "stuck": [[h.Healed(0.9), *GOOD, h.JobOver(90.0, JOB)]],
    "made up": [
        [*LOG, run(), FINISHED],
        [submitted(), ended(run=1)],
        [submitted(), *LOG, run(), ended(run=1)],
        [submitted(), submitted(2), *LOG, run(call=2), FINISHED, ended(run=1), h.Cancelled(5.0, JOB, 2)],
    ],
    "fence": [[*GOOD[:-1], h.Handed(3.2, 1, "pc2", JOB, 1, 2), GOOD[-1], ended(run=1)]],
    "once": [
        [submitted(retries=0), *LOG, *OTHER_LOG, run(), died(), run(2, worker=2), h.Finished(3.5, 2), ended(run=2)],
    ],
    "blame": [
        [submitted(), *LOG, run(), died(), ended("crashed")],
        [submitted(retries=0), *LOG, run(), died(crashed=False), ended("crashed")],
        [submitted(), *LOG, run(), died(), ended("split")],
        [submitted(count=5), ended("split")],
        [submitted(), ended("node lost")],
        [submitted(timeout=5.0), *LOG, run(), died(crashed=False), ended("timeout")],
        [submitted(), ended("timeout")],
        [submitted(), ended("broken")],
        [submitted(), ended("cancelled")],
        [submitted(), h.ClientLink(1.2, JOB, False), h.ClientLink(3.0, JOB, True), ended("cancelled")],
        [submitted(), ended("too large")],
    ],
    "order": [
        [submitted(), LOG[0], run(), FINISHED, ended(run=1)],
        [submitted(), LOG[1], h.Cancelled(5.0, JOB, 1)],
        [submitted(), *LOG, LOG[1], run(), FINISHED, ended(run=1)],
    ],
    "isolation": [
        [*GOOD, ended(run=1), h.Submitted(5.0, 8, 1, 0, 2, None, 1), h.Begun(6.0, 2, "pc1", 1, 8, 1, 1),
         h.Finished(7.0, 2), h.Ended(8.0, 8, 1, "returned", 2)],
    ],
    "prompt": [
        [submitted(), *LOG, run(), h.Cancelled(2.5, JOB, 1), h.Finished(6.0, 1)],
        [submitted(), *LOG, run(), h.Cancelled(2.5, JOB, 1)],
        [submitted(timeout=1.0), *LOG, run(), h.Finished(7.0, 1), ended(run=1, at=8.0)],
    ],
    "drain": [
        [submitted(), *LOG, h.Drained(0.5, "pc1", True), run(), FINISHED, ended(run=1)],
        [submitted(), *LOG, run(), h.Drained(2.5, "pc1", True), died(crashed=False), h.JobOver(5.0, JOB)],
    ],
    "fair": [
        [CONTEST, submitted(), *LOG, run(at=1.7), h.Submitted(1.0, 8, 1, 0, 2, None, 1),
         h.Begun(1.7, 2, "pc1", 2, 8, 1, 1), h.Finished(3.0, 2), h.Finished(9.0, 1), ended(run=1, at=9.5),
         h.Ended(9.5, 8, 1, "returned", 2)],
        [CONTEST, submitted(), *LOG, run(at=1.7), h.Submitted(1.0, 8, 1, 0, 2, None, 1),
         h.Begun(4.0, 2, "pc1", 2, 8, 1, 1), h.Finished(11.0, 2), h.Finished(9.0, 1), ended(run=1, at=9.5),
         h.Ended(9.5, 8, 1, "returned", 2)],
    ],
    "leftover": [[h.Leftover(50.0, "pc1", "a job")]],
    "failure": [[h.Failure(50.0, "master", "ProtocolError")]],
}  # fmt: skip

SOUND: dict[str, list[h.Record]] = {
    "a result": [*GOOD, ended(run=1)],
    "a call that killed three workers": [
        submitted(), *LOG, *OTHER_LOG, run(), died(), run(2, worker=2), died(2),
        run(3, worker=2), died(3), ended("crashed"),
    ],
    "a timeout": [submitted(timeout=1.0), *LOG, run(), died(crashed=False, at=3.1), ended("timeout")],
    "a lost node": [submitted(retries=0), *LOG, run(), died(crashed=False), ended("node lost")],
    "a client that was away for too long": [
        submitted(), h.ClientLink(1.2, JOB, False), h.ClientLink(40.0, JOB, True), ended("cancelled", at=41.0),
    ],
    "a late end of a cancelled call after a fault": [FAULT, submitted(), *LOG, run(), h.Cancelled(2.5, JOB, 1)],
    "a new master counts attempts anew": [
        *GOOD[:-1], h.Handed(3.2, 1, "pc2", JOB, 1, 2), h.Settled(3.5, 2, JOB, 1, 1), ended(run=1),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("invariant", "history"), [(name, history) for name, histories in PLANTED.items() for history in histories]
)
def test_a_planted_violation_is_found_and_nothing_else(invariant: str, history: list[h.Record]) -> None:
    assert {violation.invariant for violation in check([*history, OVER])} == {invariant}


@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_is_left_alone(name: str) -> None:
    assert check([*SOUND[name], OVER]) == []

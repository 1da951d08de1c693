from __future__ import annotations

import pytest
from support.records import node, session

from asyncluster.core.master.publishing.rows import node_state, running_now


def test_telemetry_counts_what_runs():
    assert running_now(node("pc1", [], running={7: 3}, jobs={7: 20})) == {7: 3}


def test_a_job_that_has_left_runs_nothing():
    assert running_now(node("pc1", [], running={7: 3, 8: 1}, jobs={7: 0, 8: 1})) == {8: 1}


def test_a_job_that_has_just_come_runs_as_far_as_there_are_slots():
    assert running_now(node("pc1", [], running={7: 1}, jobs={7: 1, 8: 9})) == {7: 1, 8: 3}
    assert running_now(node("pc1", None, jobs={8: 2})) == {8: 2}
    assert running_now(node("pc1", [], running={7: 4}, jobs={7: 4, 8: 1})) == {7: 4}


def test_a_node_that_is_suspended_begins_nothing():
    assert running_now(node("pc1", [], jobs={8: 2}, state="suspend")) == {}


QUIET, BUSY = [(0.1, 0.0)] * 4, [(0.9, 0.0), (0.0, 1.0)]


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (node("pc1"), "idle"),
        (node("pc1", QUIET), "idle"),
        (node("pc1", QUIET, jobs={7: 1}), "computing"),
        (node("pc1", BUSY), "computing"),  # Dask's workers, of whose tasks the master hears nothing
        (node("pc1", [(0.0, 1.0)] * 4), "idle"),  # a program of somebody else's
        (node("pc1", BUSY, state="draining"), "draining"),
        (node("pc1", BUSY, state="suspend"), "suspended"),
        (node("pc1", BUSY, state="lost"), "offline"),
        (node("pc1", BUSY, trouble="no workers"), "error"),
    ],
)
def test_the_state_of_a_node_where_nobody_sits(record, state):
    assert node_state(record, None) == state


def test_somebody_who_sits_there_counts_more_than_what_workers_do():
    assert node_state(node("pc1", BUSY, jobs={7: 1}), session("pc1")) == "in_use"

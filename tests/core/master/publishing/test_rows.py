from __future__ import annotations

from support.records import node

from asyncluster.core.master.publishing.rows import running_now


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

"""The small parts: queue, deadlines, pace, ladder, tally, blobs."""

from __future__ import annotations

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dispatch_desk import attach

from asyncluster.core.jobs.blobs import JobBlobs
from asyncluster.core.jobs.callqueue import CallQueue
from asyncluster.core.jobs.deadlines import Deadlines
from asyncluster.core.jobs.ladder import Ladder, rung_of
from asyncluster.core.jobs.node import Node
from asyncluster.core.jobs.pace import DEEPEST, Pace
from asyncluster.core.jobs.tally import Tally
from asyncluster.core.rhythm import NODE_AHEAD
from asyncluster.core.wire.messages import CallRow


def row(call: int, kind: int = 0) -> CallRow:
    return (call, kind, 1, b"")


@given(st.lists(st.tuples(st.sampled_from("efdt"), st.integers(0, 30))))
def test_a_queue_is_an_ordered_list_without_doubles(moves: list[tuple[str, int]]) -> None:
    queue, model, seen = CallQueue(), [], set()
    for move, n in moves:
        if move == "e" and n not in seen:
            queue.extend({n: row(n)})
            model.append(n)
        elif move == "f" and n not in model:
            queue.put_first([row(n), row(n + 100)] if n + 100 not in model else [row(n)])
            model = [n, n + 100, *model] if n + 100 not in model else [n, *model]
        elif move == "d":
            assert queue.discard(n) == (row(n) if n in model else None)
            model = [m for m in model if m != n]
        elif move == "t":
            assert [taken[0] for taken in queue.take(n)] == model[:n]
            model = model[n:]
        seen.update(model)
        assert len(queue) == len(model)
        assert queue.head() == (row(model[0]) if model else None)


def test_a_queue_hands_out_one_kind_at_a_time() -> None:
    queue = CallQueue()
    queue.extend({n: row(n, kind) for n, kind in enumerate([1, 1, 2, 1])})
    assert [[taken[0] for taken in queue.take(9)] for _ in range(4)] == [[0, 1], [2], [3], []]


def test_a_queue_does_not_grow_with_what_was_taken_out() -> None:
    queue = CallQueue()
    for n in range(10_000):
        queue.extend({n: row(n)})
        queue.discard(n)
    assert len(queue._order) < 200


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), st.integers(0, 100)))), st.integers(0, 100))
def test_deadlines_are_a_map_of_times(moves: list[tuple[int, int | None]], now: int) -> None:
    deadlines, model = Deadlines[int](), {}
    for key, when in moves:
        if when is None:
            deadlines.clear(key)
            model.pop(key, None)
        else:
            deadlines.set(key, when)
            model[key] = when
    assert deadlines.next() == min(model.values(), default=None)
    due = list(deadlines.due(now))
    assert sorted(due) == sorted(key for key, when in model.items() if when <= now)
    assert [model[key] for key in due] == sorted(model[key] for key in due)
    assert deadlines.next() == min((when for when in model.values() if when > now), default=None)


def test_deadlines_that_move_leave_nothing_behind() -> None:
    deadlines = Deadlines[str]()
    for n in range(10_000):
        deadlines.set("x", float(n))
    assert len(deadlines._heap) < 200
    assert list(deadlines.due(1e9)) == ["x"]


def test_what_is_due_may_clear_what_is_due_next() -> None:
    deadlines = Deadlines[str]()
    deadlines.set("a", 1.0)
    deadlines.set("b", 2.0)
    for key in deadlines.due(3.0):
        assert key == "a"
        deadlines.clear("b")


def test_depth_doubles_until_enough_is_ahead() -> None:
    pace = Pace()
    depths = []
    for _ in range(8):
        pace.learn(10, 10 * 0.001)
        depths.append(pace.depth)
    assert depths == [min(2**count, round(1000 * NODE_AHEAD)) for count in range(1, 9)]


@pytest.mark.parametrize(("seconds", "depth"), [(0.019, ceil(NODE_AHEAD / 0.019)), (0.020, 1), (0.050, 1)])
def test_calls_of_20_ms_get_nothing_ahead(seconds: float, depth: int) -> None:
    pace = Pace()
    for _ in range(8):
        pace.learn(1, seconds)
    assert pace.depth == depth


def test_depth_falls_at_once_when_calls_become_slow() -> None:
    pace = Pace()
    for _ in range(20):
        pace.learn(1000, 0.0)
    assert (pace.depth, pace.quick, pace.batch) == (DEEPEST, True, 256)
    pace.learn(1000, 1000 * 1.0)
    assert (pace.depth, pace.quick, pace.batch) == (1, False, 1)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.floats(0, 1e6))))
def test_depth_stays_within_bounds(reports: list[tuple[int, float]]) -> None:
    pace = Pace()
    for rows, seconds in reports:
        pace.learn(rows, seconds)
        assert 1 <= pace.depth <= DEEPEST
        assert pace.mean is not None
        assert (pace.depth == 1) or pace.mean < 0.020


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 10_000), st.booleans())))
def test_the_ladder_orders_nodes_by_load(moves: list[tuple[int, int, bool]]) -> None:
    nodes = [Node(f"n{n}", attach(f"n{n}", workers=n + 1), 0.0) for n in range(5)]
    ladder, on = Ladder(), set()
    for which, outstanding, stays in moves:
        node = nodes[which]
        node.outstanding = outstanding
        if stays:
            ladder.place(node)
            on.add(node.name)
        else:
            ladder.remove(node)
            on.discard(node.name)
        idle, busy = list(ladder.idle()), list(ladder.busy())
        assert {n.name for n in idle + busy} == on
        assert all(n.outstanding < n.slots for n in idle)
        assert all(n.outstanding >= n.slots for n in busy)
        rungs = [rung_of(n.outstanding, n.slots) for n in idle + busy]
        assert rungs == sorted(rungs)
        assert [rung_of(n.outstanding, n.slots) for n in ladder.heaviest()] == sorted(rungs, reverse=True)[: len(busy)]
        assert ladder.slots == sum(n.slots for n in nodes if n.name in on)


def test_counters_are_a_copy() -> None:
    tally = Tally()
    tally.fail("timeout", 2)
    tally.durations[3] = 7
    counters = tally.counters()
    tally.fail("timeout", 1)
    assert (counters.failed, counters.durations) == ({"timeout": 2}, (0, 0, 0, 7))


def test_a_blob_is_kept_while_a_sender_or_a_call_needs_it() -> None:
    blobs, ref = JobBlobs(), [(b"x", 1)]
    blobs.hold("", ref)
    blobs.hold("a", ref)
    assert blobs.release(ref) == []
    assert blobs.dropped("", b"x") == []
    assert blobs.release(ref) == []
    assert blobs.sender_gone("b") == []
    assert blobs.sender_gone("a") == [b"x"]
    assert blobs.dropped("", b"never named") == [b"never named"]

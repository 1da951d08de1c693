from __future__ import annotations

from support.records import node

from asyncluster.core.master.publishing.past import LOAD_SAMPLES, Past


def test_the_rate_is_over_the_last_seconds():
    past = Past()
    assert past.rate == 0.0
    for total in (100, 100, 110):
        past.finished(total)
    assert past.rate == 60.0
    for _ in range(10):
        past.finished(110)
    assert past.rate == 0.0


def test_an_hour_of_loads_is_kept_in_percent_of_all_cores():
    past = Past()
    for _ in range(LOAD_SAMPLES + 5):
        past.load(node("pc1", cores=[(1.0, 0.0), (0.5, 0.5)]))
    assert len(past.ours) == LOAD_SAMPLES
    assert (past.ours[-1], past.others[-1]) == (75, 25)


def test_a_node_that_is_away_does_nothing():
    past = Past()
    past.load(node("pc1", cores=[(1.0, 0.0)], state="lost"))
    past.load(node("pc1"))
    assert list(past.ours) == list(past.others) == [0, 0]

from __future__ import annotations

from asyncluster.console.state import dask
from asyncluster.core.wire.feed import DaskRow

CALM = DaskRow("dask", True, workers={"pc01": 2, "pc02": 2}, clients=1, running=4, waiting=1200, memory=2_400_000_000)


def test_what_is_rare_is_said_only_when_there_is_some():
    facts = dict(dask.facts(CALM))
    assert facts["Workers"] == "4 on 2 nodes"
    assert facts["Results on nodes"] == "2.4 GB"
    assert "Results at the master" not in facts
    busy = DaskRow("dask", True, workers={"pc01": 2}, paused=2, failed=3, kept=5_000_000)
    facts = dict(dask.facts(busy))
    assert (facts["Making way for people"], facts["Tasks failed"], facts["Results at the master"]) == ("2", "3", "5 MB")
    assert facts["Workers"] == "2 on 1 node"


def test_a_node_says_how_many_workers_it_has():
    assert dask.on_node(CALM, "pc01") == "2 Dask workers"
    assert dask.on_node(CALM, "pc09") == ""
    assert dask.on_node(None, "pc01") == ""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import wait

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from asyncluster.core.client.asyncio import AsyncCluster
from asyncluster.core.client.cluster import Cluster
from asyncluster.core.client.notebook import LiveLine, cluster_html, job_html
from asyncluster.core.client.progress import Standing, show

CODE = "def half(x):\n    return 1 / x\n"


class JupyterConsole:
    """What rich makes of itself in a notebook."""

    is_jupyter = True


def test_nobody_elses_markup():
    text = job_html("<script>", Standing(3, 8, 3.5, "a & b"))
    assert "<script>" not in text
    assert '<progress max="8" value="3.5">' in text
    assert "3 of 8 calls done" in text
    assert "a &amp; b" in text
    node = {"name": "<b>pc1", "state": "run", "workers": 4, "running": 3, "queued": 0, "trouble": ""}
    assert "<td>&lt;b&gt;pc1</td><td>run</td><td>4</td>" in cluster_html("<x>", [node])


def test_a_total_that_is_not_known():
    assert job_html("f", Standing(1234, None, 1234.0)) == "<div><b>f</b> <progress></progress> 1,234 calls done</div>"


def test_a_call_says_what_became_of_it(master_model):
    with Cluster(master_model.path) as cluster, cluster.job(CODE) as job:
        calls = [job.run("half", n) for n in (0, 4)]
        wait(calls, 10)
        assert "failed with ZeroDivisionError: division by zero on node" in calls[0]._repr_html_()
        assert "Call done on node" in calls[1]._repr_html_()
        master_model.hold = True
        pending = job.run("half", 2)
        assert pending._repr_html_() == "<div>Call pending</div>"
        pending.cancel()
        assert pending._repr_html_() == "<div>Call cancelled</div>"


def test_a_cluster_shows_its_nodes_and_never_waits_for_a_master(master_model):
    node = {"name": "pc7", "state": "nice", "workers": 4, "running": 3, "queued": 12, "trouble": ""}
    master_model.model.answers["node list"] = [node]
    with Cluster(master_model.path) as cluster:
        assert "<td>pc7</td><td>nice</td><td>4</td><td>3</td><td>12</td>" in cluster._repr_html_()
    assert "not connected" in cluster._repr_html_()


def test_the_asyncio_flavour_shows_itself(master_model):
    async def main():
        async with AsyncCluster(master_model.path) as cluster, cluster.job(CODE, name="halves") as job:
            call = job.run("half", 2)
            await call
            return repr(cluster), job._repr_html_(), call._repr_html_()

    cluster, job, call = asyncio.run(main())
    assert str(master_model.path) in cluster
    assert "<b>halves</b>" in job
    assert "Call done on node" in call


@pytest.fixture
def shell():
    """What a notebook's kernel is made of; only with one there are rich displays."""
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def test_a_live_line_moves_until_its_block_ends(shell):
    moved = threading.Event()
    standings = [Standing(0, 10, 0.0), Standing(4, 10, 4.5, "burn-in")]

    def look():
        if len(standings) > 1:
            return standings.pop(0)
        moved.set()
        return standings[0]

    with capture_output() as captured:
        with LiveLine("f[1]", look, every=0.001):
            assert moved.wait(10)
        standings[0] = Standing(10, 10, 10.0)
    shown = [output.data for output in captured.outputs]
    assert shown[0]["text/plain"] == "f[1]: 0 of 10 calls done"
    assert shown[-1]["text/plain"] == "f[1]: 4 of 10 calls done burn-in"
    assert 'value="4.5"' in shown[-1]["text/html"]


def test_progress_is_such_a_line_in_a_notebook(shell):
    with capture_output() as captured, show("f", lambda: Standing(1, 2, 1.0), JupyterConsole()):
        pass
    assert [output.data["text/plain"] for output in captured.outputs] == ["f: 1 of 2 calls done"] * 2

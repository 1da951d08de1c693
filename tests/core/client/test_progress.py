from __future__ import annotations

import io
import threading

from rich.console import Console

from asyncluster.core.client.cluster import Cluster
from asyncluster.core.client.progress import Standing, show
from asyncluster.core.wire.messages import Progress

CODE = "def add(x):\n    return x + 1\n"


def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None)


def test_a_terminal_gets_a_line_that_moves():
    console = terminal()
    standings = [Standing(0, 10, 0.0), Standing(4, 10, 4.5, "burn-in [b]"), Standing(10, 10, 10.0)]
    with show("f[1]", lambda: standings[0], console) as display:
        display.refresh()
        standings.pop(0)
        display.refresh()
        standings.pop(0)
    text = console.file.getvalue()
    assert "f[1]" in text
    assert "4/10" in text
    assert "burn-in [b]" in text
    assert "10/10" in text


def test_a_total_that_is_not_known():
    console = terminal()
    with show("f", lambda: Standing(1234, None, 1234.0), console):
        pass
    assert "1,234" in console.file.getvalue()


def test_a_file_gets_nothing():
    console = Console(file=io.StringIO())
    with show("f", lambda: Standing(1, 2, 1.0), console):
        pass
    assert console.file.getvalue() == ""


def test_a_job_counts_its_calls_and_what_they_tell(master_model):
    with Cluster(master_model.path) as cluster, cluster.job(CODE, name="trial") as job:
        assert list(job.map("add", range(100), chunksize=10, progress=True)) == list(range(1, 101))
        master_model.hold = True
        future = job.run("add", 1)
        master_model.wait_for(lambda model: any(each.queue for each in model.jobs.values()))
        (key,) = master_model.model.jobs
        master_model.say(Progress(key, future._call.number, 0.25, "burn-in"))
        pause = threading.Event()
        while future.progress is None:
            pause.wait(0.001)
        assert future.progress == (0.25, "burn-in")
        assert "burn-in" in job._repr_html_()
        assert 'value="100.25"' in job._repr_html_()
        with job.progress():
            master_model.release()
            assert future.result(10) == 2
        assert "burn-in" not in job._repr_html_()

"""What a real notebook shows: its cells are run by a kernel, and the outputs are what a browser would get."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

MARKUP = "<img src=x onerror=alert(1)>"
CELLS = [
    "import asyncluster as ac\ncluster = ac.Cluster()\ncluster",
    f"job = cluster.job('def half(x):\\n    return 1 / x', name={MARKUP!r})\njob",
    "list(job.map('half', range(1, 41), progress=True))[1]",
    "with job.progress():\n    halves = list(job.map('half', range(1, 5)))",
    "call = job.run('half', 0)\ncall.exception()\ncall",
    f"def fail(x):\n    raise ValueError(x)\nmine = job.run(fail, {MARKUP!r})\nmine.exception()\nmine",
    "job.close()\ncluster.close()\ncluster",
]
#: Runs the cells that it reads and writes what they show: a list of {type: text} for each.
RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient

cells = [nbformat.v4.new_code_cell(source) for source in json.load(sys.stdin)]
notebook = nbformat.v4.new_notebook(cells=cells)
NotebookClient(notebook, timeout=60, kernel_name="python3").execute()
json.dump([[output["data"] for output in cell.outputs if "data" in output] for cell in cells], sys.stdout)
"""


def test_a_notebook_shows_what_it_holds_and_nobody_elses_markup(master_model, tmp_path: Path) -> None:
    node = {"name": "pc7", "state": "nice", "workers": 4, "running": 3, "queued": 12, "trouble": MARKUP}
    master_model.model.answers["node list"] = [node]
    environment = {**os.environ, "ASYNCLUSTER_SOCKET": str(master_model.path), "IPYTHONDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps(CELLS),
        env=environment,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cluster, job, mapped, progress, failed, marked, closed = json.loads(done.stdout)
    assert "<td>pc7</td><td>nice</td>" in cluster[0]["text/html"]
    assert "0 of 0 calls done" in job[0]["text/html"]
    assert "40 of 40 calls done" in mapped[0]["text/html"]  # the line in its last state, in the place of the first
    assert mapped[1]["text/plain"] == "0.5"
    assert re.search(r'<progress max="44" value="44"></progress> 44 of 44 calls done', progress[0]["text/html"])
    assert "failed with ZeroDivisionError: division by zero on node" in failed[0]["text/html"]
    assert "ValueError: &lt;img" in marked[0]["text/html"]
    assert "not connected" in closed[0]["text/html"]
    assert "<img" not in "".join(
        output.get("text/html", "") for cell in (cluster, job, progress, marked) for output in cell
    )

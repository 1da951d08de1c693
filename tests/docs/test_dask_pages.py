"""The recipe about Dask runs as it stands and prints what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support import pages

import asyncluster as ac

RECIPE = pages.DOCS / "recipes/dask.md"


def test_the_recipe_prints_what_it_says(tmp_path: Path) -> None:
    programs = pages.blocks(RECIPE, "python")
    printed = re.findall(r"^```python\n.*?^```\n\n```text\n(.*?)^```", RECIPE.read_text("utf-8"), re.M | re.S)
    assert len(printed) == len(programs)
    program = tmp_path / "example.py"
    program.write_text("\n".join(programs), encoding="utf-8")
    with ac.LocalCluster(nodes=2, workers=1, dask=True) as cluster:
        environment = {**os.environ, "ASYNCLUSTER_SOCKET": str(cluster.socket)}
        done = subprocess.run(
            [sys.executable, program], env=environment, capture_output=True, text=True, timeout=100, check=False
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "".join(printed)

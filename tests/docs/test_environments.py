"""The project that the page about environments shows is brought and used as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support import pages

import asyncluster as ac

PAGE = pages.DOCS / "environments.md"


def test_the_project_of_the_page(tmp_path: Path) -> None:
    module, program = pages.blocks(PAGE, "python")
    (project,) = pages.blocks(PAGE, "toml")
    (printed,) = pages.blocks(PAGE, "text")
    (tmp_path / "shapes" / "lab_shapes").mkdir(parents=True)
    (tmp_path / "shapes" / "pyproject.toml").write_text(project, encoding="utf-8")
    (tmp_path / "shapes" / "lab_shapes" / "__init__.py").write_text(module, encoding="utf-8")
    (tmp_path / "program.py").write_text(program, encoding="utf-8")
    sync = next(line for line in pages.blocks(PAGE, "")[0].splitlines() if line.startswith("$ asyncluster "))
    with ac.LocalCluster(nodes=1, workers=1) as cluster:
        # Nothing is fetched: the project is built with what is installed here.
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_CONFIG_FILE": os.devnull}
        environment = {**os.environ, **offline, "ASYNCLUSTER_SOCKET": str(cluster.socket)}

        def run(*command: str) -> str:
            done = subprocess.run(
                [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        said = run("-P", "-m", *sync.removeprefix("$ ").split())
        assert re.fullmatch(r"shapes \([0-9a-f]{12}\) is on 1 node, and current\.\n", said)
        assert run("-P", "program.py") == printed

"""The wheel holds the program and everything that comes with it, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.pages import ROOT


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    directory = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    (wheel,) = directory.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def tracked(folder: str) -> set[str]:
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(ROOT)) for path in files}


def test_it_holds_the_program(content: set[str]) -> None:
    assert tracked("asyncluster") <= content


@pytest.mark.parametrize(("folder", "place"), [("resources", "resources"), ("examples", "resources/examples")])
def test_it_holds_what_comes_with_it(content: set[str], folder: str, place: str) -> None:
    wanted = {f"asyncluster/{place}/{Path(name).relative_to(folder)}" for name in tracked(folder)}
    assert wanted <= content


def test_it_holds_nothing_else(content: set[str]) -> None:
    assert {name.split("/")[0].partition("-")[0] for name in content} == {"asyncluster"}
    assert not any(name.endswith((".pyc", ".conf.new")) for name in content)

"""The programs of tutorial, recipes, README and for Twisted run as they stand and print what the pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import pages

import asyncluster as ac

RECIPES = sorted((pages.DOCS / "recipes").glob("*.md"))
#: Pages of those who need more than a cluster run their examples elsewhere.
ELSEWHERE = {"dask.md"}

#: What the pages take as given.
TUTORIAL = """
import numpy as np
data = np.random.default_rng(1).standard_cauchy(1000)
batches = [np.zeros((2, 2)) for _ in range(4)]
"""
README = """
observations, places = [0.5, 1.5], [0.1, 0.2, 0.3]
"""
MODEL = """
def new_data(values):
    global data
    data = values

def log_likelihood(place):
    return -sum((x - place) ** 2 for x in data)
"""


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """That of a user of a machine with a master."""
    with ac.LocalCluster(nodes=2, workers=1) as cluster:
        yield {**os.environ, "ASYNCLUSTER_SOCKET": str(cluster.socket)}


def run(program: str, environment: dict[str, str], directory: Path) -> str:
    (directory / "example.py").write_text(program, encoding="utf-8")
    command = [sys.executable, "-W", "error", "example.py"]
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", [page for page in RECIPES if page.name not in ELSEWHERE], ids=pages.name)
def test_a_recipe_prints_what_it_says(page: Path, environment: dict[str, str], tmp_path: Path) -> None:
    printed = re.findall(r"^```python\n.*?^```\n\n```text\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)
    program = "\n".join(pages.blocks(page, "python"))
    assert len(printed) == len(pages.blocks(page, "python"))
    assert run(program, environment, tmp_path) == "".join(printed)


def test_the_tutorial(environment: dict[str, str], tmp_path: Path) -> None:
    program = "\n".join(pages.blocks(pages.DOCS / "tutorial.md", "python"))
    assert run(f"{TUTORIAL}{program}\nprint(squares[:3])", environment, tmp_path) == "[0, 1, 4]\n"


def test_the_tutorial_shows_the_namespace_of_the_example() -> None:
    example = (pages.ROOT / "examples/cauchy.py").read_text(encoding="utf-8")
    assert pages.blocks(pages.DOCS / "tutorial.md", "python")[0] in example


def test_the_program_for_twisted(environment: dict[str, str], tmp_path: Path) -> None:
    (program,) = pages.blocks(pages.DOCS / "api.md", "py")
    assert run(program, environment, tmp_path) == "[100, 101, 102]\n"


def test_the_readme(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(MODEL, encoding="utf-8")
    program = "\n".join(pages.blocks(pages.ROOT / "README.md", "python"))
    assert run(f"{README}{program}\nprint(futures[10].result())", environment, tmp_path) == "1024\n"


@pytest.mark.parametrize("page", pages.PAGES, ids=pages.name)
def test_no_program_goes_without_the_name_of_its_language(page: Path) -> None:
    """Those that have it are run: here, by the tests of the page, or by tests/docs/test_commands.py."""
    assert [text for text in pages.blocks(page, "") if re.search(r"^(import|from) ", text, re.MULTILINE)] == []

"""docs/security.md names the test of each promise; this one sees to it that they are there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs/security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))


@cache
def names_in(path: Path) -> set[str]:
    """Names of the test functions of a file, those in classes included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=[name for _path, name in NAMED])
def test_every_test_that_proves_a_promise_exists(path: str, name: str) -> None:
    assert name in names_in(ROOT / path)


def test_every_promise_has_a_test() -> None:
    promised = TEXT.partition("## What is promised")[2].partition("## What is not promised")[0]
    rows = [line for line in promised.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert len(rows) > 40
    assert [row for row in rows if "::test_" not in row] == []


def test_every_file_that_it_points_to_exists() -> None:
    files = re.findall(r"`((?:asyncluster|tests)/[\w/.]+)`", TEXT)
    assert [file for file in files if not (ROOT / file).exists()] == []

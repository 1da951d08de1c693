"""AsynCluster runs compiled while it is measured, like what pip installs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmarks import environment


def test_ours_is_compiled_whatever_the_caller_has_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for package in ("asyncluster", "benchmarks"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    monkeypatch.setattr(environment, "_SOURCES", tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    environment.compile_ours()
    assert "PYTHONDONTWRITEBYTECODE" not in os.environ
    assert len(list(tmp_path.glob("*/__pycache__/__init__.*.pyc"))) == 2

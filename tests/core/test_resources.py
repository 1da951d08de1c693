from __future__ import annotations

from pathlib import Path

import pytest

from asyncluster.core import resources
from asyncluster.core.resources import resource


def test_the_source_tree_has_them_beside_the_package() -> None:
    assert resource("asyncluster.conf") == Path(__file__).parents[2] / "resources/asyncluster.conf"


def test_a_wheel_has_them_inside_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = tmp_path / "asyncluster/resources/icons/node.svg"
    inside.parent.mkdir(parents=True)
    inside.touch()
    monkeypatch.setattr(resources, "_PACKAGE", tmp_path / "asyncluster")
    assert resource("icons/node.svg") == inside


def test_a_missing_one_is_named() -> None:
    with pytest.raises(FileNotFoundError, match=r"no-such\.svg"):
        resource("no-such.svg")

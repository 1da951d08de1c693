"""Bundling with the real pip, without an index: what is needed lies in a folder beside the project."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from support.wheels import PYTHON, make_wheel

from asyncluster.core.client import bundling
from asyncluster.core.client.bundling import BundlingFailed, bundle
from asyncluster.core.environments.manifest import Manifest, UnfitEnvironment
from asyncluster.core.errors import UsageError

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "lab-shapes"
version = "1.0"
dependencies = [{dependencies}]
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip finds: it has no network, and builds with what is installed here."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_BUILD_ISOLATION", "0")  # pip reads this as the value of "build isolation"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def make_project(folder: Path, *dependencies: str) -> Path:
    (folder / "lab_shapes").mkdir(parents=True)
    (folder / "lab_shapes" / "__init__.py").write_text("AREA = 12\n")
    (folder / "pyproject.toml").write_text(PROJECT.format(dependencies=", ".join(map(repr, dependencies))))
    return folder


def bundle_into(folder: Path, source: Path) -> tuple[Manifest, list[str]]:
    folder.mkdir()
    said: list[str] = []
    manifest = bundle(source, folder, said.append)
    assert sorted(path.name for path in folder.iterdir()) == [wheel.filename for wheel in manifest.wheels]
    assert sum(path.stat().st_size for path in folder.iterdir()) == manifest.size
    return manifest, said


def names(manifest: Manifest) -> list[str]:
    return [wheel.filename for wheel in manifest.wheels]


def test_a_project_and_what_it_needs(index: Path, tmp_path: Path) -> None:
    make_wheel(index, "colours", "2.0", {"colours.py": ""})
    make_wheel(index, "colours", "3.0", {"colours.py": ""})
    project = make_project(tmp_path / "project", "colours<3", f"asyncluster=={version('asyncluster')}")
    manifest, said = bundle_into(tmp_path / "wheels", project)
    assert names(manifest) == ["colours-2.0-py3-none-any.whl", "lab_shapes-1.0-py2.py3-none-any.whl"]
    assert manifest.python == PYTHON
    assert any("lab-shapes" in line for line in said)


def test_the_same_files_are_the_same_environment(index: Path, project: Path, tmp_path: Path) -> None:
    one, _said = bundle_into(tmp_path / "one", project)
    (project / "lab_shapes" / "__init__.py").touch()
    two, _said = bundle_into(tmp_path / "two", project)
    assert one.key == two.key


def test_requirements_and_wheels(index: Path, tmp_path: Path) -> None:
    make_wheel(index, "colours", "2.0", {"colours.py": ""})
    wheel = make_wheel(tmp_path, "shapes", "1.0", {"shapes.py": ""})
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"# of the lab\ncolours >= 1\n{wheel}\n")
    assert names(bundle_into(tmp_path / "wheels", requirements)[0]) == ["colours-2.0-py3-none-any.whl", wheel.name]


def test_hashes_are_asked_for(index: Path, tmp_path: Path) -> None:
    make_wheel(index, "colours", "2.0", {"colours.py": ""})
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"colours==2.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BundlingFailed, match="DO NOT MATCH THE HASHES"):
        bundle_into(tmp_path / "wheels", requirements)


def test_a_project_that_asks_for_nothing(index: Path, tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("asyncluster\n")
    with pytest.raises(UnfitEnvironment, match="asks for nothing that nodes have not got"):
        bundle_into(tmp_path / "wheels", requirements)


def test_what_pip_says_when_it_fails(index: Path, tmp_path: Path) -> None:
    project = make_project(tmp_path / "project", "asyncluster>999")
    with pytest.raises(BundlingFailed, match="conflicting dependencies") as failure:
        bundle_into(tmp_path / "wheels", project)
    first, *rest = str(failure.value).splitlines()
    assert first == f"pip could not make wheels of {project}. It said:"
    assert 1 <= len(rest) <= 12


def test_what_is_nothing_to_bundle(tmp_path: Path) -> None:
    text = tmp_path / "notes.md"
    text.write_text("")
    for source, words in ((tmp_path, "is no project"), (tmp_path / "x", "is not there"), (text, "is neither")):
        with pytest.raises(UsageError, match=words):
            bundle(source, tmp_path, print)


def test_without_pip_the_one_of_the_system_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(bundling, "_has_pip", lambda _python: False)
    with pytest.raises(BundlingFailed, match=r"has no pip here.*python3-pip"):
        bundling._find_pip()
    monkeypatch.setattr(bundling, "_has_pip", lambda _python: True)
    found = bundling._find_pip()
    assert found.startswith(sys.base_prefix)
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"Python {PYTHON}.")


def test_pip_ends_with_who_waits_for_it(index: Path, project: Path, tmp_path: Path) -> None:
    def interrupt(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundle(project, tmp_path, interrupt)

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PyQt6.QtWidgets import QWidget

from asyncluster.console.dialogs import submit
from asyncluster.console.dialogs.submit import Submit, command, problem_of


@pytest.fixture
def parent(qtbot, look):
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    return parent


@pytest.fixture
def files(tmp_path) -> tuple[str, str, str]:
    code, source = tmp_path / "stars.py", tmp_path / "stars.csv"
    code.write_text("def distance(row): return 1\n")
    source.write_text("a\n1\n")
    return str(code), str(source), str(tmp_path / "out.jsonl")


@pytest.fixture
def pretend(tmp_path, monkeypatch):
    """Puts a program of the test in the place of Python."""

    def write(source: str) -> None:
        program = tmp_path / "python"
        program.write_text(f"#!{sys.executable}\n{source}")
        program.chmod(0o755)
        monkeypatch.setattr(submit.sys, "executable", str(program))

    return write


def test_what_is_wrong_is_said_before_anything_is_started(files, tmp_path):
    code, source, output = files
    assert problem_of(code, "distance", source, output) == ""
    assert "Python file" in problem_of("nothing.py", "distance", source, output)
    assert "function" in problem_of(code, "two words", source, output)
    assert "input" in problem_of(code, "distance", "nothing.csv", output)
    assert "results" in problem_of(code, "distance", source, "")
    assert "already" in problem_of(code, "distance", source, source)


def test_the_command_is_that_of_the_command_line(files):
    from asyncluster.core.commands.job_map import map_lines

    code, source, output = files
    context = map_lines.make_context("map", command(code, "distance", source, output, 7)[2:])
    assert context.params["target"] == f"{code}:distance"
    assert context.params["output"] == Path(output)
    assert context.params["niceness"] == 7


def test_the_dialog_starts_it_and_tells_how_it_ended(qtbot, parent, desk, said, files, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\nimport os, sys\nopen({files[2]!r}, 'w').write(os.environ['ASYNCLUSTER_SOCKET'])\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(submit.sys, "executable", str(program))
    submitting = Submit(desk, parent, Path("/run/a.sock"), None)
    sheet = submitting.ask()
    fields = [sheet.rows.itemAt(place).widget() for place in (1, 3, 5, 7, 9)]
    fields[0]._path.setText(files[0])
    fields[1].setText("distance")
    fields[2]._path.setText(files[1])
    fields[3]._path.setText(files[2])
    sheet._try()
    qtbot.waitUntil(lambda: len(said.told) == 2, timeout=20_000)
    assert said.told[1] == f"All results are in {files[2]}."
    assert Path(files[2]).read_text() == "/run/a.sock"


def test_a_complaint_is_told(qtbot, parent, desk, said, files, tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text(f"#!{sys.executable}\nimport sys\nsys.exit('No master answers.')\n")
    program.chmod(0o755)
    monkeypatch.setattr(submit.sys, "executable", str(program))
    Submit(desk, parent, Path("/run/a.sock"), tmp_path / "a.conf").start(
        command(*files[:1], "f", *files[1:], 0), Path(files[2])
    )
    qtbot.waitUntil(lambda: bool(said.failed), timeout=20_000)
    assert said.failed == ["No master answers."]

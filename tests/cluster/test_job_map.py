"""`asyncluster job map` on a real cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.processes import RealCluster

EXAMPLES = Path(__file__).parents[2] / "examples"

CODE = """
def square(x):
    return x * x

def reciprocal(row):
    return 1 / row["x"]

def strange(kind):
    if kind == "set":
        return {1}
    if kind == "nan":
        return float("nan")
    import os
    os._exit(3)
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "code.py"
    path.write_text(CODE)
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_result_in_the_order_of_the_input(shared_cluster: RealCluster, code: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("".join(f"{number}\n" for number in range(3000)))
    done = shared_cluster.run(
        "job", "map", f"{code}:square", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl")
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert rows(tmp_path / "out.jsonl") == [{"line": n + 1, "result": n * n} for n in range(3000)]


def test_lines_that_fail_are_told_and_spoil_no_other(shared_cluster: RealCluster, code: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"x": 2}\n{"x": 0}\n{"x": \n{"y": 1}\n{"x": 4}\n')
    done = shared_cluster.run("job", "map", f"{code}:reciprocal", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "o"))
    assert done.returncode == 1
    good, zero, unreadable, missing, last = rows(tmp_path / "o")
    assert (good["result"], last["result"]) == (0.5, 0.25)
    assert (zero["error"]["type"], zero["error"]["message"]) == ("ZeroDivisionError", "division by zero")
    assert 'return 1 / row["x"]' in zero["error"]["traceback"]
    assert unreadable["error"]["message"] == "not JSON: Expecting value at column 6"
    assert missing["error"]["type"] == "KeyError"
    assert [f"line {number}: " in done.stderr for number in range(1, 6)] == [False, True, True, True, False]


def test_csv_rows_and_standard_output(shared_cluster: RealCluster) -> None:
    done = shared_cluster.run("job", "map", f"{EXAMPLES}/stars.py:distance", f"{EXAMPLES}/stars.csv")
    assert done.returncode == 0, done.stderr
    sirius = json.loads(done.stdout.splitlines()[0])
    assert (sirius["line"], sirius["result"]["name"], sirius["result"]["light_years"][1]) == (2, "Sirius", 8.6)


def test_standard_input_is_json_lines(shared_cluster: RealCluster, code: Path) -> None:
    done = shared_cluster.run("job", "map", f"{code}:square", "-", text="3\n\n5\n")
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {"line": 1, "result": 9},
        {"line": 3, "result": 25},
    ]


def test_results_that_json_does_not_know_are_errors_of_their_line(shared_cluster: RealCluster, code: Path) -> None:
    done = shared_cluster.run("job", "map", f"{code}:strange", "-", text='"set"\n"nan"\n"crash"\n')
    errors = [json.loads(line)["error"] for line in done.stdout.splitlines()]
    assert [error["type"] for error in errors] == ["TypeError", "ValueError", "WorkerCrashed"]
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("target", "source", "words"),
    [
        ("{code}", "-", "FILE:FUNCTION"),
        ("{code}:nothing", "-", "defines no 'nothing'"),
        ("{folder}/none.py:square", "-", "cannot be read"),
        ("{code}:square", "{folder}/none.jsonl", "cannot be read"),
        ("{folder}/bad.py:square", "-", "SyntaxError"),
    ],
)
def test_wrong_usage_is_told_at_once(code: Path, tmp_path: Path, target: str, source: str, words: str) -> None:
    (tmp_path / "bad.py").write_text("def square(:\n")
    names = {"code": code, "folder": tmp_path}
    done = RealCluster(tmp_path).run("job", "map", target.format(**names), source.format(**names), text="")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_output_does_not_overwrite_the_input(code: Path, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("1\n")
    path = str(tmp_path / "in.jsonl")
    done = RealCluster(tmp_path).run("job", "map", f"{code}:square", path, "-o", path)
    assert (done.returncode, (tmp_path / "in.jsonl").read_text()) == (2, "1\n")

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncluster.core.wire import messages as m
from asyncluster.core.wire import payloads

JOB = 1
KEY = "a" * 64

CODE = """
import os, subprocess, sys
import greeting, greeting_more
def words():
    return greeting.WORDS, greeting_more.WORDS, greeting.__file__
def of_a_child():
    return subprocess.run([sys.executable, "-c", "import greeting; print(greeting.WORDS)"],
                          capture_output=True, text=True, check=True).stdout.strip()
def of_a_program():
    return subprocess.run(["greet"], capture_output=True, text=True, check=True).stdout.strip()
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    folder = tmp_path / "hidden" / KEY
    more = folder / "site" / "more"
    more.mkdir(parents=True)
    (folder / "site" / "greeting.py").write_text("WORDS = 'hello'\n")
    (folder / "site" / "more.pth").write_text("more\n")
    (more / "greeting_more.py").write_text("WORDS = 'and more'\n")
    (folder / "bin").mkdir()
    (folder / "bin" / "greet").write_text("#!/bin/sh\necho hi\n")
    (folder / "bin" / "greet").chmod(0o755)
    return folder


def settle(worker: Any, folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    worker.send(m.WorkerSetup(JOB, 7, "job", "node1", KEY), descriptor=descriptor)
    os.close(descriptor)


def test_packages_come_before_everything_else_for_a_job_and_its_children(worker: Any, environment: Path) -> None:
    settle(worker, environment)
    worker.enter(m.Code, payloads.encode_code(CODE))
    assert worker.call("words") == ("hello", "and more", str(environment / "site" / "greeting.py"))
    assert worker.call("of_a_child") == "hello"
    assert worker.call("of_a_program") == "hi"


def test_where_no_path_leads_the_descriptor_does(worker: Any, environment: Path) -> None:
    descriptor = os.open(environment, os.O_RDONLY)
    environment.parent.rename(environment.parent.with_name("elsewhere"))
    environment.mkdir(parents=True)  # another one, which is not the one that was meant
    worker.send(m.WorkerSetup(JOB, 7, "job", "node1", KEY), descriptor=descriptor)
    os.close(descriptor)
    (environment.parents[1] / "elsewhere").rename(environment.parents[1] / "once more")
    worker.enter(m.Code, payloads.encode_code(CODE))
    assert worker.call("words")[:2] == ("hello", "and more")
    assert worker.call("of_a_child") == "hello"
    assert worker.call("of_a_program") == "hi"


@pytest.mark.parametrize("handed", [None, "a file"])
def test_a_job_whose_environment_is_not_there_runs_nothing(
    worker: Any, tmp_path: Path, handed: str | None, died: Callable[..., int]
) -> None:
    if handed is None:
        worker.send(m.WorkerSetup(JOB, 7, "job", "node1", KEY))
    else:
        (tmp_path / "file").touch()
        settle(worker, tmp_path / "file")
    worker.enter(m.Code, payloads.encode_code(CODE))
    worker.run(worker.kind("words"))
    unfit = worker.until(m.Unfit)
    assert unfit.index == 0
    assert f"The environment {KEY} is not on this node any more" in unfit.traceback
    with pytest.raises(TimeoutError):
        worker.receive(0.2)

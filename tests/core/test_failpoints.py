from __future__ import annotations

import ast
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import asyncluster
from asyncluster.core.failpoints import FAILPOINTS, VARIABLE, FailPoint, FailPointReached, arm, failpoint


def _names_in_the_source() -> set[str]:
    names = set()
    for module in Path(asyncluster.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "failpoint":
                (argument,) = node.args
                assert isinstance(argument, ast.Constant), f"{module}:{node.lineno}: name it plainly"
                names.add(argument.value)
    return names


def test_the_list_of_fail_points_is_complete() -> None:
    assert _names_in_the_source() == FAILPOINTS


def test_only_the_nth_time_of_the_armed_place_fails() -> None:
    arm("grant-added:2:raise")
    try:
        failpoint("grant-added")
        failpoint("user-deleted")
        with pytest.raises(FailPointReached):
            failpoint("grant-added")
        failpoint("grant-added")
    finally:
        arm("")
    failpoint("grant-added")


@pytest.mark.parametrize("setting", ["x", "nowhere:1:kill", "grant-added:0:kill", "grant-added:1:sleep"])
def test_other_settings_are_refused(setting: str) -> None:
    with pytest.raises(ValueError):
        FailPoint.parse(setting)


def test_the_environment_arms_a_process() -> None:
    program = "from asyncluster.core.failpoints import failpoint; failpoint('grant-added'); print('lives')"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={VARIABLE: "grant-added:1:kill"}, capture_output=True, timeout=60
    )
    assert ended.returncode == -signal.SIGKILL
    assert ended.stdout == b""

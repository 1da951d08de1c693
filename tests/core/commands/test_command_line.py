"""The top-level program: where options may stand, and what it says when something goes wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import asyncluster.__main__ as program
from asyncluster.core.commands import user
from asyncluster.core.commands.config import write_new
from asyncluster.core.commands.job_run import NumbersAreArguments
from asyncluster.core.errors import ExitCode, UsageError


def typed(*arguments: str, stdout: int | None = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "asyncluster", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        start_new_session=True,
    )


@pytest.mark.parametrize("words", ["--config {} config check", "config --config {} check", "config check --config {}"])
def test_the_configuration_may_be_named_anywhere(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        program.main(words.format(tmp_path / "none.conf").split())
    assert ended.value.code == ExitCode.CONFIG
    assert f"{tmp_path}/none.conf is refused" in capsys.readouterr().err


def test_what_stands_nearer_to_the_verb_holds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        program.main(["--config", "/none/far", "config", "check", "--config", "/none/near"])
    assert "/none/near is refused" in capsys.readouterr().err


@pytest.mark.parametrize("loud", [False, True])
def test_a_fault_of_our_own_is_a_sentence(
    loud: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(click.Group, "main", fail)
    with pytest.raises(SystemExit) as ended:
        program.main(["status", "-v"] if loud else ["status"])
    assert ended.value.code == ExitCode.PARTLY
    said = capsys.readouterr().err
    assert "ZeroDivisionError: oops" in said
    assert ("Traceback" in said) is loud


def test_a_full_disk_is_told_once() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        done = typed("--help", stdout=full)
    finally:
        os.close(full)
    assert done.returncode == ExitCode.PARTLY
    assert done.stderr == "The system refused: [Errno 28] No space left on device.\n"


def test_a_password_needs_a_terminal_or_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    done = typed("user", "password", "ada")
    assert done.returncode == ExitCode.USAGE
    assert done.stderr == "There is no terminal to type the password at. Use --password-stdin.\n"


def test_who_cannot_answer_is_not_taken_for_consent() -> None:
    result = CliRunner().invoke(user.delete, ["ada"], input="")
    assert isinstance(result.exception, UsageError)
    assert "--yes" in str(result.exception)


def test_a_password_in_another_encoding_is_refused() -> None:
    result = CliRunner().invoke(user.password, ["ada", "--password-stdin"], input=b"p\xffssword")
    assert isinstance(result.exception, UsageError)
    assert "UTF-8" in str(result.exception)


@pytest.mark.parametrize("number", ["-1", "-0.5", "-1e-3", "-Infinity"])
def test_negative_numbers_are_arguments(number: str) -> None:
    command = NumbersAreArguments("run", params=[click.Argument(["words"], nargs=-1), click.Option(["-x"])])
    context = command.make_context("run", [number, "-x", number])
    assert float(context.params["words"][0]) == float(context.params["x"]) == float(number)
    with pytest.raises(click.UsageError):
        command.make_context("run", ["-y"])


def test_a_new_configuration_is_its_owners_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o777)
    try:
        write_new(tmp_path / "new.conf", "")
    finally:
        os.umask(before)
    assert (tmp_path / "new.conf").stat().st_mode & 0o777 == 0o600

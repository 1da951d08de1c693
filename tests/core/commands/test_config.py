from __future__ import annotations

import errno
import json
import os
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from asyncluster.core.commands import config as commands
from asyncluster.core.commands.config import write_new
from asyncluster.core.commands.options import GlobalOptions
from asyncluster.core.config import Role, load
from asyncluster.core.errors import AsynClusterError, ConfigError, ExitCode
from asyncluster.core.wire.randomkeys import is_key


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "asyncluster.conf"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASYNCLUSTER_CONF", raising=False)


def run(*arguments: str | Path, options: GlobalOptions | None = None) -> Result:
    """Run `asyncluster config ARGUMENTS`; an AsynClusterError comes through, as the top-level program gets it."""
    result = CliRunner().invoke(commands.config, [str(word) for word in arguments], obj=options)
    if isinstance(result.exception, AsynClusterError):
        raise result.exception
    return result


@pytest.mark.parametrize("role", Role)
def test_init_writes_what_load_accepts(file: Path, role: Role) -> None:
    result = run("init", "--role", role.value, file)
    assert result.exit_code == 0
    assert str(file) in result.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    settings, _warnings = load(file, role)
    assert settings.client.password != settings.common.server_password
    assert is_key(settings.client.password)
    assert is_key(settings.common.server_password)
    assert settings.client.password not in result.output


def test_init_makes_other_passwords_each_time(tmp_path: Path) -> None:
    run("init", tmp_path / "a")
    run("init", tmp_path / "b")
    (a, _), (b, _) = load(tmp_path / "a", Role.ALL), load(tmp_path / "b", Role.ALL)
    assert len({s.client.password for s in (a, b)} | {s.common.server_password for s in (a, b)}) == 4


def test_init_ignores_the_umask(file: Path) -> None:
    before = os.umask(0)
    try:
        run("init", file)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_init_never_overwrites(file: Path) -> None:
    file.write_text("mine")
    with pytest.raises(AsynClusterError, match="already exists") as caught:
        run("init", file)
    assert caught.value.exit_code is ExitCode.PARTLY
    assert file.read_text() == "mine"


def test_init_follows_no_link(file: Path, tmp_path: Path) -> None:
    file.symlink_to(tmp_path / "target")
    with pytest.raises(AsynClusterError, match="already exists"):
        run("init", file)
    assert not (tmp_path / "target").exists()


def test_init_writes_where_programs_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("init", options=GlobalOptions(config=tmp_path / "a"))
    assert (tmp_path / "a").exists()
    monkeypatch.setenv("ASYNCLUSTER_CONF", str(tmp_path / "b"))
    run("init")
    assert (tmp_path / "b").exists()


def test_init_tells_why_it_cannot(tmp_path: Path) -> None:
    with pytest.raises(AsynClusterError, match="No such file or directory"):
        run("init", tmp_path / "none/asyncluster.conf")


def test_a_full_disk_leaves_nothing_behind(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AsynClusterError, match="No space left"):
        write_new(file, "text")
    assert not file.exists()


def test_quiet_says_nothing(file: Path) -> None:
    quiet = GlobalOptions(config=file, quiet=True)
    assert run("init", options=quiet).output == ""
    assert run("check", options=quiet).output == ""


def test_check_of_a_good_file(file: Path) -> None:
    run("init", file)
    result = run("check", options=GlobalOptions(config=file))
    assert result.exit_code == 0
    assert result.stdout == f"{file} is fine.\n"
    assert result.stderr == ""


def test_check_prints_warnings_apart(file: Path) -> None:
    run("init", file)
    file.chmod(0o644)
    result = run("check", options=GlobalOptions(config=file))
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: Everybody can read the file")


def test_check_raises_all_problems(file: Path) -> None:
    run("init", "--role", "node", file)
    with file.open("a") as more:
        more.write("sise = 1\nsessions = here\n")
    with pytest.raises(ConfigError, match=r"(?s)the nearest is 'size'.*sessions: Must be"):
        run("check", options=GlobalOptions(config=file))


def test_check_judges_for_a_role(file: Path) -> None:
    run("init", "--role", "node", file)
    options = GlobalOptions(config=file)
    assert run("check", "--role", "node", options=options).exit_code == 0
    with pytest.raises(ConfigError, match="It must set 'database'"):
        run("check", "--role", "master", options=options)


def test_json_of_a_good_file(file: Path) -> None:
    run("init", file)
    result = run("check", "--json", options=GlobalOptions(config=file, quiet=True))
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"path": str(file), "ok": True, "problems": [], "warnings": []}


def test_json_of_a_bad_file(file: Path) -> None:
    run("init", file)
    file.chmod(0o644)
    lines = file.read_text().splitlines()
    at = lines.index("[display]") + 1
    file.write_text("\n".join([*lines[:at], "sise = 1", *lines[at:]]))
    result = run("check", "--json", options=GlobalOptions(config=file))
    assert result.exit_code == ExitCode.CONFIG
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    message = "There is no such key; the nearest is 'size'."
    assert answer["problems"] == [{"line": at + 1, "section": "display", "key": "sise", "message": message}]
    assert [sorted(warning) for warning in answer["warnings"]] == [["key", "line", "message", "section"]]


def test_json_of_a_missing_file(file: Path) -> None:
    result = run("check", "--json", options=GlobalOptions(config=file))
    assert result.exit_code == 78
    assert json.loads(result.stdout)["problems"][0]["line"] is None


def test_unknown_roles_are_wrong_usage(file: Path) -> None:
    assert run("init", "--role", "king", file).exit_code == 2


def test_help_has_every_command() -> None:
    assert set(commands.config.list_commands(click.Context(commands.config))) == {"init", "check"}

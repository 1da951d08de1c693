from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncluster.core.config import Role, Surroundings, find, inspect, load, loading, locate_socket
from asyncluster.core.errors import ConfigError, ExitCode


@pytest.fixture
def me(here: Surroundings) -> Surroundings:
    """As `here`, but the user who really runs the tests, to whom the files belong."""
    return replace(here, uid=os.geteuid())


@pytest.fixture
def file(tmp_path: Path, classic: str) -> Path:
    return private(tmp_path / "classic.conf", classic)


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_lookup_order(me: Surroundings) -> None:
    with_variable = replace(me, environ={"ASYNCLUSTER_CONF": "/b.conf"})
    assert find(Path("/a.conf"), with_variable) == Path("/a.conf")
    assert find(None, with_variable) == Path("/b.conf")
    assert find(None, me) == Path("/etc/asyncluster.conf")
    assert find(None, replace(me, environ={"ASYNCLUSTER_CONF": ""})) == Path("/etc/asyncluster.conf")


def test_loads_settings_with_warnings(file: Path, me: Surroundings) -> None:
    config, warnings = load(file, Role.MASTER, me)
    assert config.server is not None
    assert config.client.user == "test"
    # The classic socket lies in /tmp, and the password of this file looks as if it had a comment in it.
    assert "Everybody can write to /tmp" in str(warnings[-1])


def test_the_variable_names_the_file(file: Path, me: Surroundings) -> None:
    config, _warnings = load(None, Role.NODE, replace(me, environ={"ASYNCLUSTER_CONF": str(file)}))
    assert config.client.host == "main"


def test_a_refusal_lists_everything_and_exits_with_78(tmp_path: Path, me: Surroundings) -> None:
    file = private(tmp_path / "bad.conf", "[client]\nuser = a b\npasswrod = x\n")
    file.chmod(0o666)
    with pytest.raises(ConfigError) as caught:
        load(file, Role.NODE, me)
    assert caught.value.exit_code is ExitCode.CONFIG
    lines = str(caught.value).splitlines()
    assert lines[0] == f"The configuration {file} is refused:"
    assert "chmod go-w" in lines[1]
    assert [line.split(":")[0] for line in lines[2:]] == [
        "  line 1",
        "  line 2",
        "  line 3",
        "  [common] This section is missing. It must set 'server password'.",
    ]


def test_a_good_text_in_a_bad_file_is_refused(file: Path, me: Surroundings) -> None:
    file.chmod(0o620)
    assert inspect(file, Role.ALL, me).settings is None


def test_a_missing_file_is_a_config_error(tmp_path: Path, me: Surroundings) -> None:
    with pytest.raises(ConfigError, match="asyncluster config init"):
        load(tmp_path / "none.conf", Role.ALL, me)


@settings(max_examples=50)
@given(content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_any_content_is_loaded_or_a_config_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any.conf"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError):  # so short a text cannot hold a whole configuration by chance
        load(file, Role.ALL)


# --- the control socket -----------------------------------------------------------------------------------


def test_the_socket_of_a_named_file_goes_first(file: Path, me: Surroundings) -> None:
    me = replace(me, environ={"ASYNCLUSTER_SOCKET": "/run/x.sock"})
    assert locate_socket(file, me) == Path("/tmp/.ndm")
    assert locate_socket(None, me) == Path("/run/x.sock")


def test_the_socket_of_the_file_in_the_environment(file: Path, me: Surroundings) -> None:
    assert locate_socket(None, replace(me, environ={"ASYNCLUSTER_CONF": str(file)})) == Path("/tmp/.ndm")


def test_the_socket_needs_no_complete_configuration(tmp_path: Path, me: Surroundings) -> None:
    assert locate_socket(private(tmp_path / "x", "[common]\nsocket = '/run/y'  # ours"), me) == Path("/run/y")


def test_nobody_need_have_a_configuration(tmp_path: Path, here: Surroundings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "STANDARD_PATH", tmp_path / "none")
    assert locate_socket(None, here) == Path("/run/asyncluster/control.sock")


@pytest.mark.parametrize("text", ["[common]\nsocket = y", "[common]\nsocket ="])
def test_a_bad_socket_is_refused(tmp_path: Path, me: Surroundings, text: str) -> None:
    with pytest.raises(ConfigError, match="line 2"):
        locate_socket(private(tmp_path / "x", text), me)


def test_a_named_file_must_be_there(tmp_path: Path, me: Surroundings) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        locate_socket(tmp_path / "none", me)
    with pytest.raises(ConfigError, match="no such file"):
        locate_socket(None, replace(me, environ={"ASYNCLUSTER_CONF": str(tmp_path / "none")}))


def test_a_silent_file_means_the_usual_socket(tmp_path: Path, here: Surroundings) -> None:
    silent = private(tmp_path / "x", "[client]\nuser = test")
    assert locate_socket(silent, here) == Path("/run/asyncluster/control.sock")
    here.socket.parent.mkdir(parents=True)
    here.socket.touch()
    assert locate_socket(silent, here) == here.socket

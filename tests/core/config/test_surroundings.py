from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from asyncluster.core.config import Surroundings


def test_root_uses_the_machines_directories_whatever_the_environment(root: Surroundings) -> None:
    odd = replace(root, environ={"XDG_RUNTIME_DIR": "/tmp/x", "STATE_DIRECTORY": "/tmp/y"})
    assert odd.state == Path("/var/lib/asyncluster")
    assert odd.socket == Path("/run/asyncluster/control.sock")


def test_a_user_has_directories_of_their_own(here: Surroundings) -> None:
    assert here.state == here.home / ".local/state/asyncluster"
    assert here.socket == here.state / "control.sock"
    desktop = replace(here, environ={"XDG_RUNTIME_DIR": "/run/user/1000", "XDG_STATE_HOME": "/home/ed/state"})
    assert desktop.state == Path("/home/ed/state/asyncluster")
    assert desktop.socket == Path("/run/user/1000/asyncluster/control.sock")


def test_a_systemd_unit_has_those_that_systemd_made(here: Surroundings) -> None:
    unit = replace(here, environ={"STATE_DIRECTORY": "/var/lib/a:/var/lib/b", "RUNTIME_DIRECTORY": "/run/a"})
    assert unit.state == Path("/var/lib/a")
    assert unit.socket == Path("/run/a/control.sock")


def test_relative_directories_are_ignored(here: Surroundings) -> None:
    assert replace(here, environ={"XDG_STATE_HOME": "state"}).state == here.state


@pytest.mark.parametrize(
    ("host", "name"),
    [("pc-1.lab", "pc-1.lab"), ("my pc", "my-pc"), ("_x", "x"), ("", "node"), ("\u00e9", "node"), ("x" * 99, "x" * 63)],
)
def test_every_host_has_a_node_name(here: Surroundings, host: str, name: str) -> None:
    assert replace(here, host=host).node_name == name


def test_here_is_this_process() -> None:
    here = Surroundings.here()
    assert here.uid == os.geteuid()
    assert here.host == os.uname().nodename
    assert "PATH" not in repr(here)

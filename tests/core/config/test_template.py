from __future__ import annotations

import itertools
import os
from dataclasses import replace
from pathlib import Path

import pytest

from asyncluster.core.config import Role, Settings, Surroundings, read
from asyncluster.core.config.keys import SECTIONS
from asyncluster.core.config.template import fresh, sample
from asyncluster.core.resources import resource


def written(role: Role, here: Surroundings) -> str:
    numbers = itertools.count(1)
    return fresh(role, here, lambda: f"fresh password {next(numbers)}")


def settings_of(text: str, role: Role, here: Surroundings) -> Settings:
    reading = read(text, role, here)
    assert reading.problems == ()
    assert reading.warnings == ()
    assert reading.settings is not None
    return reading.settings


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("uid", [0, 1000])
def test_what_is_written_loads(role: Role, uid: int, here: Surroundings) -> None:
    here = replace(here, uid=uid)
    config = settings_of(written(role, here), role, here)
    assert config.client.password == "fresh password 1"
    assert config.common.server_password == "fresh password 2"
    assert config.common.state == here.state
    assert config.common.socket == here.socket
    assert (config.server is None) == (role is Role.NODE)
    if config.server:
        assert config.server.database == f"sqlite:///{here.state}/asyncluster.db"


def test_the_masters_file_serves_its_nodes(here: Surroundings) -> None:
    config = settings_of(written(Role.MASTER, here), Role.NODE, replace(here, host="pc-2"))
    assert config.client.host == "main"
    assert config.client.node_name == "pc-2"


@pytest.mark.parametrize("role", Role)
def test_every_key_of_its_sections_is_there_once(role: Role, here: Surroundings) -> None:
    lines = written(role, here).splitlines()
    for section in SECTIONS:
        if f"[{section.name}]" not in lines:
            continue
        for key in section.keys:
            places = [line for line in lines if line.startswith((f"{key.name} = ", f"#{key.name} = "))]
            shared_name = sum(key.name == other.name for known in SECTIONS for other in known.keys)
            assert len(places) == shared_name


def test_lines_without_their_comment_sign_say_the_same(here: Surroundings) -> None:
    text = written(Role.ALL, here).replace("\n#node name = pc-01", "\n#node name = main")
    uncommented = text.replace("\n#", "\n").replace("\n ", "\n# ").replace("\n---", "\n# ---")
    assert uncommented != text
    assert settings_of(uncommented, Role.ALL, here) == settings_of(text, Role.ALL, here)


def test_the_sample_is_refused_for_nothing_but_its_placeholders(here: Surroundings) -> None:
    problems = read(sample(), Role.ALL, here).problems
    assert [problem.key for problem in problems] == ["database", "password", "server password"]
    assert all("placeholder" in problem.message for problem in problems)


def test_the_committed_sample_is_up_to_date() -> None:
    """Otherwise: python -m asyncluster.core.config.template > resources/asyncluster.conf"""
    assert resource("asyncluster.conf").read_text() == sample()


def test_lines_fit_a_terminal() -> None:
    assert max(len(line) for line in sample().splitlines()) <= 88
    assert not any(line.endswith(" ") for line in sample().splitlines())


def test_the_sample_depends_on_no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = sample()
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    monkeypatch.setenv("HOME", str(Path("/elsewhere")))
    assert sample() == before

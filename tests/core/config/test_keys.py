from __future__ import annotations

import subprocess
import sys
from dataclasses import fields

import pytest

from asyncluster.core.config import (
    ClientSettings,
    CommonSettings,
    DisplaySettings,
    ServerSettings,
    Surroundings,
)
from asyncluster.core.config.keys import CLIENT, COMMON, DISPLAY, SECTIONS, SERVER, Key, Role, Section, section

KEYS = [pytest.param(key, id=f"{known.name}-{key.name}") for known in SECTIONS for key in known.keys]


@pytest.mark.parametrize(
    ("known", "record"),
    [(SERVER, ServerSettings), (CLIENT, ClientSettings), (COMMON, CommonSettings), (DISPLAY, DisplaySettings)],
)
def test_every_key_has_its_field(known: Section, record: type) -> None:
    assert {key.field for key in known.keys} == {field.name for field in fields(record)}


@pytest.mark.parametrize("key", KEYS)
def test_defaults_and_examples_are_accepted_values(key: Key, root: Surroundings) -> None:
    for text in (key.default_text(root), key.example):
        if text:
            key.parse(text)


@pytest.mark.parametrize("key", KEYS)
def test_descriptions_are_sentences(key: Key) -> None:
    assert key.name == key.name.lower()
    assert key.description.endswith(".")
    assert "|" not in key.description


def test_secrets_are_the_two_passwords() -> None:
    secrets = [(known.name, key.name) for known in SECTIONS for key in known.keys if key.secret]
    assert secrets == [("client", "password"), ("common", "server password")]


def test_the_master_needs_the_login_that_it_checks() -> None:
    needed = [key.name for key in CLIENT.keys if CLIENT.uses(key, Role.MASTER)]
    assert needed == ["user", "password"]
    assert not any(SERVER.uses(key, Role.NODE) for key in SERVER.keys)
    assert all(known.uses(key, Role.ALL) for known in SECTIONS for key in known.keys)


def test_sections_are_found_by_name() -> None:
    assert section("client") is CLIENT
    assert section("Client") is None


def test_importing_the_configuration_brings_no_large_library() -> None:
    code = "import sys; before = set(sys.modules); import asyncluster.core.config; print(*set(sys.modules) - before)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in run.stdout.split()}
    assert "asyncluster" in loaded
    assert not loaded & {"twisted", "sqlalchemy", "click", "rich", "msgspec", "hashlib", "difflib", "socket", "ssl"}

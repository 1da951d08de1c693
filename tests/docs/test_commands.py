"""Every command line and every piece of configuration that the documentation shows is one that the program takes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest
from support import pages

from asyncluster.__main__ import asyncluster
from asyncluster.core.config import ini
from asyncluster.core.config.keys import section

_START = re.compile(r"^(?:\$ |# )?(?:sudo (?:-E )?)?asyncluster (.*)")


def _lines() -> Iterator[tuple[str, str]]:
    for page in pages.PAGES:
        for block in pages.blocks(page, "", "sh", "console"):
            for line in block.splitlines():
                if found := _START.match(line.strip()):
                    yield pages.name(page), re.split(r" [|<>&]|;", found[1])[0]


LINES = sorted(set(_lines()))


@pytest.mark.parametrize(("page", "line"), LINES, ids=[f"{page}: {line}" for page, line in LINES])
def test_a_command_line_is_understood(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command: click.Command = asyncluster
    context = click.Context(command)
    options = {name for parameter in command.params for name in parameter.opts}
    while isinstance(command, click.Group):
        verb = next((word for word in words if not word.startswith("-")), None)
        if verb is None:
            return  # only global options
        found = command.get_command(context, verb)
        assert found is not None, f"{command.name} knows no {verb!r}"
        words.remove(verb)
        command = found
        options |= {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if re.match(r"--?[a-z]", word) and word.split("=")[0] not in options]
    assert unknown == []


def test_there_are_many() -> None:
    assert len(LINES) > 40


@pytest.mark.parametrize("page", [page for page in pages.PAGES if pages.blocks(page, "ini")], ids=pages.name)
def test_settings_that_are_shown_exist(page) -> None:
    for block in pages.blocks(page, "ini"):
        for name, key in ini.parse(block).entries:
            known = section(name)
            assert known is not None, name
            assert known.key(key) is not None, key

"""The examples of docs/people.md, typed in order: the page shows what really happens."""

from __future__ import annotations

import json
import re
import shlex
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.people import BERLIN, PASSWORD, Node, Room

from asyncluster.__main__ import NOUNS, asyncluster
from asyncluster.core.commands import asking, opening, timesheet, user

GUIDE = Path(__file__).parents[3] / "docs" / "people.md"


def _examples() -> list[tuple[str, str]]:
    blocks = re.findall(r"^```console\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    found: list[tuple[str, str]] = []
    for line in "".join(blocks).splitlines():
        if line.startswith("$ asyncluster "):
            found.append((line.removeprefix("$ asyncluster "), ""))
        else:
            command, output = found[-1]
            found[-1] = command, f"{output}{line}\n"
    return found


class Guide:
    """A room in which what the examples need happens."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.node = Node(room, "pc1")

    def before(self, command: str) -> None:
        if command.startswith("user grant"):
            self.node.report()
            self.node.greet("ada")
        if command.startswith("user kick"):
            self.room.pass_(1800)
            self.node.report()
        if command.startswith("timesheet"):
            self.node.report()
            self.node.report()


def test_the_examples_do_what_the_page_says(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = Guide(room)

    def ask(_options: object, verb: str, **arguments: Any) -> Any:
        return json.loads(json.dumps(room.ask(verb, **json.loads(json.dumps(arguments)))))

    for module in (asking, user, opening, timesheet):
        monkeypatch.setattr(module, "ask", ask)
    monkeypatch.setattr(user, "local_time", _in_the_room)
    for command, expected in _examples():
        guide.before(command)
        words, _, wanted = command.partition(" | grep ")
        words = words.partition(" < ")[0]
        result = CliRunner().invoke(asyncluster, shlex.split(words), input=f"{PASSWORD}\n{PASSWORD}\n")
        assert result.exit_code == 0, f"{command}: {result.output} {result.exception!r}"
        shown = [line.rstrip() for line in result.stdout.splitlines() if wanted in line and line]
        assert "\n".join(shown) == expected.rstrip("\n"), command


def _in_the_room(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(BERLIN).strftime("%a %d %b %H:%M")


@pytest.mark.parametrize("noun", ["user", "opening"])
def test_the_page_names_every_verb(noun: str) -> None:
    verbs = NOUNS[noun][1]
    assert isinstance(verbs, dict)
    text = GUIDE.read_text()
    assert [verb for verb in verbs if not re.search(rf"\b{verb}\b", text)] == []

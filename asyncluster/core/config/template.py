"""The configuration file as a person first meets it: complete, commented, made from the declared keys.

`fresh` is what `asyncluster config init` writes. `sample` is the same with placeholders instead of passwords; it
is committed as `resources/asyncluster.conf`, for packages and for reading, and is written anew by
`python -m asyncluster.core.config.template > resources/asyncluster.conf`.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from asyncluster.core.config.keys import CLIENT, COMMON, DISPLAY, ENGINE, SECTIONS, SERVER, Key, Role, Section
from asyncluster.core.config.surroundings import Surroundings

# What an active line says, by section and key; other keys are commented out and show their default.
Values = Mapping[tuple[str, str], str]

# The master gets [client] whole, so that its file can be copied to the nodes as it stands.
_SECTIONS = {
    Role.MASTER: (SERVER, CLIENT, COMMON, ENGINE),
    Role.NODE: (CLIENT, COMMON, DISPLAY),
    Role.ALL: SECTIONS,
}
_WIDTH = 88
_HEADING = """\
AsynCluster: configuration of the master and its nodes.

Lines that begin with # are comments. A key that is commented out shows its default; remove the # to change it.
Master and nodes may share one file: each reads what it needs. Programs read it when they start;
'asyncluster config check' tells beforehand whether they will accept it.
"""


def fresh(role: Role, surroundings: Surroundings, password: Callable[[], str]) -> str:
    """A file that works as it stands on this machine; `password` makes a new one at each call."""
    host = surroundings.node_name if role is not Role.NODE else "main"
    database = f"sqlite:///{surroundings.state / 'asyncluster.db'}"
    return _render(role, _active(surroundings, database, host, password(), password()))


def sample() -> str:
    """The file for both roles with the placeholders that every program refuses."""
    root = Surroundings(uid=0, host="main", home=Path("/root"), environ={})
    values = _active(root, "DEFINE_A_URL", "main", "YOU-MUST-CHANGE-THIS", "YOU-MUST-CHANGE-THIS-TOO")
    return _render(Role.ALL, values)


def _active(surroundings: Surroundings, database: str, host: str, password: str, server_password: str) -> Values:
    return {
        ("server", "database"): database,
        ("server", "subnets"): "127.0.0.1, ::1",
        ("client", "host"): host,
        ("client", "user"): "node",
        ("client", "password"): password,
        ("common", "tcp port"): "9080",
        ("common", "server password"): server_password,
        # Written down because the default of these two depends on who reads the file.
        ("common", "socket"): str(surroundings.socket),
        ("common", "state"): str(surroundings.state),
        ("display", "size"): "300, 200",
        ("display", "niceness"): "10",
    }


def _render(role: Role, values: Values) -> str:
    sections = (_section(section, values) for section in _SECTIONS[role])
    return "\n".join((_comment(_HEADING), *sections))


def _section(section: Section, values: Values) -> str:
    rule = f"#--- {section.name} ".ljust(_WIDTH, "-")
    keys = "".join(_key(section, key, values) for key in section.keys)
    return f"\n{rule}\n{_comment(section.description)}[{section.name}]\n{keys}"


def _key(section: Section, key: Key, values: Values) -> str:
    words = key.description
    value = values.get((section.name, key.name))
    if value is not None:
        line = f"{key.name} = {value}"
    elif key.derived:
        words += f" The default is {key.default}."
        line = f"#{key.name} = {key.example}"
    else:
        line = f"#{key.name} = {key.default}"
    if key.example and not line.endswith(f" {key.example}"):
        words += f"\n\nExample: {key.name} = {key.example}"
    return f"\n{_comment(words)}{line}\n"


def _comment(text: str) -> str:
    return "".join(f"# {line}".rstrip() + "\n" for line in _wrapped(text))


def _wrapped(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.strip().split("\n\n")):
        if number and not paragraph.startswith("Example"):
            yield ""
        yield from textwrap.wrap(paragraph, _WIDTH - 2, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    sys.stdout.write(sample())

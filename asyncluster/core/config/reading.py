"""From a file's text to `Settings`, or to everything that is wrong with it.

What is written must be right, in every section; what is missing or still a placeholder matters only to a process
that needs it. The master needs [server], [common] and the login in [client] which it checks; a node
needs [client], [common] and, for screens, [display].
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from asyncluster.core.config import ini
from asyncluster.core.config.forms import Unfit
from asyncluster.core.config.ini import Document, Entry
from asyncluster.core.config.keys import CLIENT, COMMON, SECTIONS, Key, Role, Section, section
from asyncluster.core.config.problems import Problem, nearest
from asyncluster.core.config.settings import (
    ClientSettings,
    CommonSettings,
    DisplaySettings,
    EngineSettings,
    ServerSettings,
    Settings,
)
from asyncluster.core.config.surroundings import Surroundings

SHORT_PASSWORD = 12
_PLACEHOLDERS = ("YOU-MUST-CHANGE-THIS", "DEFINE_A_URL")
_COMMENT = re.compile(r"(^|\s)#.*")
_QUOTED = re.compile(r"""(["'])((?:(?!\1).)*)\1\s*(?:#.*)?""")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a configuration came to: `settings` is None exactly when there are `problems`."""

    settings: Settings | None
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()


def read(text: str, role: Role | None, surroundings: Surroundings) -> Reading:
    """Read a configuration for a process of that role, or, with None, for whatever its sections are for."""
    document = ini.parse(text)
    judge = _Judge(document, role or _role_of(document), surroundings)
    values = {known.name: judge.values(known) for known in SECTIONS}
    judge.compare_passwords(values)
    problems = sorted([*document.problems, *_strangers(document), *judge.problems], key=_by_line)
    if problems:
        return Reading(None, tuple(problems), tuple(judge.warnings))
    return Reading(_settings(values, judge.role), (), tuple(judge.warnings))


def bare_text(key: Key, entry: Entry) -> str:
    """An entry's value without the comment or quotes around it; literally, if the key is secret."""
    if key.secret:
        return entry.text
    quoted = _QUOTED.fullmatch(entry.text)
    if quoted:
        return quoted[2].strip()
    lines = (_COMMENT.sub("", line).strip() for line in entry.lines)
    return "\n".join(line for line in lines if line)


class _Judge:
    """Takes the values of a document out, section by section, and notes what is wrong with them."""

    def __init__(self, document: Document, role: Role, surroundings: Surroundings) -> None:
        self.role = role
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._document = document
        self._surroundings = surroundings

    def values(self, known: Section) -> dict[str, Any]:
        """The section's values by field name; None where there is a problem or nobody asks."""
        if known.name not in self._document.sections:
            self._miss_section(known)
        return {key.field: self._value(known, key) for key in known.keys}

    def compare_passwords(self, values: dict[str, dict[str, Any]]) -> None:
        """Refuse equal passwords, whatever the role: each would let the one side pose as the other."""
        from hmac import compare_digest  # brings OpenSSL along, which most commands do without

        client, server = values["client"]["password"], values["common"]["server_password"]
        if client and server and compare_digest(_bytes(client), _bytes(server)):
            entry = self._document.entries["common", "server password"]
            message = "The server password equals the client password. Give the server one of its own."
            self.problems.append(Problem(entry.line, "common", entry.key, message))

    def _miss_section(self, known: Section) -> None:
        needed = [f"'{key.name}'" for key in known.keys if _required(key) and known.uses(key, self.role)]
        if needed:
            message = f"This section is missing. It must set {' and '.join(needed)}."
            self.problems.append(Problem(None, known.name, "", message))

    def _value(self, known: Section, key: Key) -> Any:
        entry = self._document.entries.get((known.name, key.name))
        line = entry.line if entry else self._document.sections.get(known.name)
        try:
            return self._given(known, key, entry) if entry else self._default(known, key)
        except Unfit as unfit:
            message = str(unfit)
            self.problems.append(Problem(line, known.name, key.name, message[0].upper() + message[1:]))
            return None

    def _given(self, known: Section, key: Key, entry: Entry) -> Any:
        if len(entry.lines) > 1 and (not key.several or any("=" in line for line in entry.lines[1:])):
            # Not quoted, nor parsed: the next line may be the password's.
            raise Unfit("The next line is indented and so belongs to this key, which must be on one line.")
        text = bare_text(key, entry)
        if _is_placeholder(text):
            if known.uses(key, self.role):
                raise Unfit("This is still the placeholder of the template. Put a value of your own in its place.")
            return None
        if not text.strip("\"' "):
            raise Unfit("This key has no value. Give it one, or delete the line if the key is optional.")
        if _CONTROL.search(text):
            raise Unfit("must hold no control characters.")
        if key.secret:
            self._warn_of_password(known, key, entry, text)
        return key.parse(text)

    def _default(self, known: Section, key: Key) -> Any:
        if not _required(key):
            return key.parse(key.default_text(self._surroundings) or "")
        if known.uses(key, self.role) and known.name in self._document.sections:
            raise Unfit("This key is missing, and it has no default.")
        return None

    def _warn_of_password(self, known: Section, key: Key, entry: Entry, text: str) -> None:
        if len(text) < SHORT_PASSWORD:
            self._warn(known, key, entry, f"This password is shorter than {SHORT_PASSWORD} characters.")
        if _QUOTED.fullmatch(text) or _COMMENT.search(text):
            message = "Passwords are taken literally: the quotes or the comment on this line are part of it."
            self._warn(known, key, entry, message)

    def _warn(self, known: Section, key: Key, entry: Entry, message: str) -> None:
        self.warnings.append(Problem(entry.line, known.name, key.name, message))


def _role_of(document: Document) -> Role:
    only_node = "client" in document.sections and "server" not in document.sections
    return Role.NODE if only_node else Role.ALL


def _required(key: Key) -> bool:
    return key.default is None and key.derived is None


def _is_placeholder(text: str) -> bool:
    return text.strip("\"' ").upper().startswith(_PLACEHOLDERS)


def _strangers(document: Document) -> Iterator[Problem]:
    """Sections and keys that nobody has declared."""
    for name, line in document.sections.items():
        known = section(name)
        if known is None:
            closest = nearest(name, [known.name for known in SECTIONS])
            yield Problem(line, name, "", f"There is no such section; the nearest is [{closest}].")
            continue
        for entry in ini.entries_of(document, name):
            if known.key(entry.key) is None:
                yield Problem(entry.line, name, entry.key, _where_it_belongs(known, entry.key))


def _where_it_belongs(known: Section, name: str) -> str:
    for other in SECTIONS:
        if other.key(name):
            return f"There is no such key in this section; it belongs in [{other.name}]."
    return f"There is no such key; the nearest is '{nearest(name, [key.name for key in known.keys])}'."


def _settings(values: dict[str, dict[str, Any]], role: Role) -> Settings:
    common = CommonSettings(**values[COMMON.name])
    server = None
    if role is not Role.NODE:
        server = ServerSettings(**values["server"])
        server = replace(server, key=common.state / server.key)
    return Settings(
        client=ClientSettings(**values[CLIENT.name]),
        common=common,
        display=DisplaySettings(**values["display"]),
        engine=EngineSettings(**values["engine"]),
        server=server,
    )


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")


def _by_line(problem: Problem) -> float:
    return float("inf") if problem.line is None else problem.line

"""Desktop entries of X sessions (`/usr/share/xsessions/*.desktop`), read by the specification and without a shell.

An entry counts if it is an application that is not Hidden and not NoDisplay, and whose TryExec, if it has one, can be
executed here. Its Exec becomes a list of arguments: quotes and escapes are those of the Desktop Entry Specification,
field codes (%U and so on) are dropped, since a session opens no files. What does not parse is left out: one broken
entry must not keep people from the others.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

MAX_FILE = 256 * 1024
MAX_ENTRIES = 100

_GROUP = "[Desktop Entry]"
_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_QUOTED = '"`$\\'  # what a backslash may stand before, inside double quotes
_RESERVED = "'\\><~|&;$*?#()`"  # what the specification wants quoted


@dataclass(frozen=True)
class SessionChoice:
    """A session that a person may choose.

    Attributes:
        id: name of the file without ".desktop".
        name: what people read.
        argv: the program and its arguments.
        desktops: DesktopNames, for XDG_CURRENT_DESKTOP.
    """

    id: str
    name: str
    argv: tuple[str, ...]
    desktops: tuple[str, ...] = ()


class BadEntry(ValueError):
    """A desktop entry does not follow the specification; the message says where."""


def find_sessions(
    folders: Iterable[Path], language: str = "en", executable: Callable[[str], bool] | None = None
) -> list[SessionChoice]:
    """The sessions that these folders offer, by name; of two with one id the first folder's counts.

    Args:
        folders: where to look; those that do not exist are passed over.
        language: language or locale of the names, such as "de" or "de_CH".
        executable: whether a TryExec can be run; None: look for it on this machine.
    """
    found: dict[str, SessionChoice | None] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.desktop"))[:MAX_ENTRIES]:
            if path.stem not in found and path.is_file():
                found[path.stem] = _choice_in(path, language, executable or _can_execute)
    return sorted((choice for choice in found.values() if choice), key=lambda choice: choice.name.casefold())


def parse_entry(identity: str, text: str, language: str, executable: Callable[[str], bool]) -> SessionChoice | None:
    """The session that a desktop entry describes, or None if it is not to be offered.

    Raises:
        BadEntry: it does not follow the specification.
    """
    keys = _keys(text)
    if keys.get("Type", "Application") not in ("Application", "XSession"):
        return None
    if _true(keys, "Hidden") or _true(keys, "NoDisplay"):
        return None
    attempt = _unescaped(keys.get("TryExec", ""))
    if attempt and not executable(attempt):
        return None
    name = _localized(keys, "Name", language)
    if not name:
        raise BadEntry("It has no Name.")
    argv = split_exec(_unescaped(keys.get("Exec", "")))
    desktops = _unescaped(keys.get("DesktopNames", "")).split(";")
    return SessionChoice(identity, name[:100], argv, tuple(part for part in desktops if part))


def split_exec(line: str) -> tuple[str, ...]:
    """The arguments of an Exec line whose general escapes are undone already.

    Raises:
        BadEntry: it is empty, a quote stays open, or a reserved character is not quoted.
    """
    if "\0" in line:
        raise BadEntry("Its Exec holds a zero byte.")
    argv = [argument for argument in _arguments(line) if argument is not None]
    if not argv or not argv[0]:
        raise BadEntry("It has no Exec.")
    return tuple(argv)


def _arguments(line: str) -> Iterable[str | None]:
    """Yields arguments; None for one that was nothing but a field code."""
    position = 0
    while position < len(line):
        if line[position] in " \t\n":
            position += 1
        elif line[position] == '"':
            argument, position = _quoted(line, position + 1)
            yield argument
        else:
            end = position
            while end < len(line) and line[end] not in " \t\n":
                if line[end] in _RESERVED + '"':
                    raise BadEntry(f"Its Exec has a bare {line[end]!r}.")
                end += 1
            yield _without_field_codes(line[position:end])
            position = end


def _quoted(line: str, position: int) -> tuple[str, int]:
    taken: list[str] = []
    while position < len(line):
        character = line[position]
        if character == '"':
            return "".join(taken), position + 1
        if character == "\\" and line[position + 1 : position + 2] in tuple(_QUOTED):
            position += 1
            character = line[position]
        taken.append(character)
        position += 1
    raise BadEntry("A quote in its Exec stays open.")


def _without_field_codes(word: str) -> str | None:
    kept, position = "", 0
    while position < len(word):
        if word[position] == "%":
            kept += "%" if word[position + 1 : position + 2] == "%" else ""
            position += 2
        else:
            kept += word[position]
            position += 1
    return kept or None


def _keys(text: str) -> dict[str, str]:
    """Keys of the main group; later groups are actions and do not concern us."""
    keys: dict[str, str] = {}
    inside = False
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("["):
            if inside:
                break
            inside = line == _GROUP
        elif inside and line and not line.startswith("#") and "=" in line:
            key, _, value = line.partition("=")
            keys.setdefault(key.rstrip(), value.lstrip())
    if not inside and not keys:
        raise BadEntry(f"It has no group {_GROUP}.")
    return keys


def _localized(keys: dict[str, str], key: str, language: str) -> str:
    locale = language.replace("-", "_").split(".")[0].split("@")[0]
    for form in (locale, locale.split("_")[0]):
        if f"{key}[{form}]" in keys:
            return _unescaped(keys[f"{key}[{form}]"])
    return _unescaped(keys.get(key, ""))


def _unescaped(value: str) -> str:
    result, position = "", 0
    while position < len(value):
        following = value[position + 1 : position + 2]
        if value[position] == "\\" and following in _ESCAPES:
            result += _ESCAPES[following]
            position += 2
        else:
            result += value[position]
            position += 1
    return result


def _true(keys: dict[str, str], key: str) -> bool:
    return keys.get(key, "false").strip().lower() in ("true", "1")


def _can_execute(program: str) -> bool:
    if os.path.isabs(program):
        return os.access(program, os.X_OK)
    return shutil.which(program) is not None


def _choice_in(path: Path, language: str, executable: Callable[[str], bool]) -> SessionChoice | None:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE).decode("utf-8")
        return parse_entry(path.stem, text, language, executable)
    except (OSError, ValueError):  # unreadable, not UTF-8, or a BadEntry
        return None

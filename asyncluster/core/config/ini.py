"""The INI dialect of the configuration: text in; entries with their lines, and all that is malformed, out.

It reads what `configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",),
inline_comment_prefixes=None, strict=True)` reads (a test compares the two), and does two things which that one
cannot: it goes on after a mistake, so that all mistakes of a file are known at once, and it remembers the line
of every entry. Values stay as they were written: quotes and comments behind them are the reader's business,
because in a password they are part of it. No message quotes a line, which might hold a password.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from asyncluster.core.config.problems import Problem

_HEADER = re.compile(r"\[(.+)\]")
MAX_LINES = 2000


@dataclass(slots=True)
class Entry:
    """A key's value: its lines, stripped, without empty ones and comments between them."""

    section: str
    key: str
    line: int
    lines: list[str]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(slots=True)
class Document:
    """A file's sections (name -> line), entries by section and lower-case key, and problems, in order."""

    sections: dict[str, int] = field(default_factory=dict)
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def parse(text: str) -> Document:
    """The document that `text` holds. Never raises: what is malformed is in its `problems`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    reader = _Reader()
    for number, line in enumerate(lines[:MAX_LINES], start=1):
        reader.take(number, line)
    if len(lines) > MAX_LINES:
        reader.refuse(MAX_LINES + 1, f"The file has more than {MAX_LINES} lines; the rest was not read.")
    return reader.document


class _Reader:
    """Takes one line after the other; remembers the section and the entry that may go on in the next line."""

    def __init__(self) -> None:
        self.document = Document()
        self._section: str | None = None
        self._open: Entry | None = None
        self._indent = 0

    def take(self, number: int, line: str) -> None:
        content = line.strip()
        if not content or content.startswith("#"):
            return
        indent = len(line) - len(line.lstrip())
        if self._open is not None and indent > self._indent:
            self._open.lines.append(content)
            return
        self._indent = indent
        self._open = None
        header = _HEADER.match(content)
        if header:
            self._begin_section(number, header[1])
        else:
            self._begin_entry(number, content)

    def refuse(self, number: int, message: str, key: str = "") -> None:
        self.document.problems.append(Problem(number, self._section or "", key, message))

    def _begin_section(self, number: int, name: str) -> None:
        self._section = name
        first = self.document.sections.setdefault(name, number)
        if first != number:
            self.refuse(number, f"This section has already begun in line {first}; put its keys there.")

    def _begin_entry(self, number: int, content: str) -> None:
        key, equals, value = content.partition("=")
        key = key.rstrip().lower()
        if not equals or not key:
            self.refuse(number, "This line is neither 'key = value' nor a [section] nor a # comment.")
            return
        if self._section is None:
            self.refuse(number, "This key stands above the first [section].", key)
            return
        entry = self._open = Entry(self._section, key, number, [value.strip()])
        first = self.document.entries.setdefault((entry.section, key), entry)
        if first is not entry:
            self.refuse(number, f"This key was already set in line {first.line}; delete one of the two.", key)


def entries_of(document: Document, section: str) -> Iterator[Entry]:
    """The entries of one section, in the order of the file."""
    return (entry for (name, _key), entry in document.entries.items() if name == section)

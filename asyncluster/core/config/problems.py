"""What is wrong with a configuration, where, and what was probably meant.

A `Problem` serves for refusals and for warnings alike; its message is one or two plain sentences that never
repeat a secret.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# Names in files are hostile input: comparing is quadratic in their length, and they are shown on terminals.
_SHOWN = 48


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth a warning.

    Attributes:
        line: line of the file, counted from 1, or None if it concerns no line.
        section: name of the section without brackets, or "".
        key: name of the key, or "".
        message: one or two sentences: what is wrong and what to do.
    """

    line: int | None
    section: str
    key: str
    message: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line is not None else ""
        what = f"[{shown(self.section)}] " if self.section else ""
        name = f"{shown(self.key)}: " if self.key else ""
        return where + what + name + self.message


def shown(text: str) -> str:
    """`text` as one short printable line, whatever a stranger has put into it."""
    printable = "".join(char if char.isprintable() else "?" for char in text[: _SHOWN + 1])
    return printable if len(text) <= _SHOWN else printable[:_SHOWN] + "…"


def nearest(name: str, known: Iterable[str]) -> str:
    """That one of the `known` names which looks most like `name`."""
    from difflib import get_close_matches  # slow to import, and wanted only when a file is wrong

    return get_close_matches(name[:_SHOWN].lower(), list(known), n=1, cutoff=0.0)[0]

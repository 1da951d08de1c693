"""The environments that a master keeps: which one a job means, which ones nodes are to have, which ones may go.

One is current: jobs that name none get it. The one that was current before is kept as well, so that there is a way
back at once. One that was given a name stays until it is removed; any other goes when no open job needs it any more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from asyncluster.core.errors import UsageError

CURRENT, PREVIOUS = "current", "previous"

#: What people say for no environment at all.
NONE = "none"

#: Digits of a key that people are shown, and the fewest by which they may name one.
KEY_SHOWN = 12
KEY_LEAST = 4

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_DIGITS = re.compile(r"[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class Kept:
    """One environment.

    Attributes:
        key: of its manifest.
        name: by which jobs may ask for it; None: it has none.
        python: the Python that it is for, such as "3.11".
        wheels, size: how many there are, and their bytes.
        created: seconds since 1970.
        by: who brought it.
        standing: "current", "previous" or "".
    """

    key: str
    name: str | None
    python: str
    wheels: int
    size: int
    created: float
    by: str
    standing: str = ""


def check_name(name: str) -> str:
    """Returns a name that an environment may have.

    Raises:
        UsageError: it may not.
    """
    if not _NAME.fullmatch(name) or name == NONE or _DIGITS.fullmatch(name):
        raise UsageError(
            f"{name[:64]!r} cannot be the name of an environment: letters, digits, dots, dashes and underscores, up to "
            "64 of them; not the word none, and nothing that could be the beginning of a key."
        )
    return name


def find(kept: Iterable[Kept], text: str) -> Kept:
    """The one that is called so: by its name, its key, or a beginning of that which no other key has.

    Raises:
        UsageError: there is none, or more than one.
    """
    kept = list(kept)
    named = [one for one in kept if text in (one.name, one.key)]
    found = named or [one for one in kept if len(text) >= KEY_LEAST and one.key.startswith(text)]
    if not found:
        raise UsageError(f"There is no environment {text[:64]!r}. asyncluster env list shows those that are.")
    if len(found) > 1:
        raise UsageError(f"{len(found)} environments begin with {text[:64]!r}. Give more digits of the key.")
    return found[0]


def chosen(kept: Iterable[Kept], text: str | None) -> str:
    """The key of the environment that a job gets which asks for this; "": none.

    Args:
        text: as of `find`; None: the current one; "" or "none": none.

    Raises:
        UsageError: there is no such one.
    """
    if text is None:
        return next((one.key for one in kept if one.standing == CURRENT), "")
    return "" if text in ("", NONE) else find(kept, text).key


def wanted(kept: Sequence[Kept], needed: Collection[str], first: str | None = None) -> list[str]:
    """What nodes are to have, the most urgent first.

    Args:
        kept: all that are kept, the oldest first.
        needed: keys of those that open jobs have.
        first: the key of one that is on its way to all nodes.
    """

    def urgency(one: Kept) -> int:
        return 0 if one.standing == CURRENT else 1 if one.key in needed else 2 if one.standing != PREVIOUS else 3

    return list(dict.fromkeys([*([first] if first else []), *(one.key for one in sorted(kept, key=urgency))]))


def superfluous(kept: Iterable[Kept], needed: Collection[str]) -> list[Kept]:
    """Those that nobody will ask for any more."""
    return [one for one in kept if not one.standing and one.name is None and one.key not in needed]

"""Keyboard layouts: which are offered, what people call them, and how one is put to use.

Names are those of X's own list (`evdev.lst`). A layout is applied by `setxkbmap`, the one program that the greeter
starts: from fixed places, with fixed options and a code whose form is checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from asyncluster.core.wire.greeter import Layout

RULES = "/usr/share/X11/xkb/rules/evdev.lst"
_PROGRAMS = ("/usr/bin/setxkbmap", "/usr/local/bin/setxkbmap", "/usr/X11R6/bin/setxkbmap")

#: What people who speak our languages type on; offered where the configuration names nothing.
COMMON = ("us", "gb", "de", "fr", "es", "ch", "ch(fr)", "be", "latam")

_CODE = re.compile(r"([a-z]{2,8})(?:\(([a-zA-Z0-9_-]{1,30})\))?")


def names_in(text: str) -> dict[str, str]:
    """Names by code, from the text of an `evdev.lst`: its sections "layout" and "variant"."""
    names: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("!"):
            section = line[1:].strip()
            continue
        code, _, rest = line.strip().partition(" ")
        rest = rest.strip()
        if section == "layout" and code and rest:
            names[code] = rest
        elif section == "variant" and ":" in rest:
            layout, _, name = rest.partition(":")
            names[f"{layout.strip()}({code})"] = name.strip()
    return names


def offered(configured: Sequence[Layout], present: str, names: dict[str, str]) -> list[Layout]:
    """The layouts to choose from, the present one first if the configuration leaves the choice to us.

    Args:
        configured: what the node daemon names; if anything, that is the answer.
        present: code of the layout in use, "" if unknown.
        names: see `names_in`.
    """
    if configured:
        return list(configured)
    codes = dict.fromkeys([present, *COMMON] if _CODE.fullmatch(present) else COMMON)
    return [Layout(code, names.get(code, code)[:100]) for code in codes]


def command(code: str) -> list[str] | None:
    """Program and arguments that put the layout `code` to use; None if this computer cannot."""
    match = _CODE.fullmatch(code)
    program = next((path for path in _PROGRAMS if os.access(path, os.X_OK)), None)
    if match is None or program is None:
        return None
    layout, variant = match.groups()
    return [program, "-layout", layout, "-variant", variant or ""]

"""What the command palette finds for what was typed, without Qt.

Every word must begin a word of the entry, or at least be in it; entries whose words begin so, in this order, come
first. `give lena 30` finds "Give Lena Fischer 30 min today".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A line of the palette.

    Attributes:
        kind: stands at the right: "People", "Nodes", a key.
        also: more words by which it is found, such as a User ID.
        weight: of two that fit equally well, the heavier one comes first.
    """

    label: str
    glyph: str
    kind: str
    run: Callable[[], object]
    also: str = ""
    weight: int = 0


def found(text: str, entries: Iterable[Entry], most: int = 12) -> list[Entry]:
    """The entries that fit, the best first."""
    typed = text.casefold().split()
    ranked = []
    for place, entry in enumerate(entries):
        rank = _rank(typed, entry)
        if rank is not None:
            ranked.append((rank, -entry.weight, place, entry))
    ranked.sort(key=lambda item: item[:3])
    return [item[3] for item in ranked[:most]]


def _rank(typed: list[str], entry: Entry) -> int | None:
    """How badly it fits; None: not at all."""
    label = entry.label.casefold()
    all_words = f"{label} {entry.also.casefold()}".split()
    rank = 0
    for word in typed:
        if any(other.startswith(word) for other in all_words):
            continue
        if word not in label and word not in entry.also.casefold():
            return None
        rank += 2
    if typed and not label.startswith(typed[0]):
        rank += 1
    return rank

"""Which rows a list shows and in what order, and the shortest way from one order to the next that a view can follow.

A view keeps selection and scrolling only if it is told what happens: first the ranges of rows that go, then perhaps
that the others changed places, then the ranges of rows that come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from asyncluster.core.wire.feed import RowId

R = TypeVar("R")

#: What a row is sorted by; None comes last in either direction.
Key: TypeAlias = Callable[[R], Any]

_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True)
class Range:
    """Rows `first` to `last`, both included; `ids` are what they show."""

    first: int
    last: int
    ids: tuple[RowId, ...]


@dataclass(frozen=True)
class Steps:
    """The way from an old order to a new one.

    Attributes:
        removals: ranges to remove one after the other, from the end to the beginning.
        reordered: the new order of what is left, if that is another one.
        insertions: ranges to insert one after the other, from the beginning to the end.
    """

    removals: list[Range]
    reordered: list[RowId] | None
    insertions: list[Range]


def arranged(
    rows: Iterable[tuple[RowId, R]], matches: Callable[[R], bool], key: Key[R], *, descending: bool
) -> list[RowId]:
    """Ids of the rows that match, in order; rows that are equal stay in the order of their ids."""
    known: list[tuple[Any, Any, RowId]] = []
    unknown: list[tuple[Any, RowId]] = []
    for row_id, row in rows:
        if matches(row):
            value = key(row)
            if value is None:
                unknown.append((natural(row_id), row_id))
            else:
                known.append((value, natural(row_id), row_id))
    known.sort(key=lambda entry: entry[1])
    known.sort(key=lambda entry: entry[0], reverse=descending)
    unknown.sort(key=lambda entry: entry[0])
    return [entry[2] for entry in known] + [entry[1] for entry in unknown]


@lru_cache(maxsize=100_000)
def natural(value: RowId) -> tuple[Any, ...]:
    """Sorts "pc2" before "pc10", and numbers by their value."""
    if isinstance(value, int):
        return (value,)
    parts = _DIGITS.split(value.casefold())
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts))


def steps(old: Sequence[RowId], new: Sequence[RowId]) -> Steps:
    """How to get from one order to the other."""
    staying = set(old) & set(new)
    kept_old = [row_id for row_id in old if row_id in staying]
    kept_new = [row_id for row_id in new if row_id in staying]
    return Steps(
        removals=_ranges(old, staying)[::-1],
        reordered=kept_new if kept_new != kept_old else None,
        insertions=_ranges(new, staying),
    )


def _ranges(order: Sequence[RowId], without: set[RowId]) -> list[Range]:
    """Runs of ids that are not in `without`, by their place in `order`."""
    ranges = []
    first = 0
    for place in range(len(order) + 1):
        if place == len(order) or order[place] in without:
            if first < place:
                ranges.append(Range(first, place - 1, tuple(order[first:place])))
            first = place + 1
    return ranges

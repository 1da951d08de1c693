"""Today's openings, seen from one moment: open or closed, and when that changes. Pure; minutes of the room's clock."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Hours(msgspec.Struct, frozen=True):
    """How the room stands.

    Attributes:
        spans: today's openings, in order, those that touch made one: (start, end) in minutes since midnight.
        closes_in: minutes until it closes; None if it is closed now.
        opens_in: minutes until it opens again today; None if it is open or does not.
    """

    spans: tuple[tuple[int, int], ...]
    closes_in: int | None
    opens_in: int | None

    @property
    def is_open(self) -> bool:
        """Whether it is open now."""
        return self.closes_in is not None


def hours(today: Sequence[tuple[int, int]], minute: int) -> Hours:
    """How the room stands at `minute` of a day with these openings, which may overlap and come in any order."""
    spans = _merged(today)
    closes_in = next((end - minute for start, end in spans if start <= minute < end), None)
    opens_in = None
    if closes_in is None:
        opens_in = next((start - minute for start, _end in spans if start > minute), None)
    return Hours(spans, closes_in, opens_in)


def _merged(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)

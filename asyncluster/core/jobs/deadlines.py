"""Points in time that somebody waits for, each under a key. Setting a key again moves it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from heapq import heappop, heappush
from itertools import count
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64


class Deadlines(Generic[K]):
    """A heap in which moved and cleared entries stay behind until they surface or are too many."""

    __slots__ = ("_heap", "_order", "_when")

    def __init__(self) -> None:
        self._when: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._order = count()  # equal times come due in the order in which they were set

    def set(self, key: K, when: float) -> None:
        if self._when.get(key) != when:
            self._when[key] = when
            heappush(self._heap, (when, next(self._order), key))
            self._tidy()

    def clear(self, key: K) -> None:
        self._when.pop(key, None)

    def next(self) -> float | None:
        """The earliest, or None."""
        while self._heap and self._when.get(self._heap[0][2]) != self._heap[0][0]:
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[K]:
        """Takes out what is due, earliest first, one by one: what comes of one may clear another."""
        while (when := self.next()) is not None and when <= now:
            key = heappop(self._heap)[2]
            del self._when[key]
            yield key

    def _tidy(self) -> None:
        if len(self._heap) > 2 * len(self._when) + _SLACK:
            self._heap = sorted(entry for entry in self._heap if self._when.get(entry[2]) == entry[0])

"""Values with a unit: times in seconds, memory in bytes, lengths in pixels."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from asyncluster.core.config.forms import Unfit, listed
from asyncluster.core.config.problems import shown

_SECONDS = {"s": 1, "sec": 1, "min": 60, "h": 3600}
_BYTES = {"": 1, "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_BYTES |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class WorkerMemory:
    """How much memory one worker may have: some bytes, a share of the machine's, or (neither) a fair part."""

    bytes: int | None = None
    share: float | None = None

    def limit(self, total: int, workers: int) -> int:
        """Bytes that each of `workers` may have on a machine with `total` bytes."""
        if self.bytes is not None:
            return self.bytes
        if self.share is not None:
            return int(total * self.share)
        return total // max(1, workers)


def duration(low: float, high: float, unit: str) -> Callable[[str], float]:
    """A time from `low` to `high` seconds, as a number of seconds; a bare number counts in `unit`."""

    def parse(text: str) -> float:
        match = _QUANTITY.fullmatch(text)
        factor = _SECONDS.get(match[2].lower() or unit) if match else None
        if match is None or factor is None or not low <= float(match[1]) * factor <= high:
            form = f"must be a time from {in_words(low)} to {in_words(high)}, such as '30 s', '15 min' or '1 h'"
            raise Unfit(f"{form}, not '{shown(text)}'.")
        return float(match[1]) * factor

    return parse


def in_words(seconds: float) -> str:
    """A time as the configuration writes it: 90 -> "90 s", 900 -> "15 min"."""
    for unit, factor in (("h", 3600), ("min", 60)):
        if seconds and seconds % factor == 0:
            return f"{seconds // factor:g} {unit}"
    return f"{seconds:g} s"


def warning_times(text: str) -> tuple[float, ...]:
    """How long before an end to warn, in seconds, the longest first; bare numbers are minutes."""
    return tuple(sorted(listed(duration(1, 86_400, "min"))(text), reverse=True))


def size(text: str) -> int:
    """A number of bytes: "2 GB" (powers of ten), "512 MiB" (powers of two)."""
    match = _QUANTITY.fullmatch(text)
    factor = _BYTES.get(match[2]) if match else None
    if match is None or factor is None:
        raise Unfit(f"must be a size such as '2 GB' or '512 MiB', not '{shown(text)}'.")
    return int(float(match[1]) * factor)


def worker_memory(text: str) -> WorkerMemory:
    """A size of at least 64 MB, or a percentage of the machine's memory."""
    percent = re.fullmatch(r"([0-9]{1,3}(?:\.[0-9]{1,3})?)\s*%", text)
    if percent:
        if not 0 < float(percent[1]) <= 100:
            raise Unfit("must be more than 0% and at most 100%.")
        return WorkerMemory(share=float(percent[1]) / 100)
    try:
        limit = size(text)
    except Unfit:
        limit = 0
    if not 64 * 10**6 <= limit <= 2**60:
        form = "must be a size from 64 MB up, such as '2 GB', or a share of the machine's memory, such as '50%'"
        raise Unfit(f"{form}, not '{shown(text)}'.")
    return WorkerMemory(bytes=limit)


def pixels(text: str) -> tuple[int, int]:
    """Width and height: "300, 200"."""
    match = re.fullmatch(r"([0-9]{1,5})\s*[,x]\s*([0-9]{1,5})", text)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    if not (100 <= width <= 10_000 and 100 <= height <= 10_000):
        raise Unfit(f"must be a width and a height of 100 to 10000 pixels, such as '300, 200', not '{shown(text)}'.")
    return width, height

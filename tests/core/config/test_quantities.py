from __future__ import annotations

from typing import Any

import pytest

from asyncluster.core.config import quantities
from asyncluster.core.config.forms import Unfit
from asyncluster.core.config.quantities import WorkerMemory

GB = 10**9

GOOD = [
    (quantities.size, "2 GB", 2 * GB),
    (quantities.size, "512MiB", 512 * 2**20),
    (quantities.size, "1.5 kB", 1500),
    (quantities.size, "42", 42),
    (quantities.worker_memory, "50%", WorkerMemory(share=0.5)),
    (quantities.worker_memory, "2 GB", WorkerMemory(bytes=2 * GB)),
    (quantities.duration(0, 3600, "s"), "30 s", 30),
    (quantities.duration(0, 3600, "s"), "30", 30),
    (quantities.duration(0, 3600, "min"), "15", 900),
    (quantities.duration(0, 3600, "s"), "0.5 h", 1800),
    (quantities.warning_times, "1, 15 min, 30 s, 1 min", (900, 60, 30)),
    (quantities.pixels, "300, 200", (300, 200)),
    (quantities.pixels, "1024x768", (1024, 768)),
]

BAD = [
    (quantities.size, ["2 XB", "-1", "GB", "2 gb", "1e9"]),
    (quantities.worker_memory, ["0%", "101%", "1 MB", "9999999 TB", "half"]),
    (quantities.duration(0, 60, "s"), ["61", "2 min", "1 day", "-1", "1:30"]),
    (quantities.pixels, ["300", "300, 200, 1", "0, 0", "99999, 200"]),
]


@pytest.mark.parametrize(("parse", "text", "expected"), GOOD)
def test_accepted_forms(parse: Any, text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(("parse", "text"), [(parse, text) for parse, texts in BAD for text in texts])
def test_refused_forms(parse: Any, text: str) -> None:
    with pytest.raises(Unfit, match=r"^must be "):
        parse(text)


@pytest.mark.parametrize(
    ("seconds", "words"), [(90, "90 s"), (900, "15 min"), (7200, "2 h"), (0, "0 s"), (0.5, "0.5 s")]
)
def test_in_words(seconds: float, words: str) -> None:
    assert quantities.in_words(seconds) == words


def test_worker_memory_limits() -> None:
    assert WorkerMemory().limit(16 * GB, 4) == 4 * GB
    assert WorkerMemory().limit(16 * GB, 0) == 16 * GB
    assert WorkerMemory(share=0.25).limit(16 * GB, 1) == 4 * GB
    assert WorkerMemory(bytes=GB).limit(16 * GB, 4) == GB

"""Fuzzes one target by coverage, with atheris: mutates its samples towards code that was not reached yet.

    PYTHONPATH=tests python -m fuzz dispatcher -max_total_time=600
    PYTHONPATH=tests python -m fuzz dispatcher FILE              what FILE, which an earlier run has left, does

What follows the target is libFuzzer's. Without a folder for its corpus it begins with the samples. Ends with an error,
and leaves the input in the working directory, if the target raises or takes too long.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["asyncluster"]):
    from fuzz.targets import SAMPLES, TARGETS

_SLOW = 10  # seconds for one input
_MEMORY = 1024  # MiB


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"What? There are: {', '.join(TARGETS)}.")
    program, target, *options = sys.argv
    with tempfile.TemporaryDirectory() as corpus:
        for number, sample in enumerate(SAMPLES[target]):
            Path(corpus, str(number)).write_bytes(sample)
        if all(option.startswith("-") for option in options):
            options.append(corpus)
        atheris.Setup([program, f"-timeout={_SLOW}", f"-rss_limit_mb={_MEMORY}", *options], TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()

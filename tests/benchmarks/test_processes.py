from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time

from benchmarks import processes
from benchmarks.processes import Usage, descendants, private_memory, running_seconds, settled


def test_what_children_use_counts():
    usage = Usage()
    subprocess.run([sys.executable, "-c", "sum(range(5_000_000))"], check=True)
    assert usage.seconds() > 0.02


def test_descendants_are_found_and_measured():
    with subprocess.Popen([sys.executable, "-c", "x = bytearray(32 << 20); input()"], stdin=subprocess.PIPE) as child:
        deadline = time.monotonic() + 20
        while private_memory(child.pid) < 32 << 20:
            assert time.monotonic() < deadline
        assert child.pid in descendants(os.getpid())
        assert running_seconds(child.pid) > 0
        child.communicate(b"\n")
    assert private_memory(child.pid) == 0


def test_without_a_process_there_is_no_memory():
    assert private_memory(None) == 0


def test_memory_that_grows_is_looked_at_until_it_stands_still():
    said = iter([1 << 20, 9 << 20, 17 << 20, (17 << 20) + 4096, 0])
    assert settled(lambda: next(said), pause=0) == (17 << 20) + 4096


def test_memory_that_never_stands_still_ends_with_its_last_word(monkeypatch):
    monkeypatch.setattr(processes, "_SETTLING_SECONDS", 0.05)
    said = itertools.count(step=1 << 20)
    assert settled(lambda: next(said), pause=0) > 0

from __future__ import annotations

import subprocess
import sys

import pytest

_START = """
import sys
from asyncluster.core.qt.hurry import hurry
hurry()
import {program}
print(*sys.modules)
"""


_LATE = {"argparse", "asyncio", "inspect", "pathlib", "socket", "traceback", "twisted", "typing_extensions", "zoneinfo"}


@pytest.mark.parametrize("program", ["asyncluster.ndm.greeter.program", "asyncluster.ndm.timebar.program"])
def test_a_window_waits_for_nothing_that_it_does_not_need(program):
    words = [sys.executable, "-c", _START.format(program=program)]
    modules = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert program in modules
    assert _LATE.isdisjoint(modules)


def test_what_was_left_out_can_be_imported_later():
    later = "import gc, typing_extensions; assert typing_extensions.Protocol and not gc.isenabled()"
    words = [sys.executable, "-c", f"from asyncluster.core.qt.hurry import hurry\nhurry()\n{later}"]
    subprocess.run(words, check=True)

from __future__ import annotations

import _thread
import subprocess
import sys
import threading

import pytest

from asyncluster.core.background import in_background


def test_it_runs_in_another_thread():
    ran: list[int] = []
    over = threading.Event()

    def work(first: int, second: int) -> None:
        ran.extend([first, second, threading.get_ident()])
        over.set()

    in_background(work, 1, 2)
    assert over.wait(20)
    assert ran[:2] == [1, 2]
    assert ran[2] != threading.get_ident()


def test_without_a_thread_it_runs_here(monkeypatch: pytest.MonkeyPatch):
    def none_left(*_args: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", none_left)
    ran: list[int] = []
    in_background(ran.append, 7)
    assert ran == [7]


_STARVING = """
import resource, sys, threading
from asyncluster.core.background import in_background
stack = 256 * 1024
threading.stack_size(stack)
pages = int(open("/proc/self/statm").read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, ((pages + int(sys.argv[1])) * resource.getpagesize() + stack,) * 2)
in_background(len, "abc")
"""


@pytest.mark.parametrize("pages", range(6))
def test_a_thread_that_has_no_memory_to_begin_with_keeps_nobody_waiting(pages: int):
    """The process may go on or end, but not stand still."""
    subprocess.run([sys.executable, "-c", _STARVING, str(pages)], stderr=subprocess.DEVNULL, timeout=30)

from __future__ import annotations

import os
import subprocess
import sys

import pytest


def run(code: str, said: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, input=said, capture_output=True, text=True, timeout=30, check=False)


def test_a_pickle_that_would_run_code_does_not() -> None:
    code = """
import pickle
from asyncluster.core.guard import forbid_unpickling

class Attack:
    def __reduce__(self):
        return print, ("attacked",)

data = pickle.dumps(Attack())
forbid_unpickling()
try:
    pickle.loads(data)
except Exception:
    print("taken for a bad input")
"""
    done = run(code)
    assert done.stdout == ""
    assert "UnpicklingForbidden" in done.stderr


def test_the_daemons_load_no_cloudpickle() -> None:
    code = "import sys, asyncluster.core.master.service as master; print('cloudpickle' in sys.modules)"
    assert run(code).stdout == "False\n"


_BY_A_TIMER = "reactor.callLater(0, work)"
_BY_A_READER = """
from twisted.internet.protocol import Protocol
from twisted.internet.stdio import StandardIO

class Reader(Protocol):
    def dataReceived(self, data):
        work()

StandardIO(Reader())
"""
_BY_A_DEFERRED = """
from twisted.internet.defer import execute
execute(work)
"""


@pytest.mark.parametrize("where", [_BY_A_TIMER, _BY_A_READER, _BY_A_DEFERRED])
@pytest.mark.parametrize(
    ("error", "status"),
    [("MemoryError()", os.EX_OSERR), ("OSError(errno.ENOMEM, 'no')", os.EX_OSERR), ("OSError(errno.EMFILE, 'no')", 0)],
)
def test_a_daemon_that_had_no_memory_does_not_go_on(error: str, status: int, where: str) -> None:
    code = f"""
import errno, os
from asyncluster.core import logs
from asyncluster.core.net.reactor import install
reactor = install()

def work():
    raise {error}

logs.begin(verbose=0, quiet=True, journal=False)
{where}
reactor.callLater(0.2, reactor.stop)
reactor.run()
"""
    done = run(code, said="something to read")
    assert done.returncode == status, done.stderr
    assert error.partition("(")[0] in done.stderr

from __future__ import annotations

import subprocess
import sys


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


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

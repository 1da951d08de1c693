"""The steward without root is no way to be root."""

from __future__ import annotations

import subprocess
import sys

import pytest

from asyncluster.core.errors import ExitCode


@pytest.mark.root
def test_root_is_refused():
    command = [sys.executable, "-m", "asyncluster.ndm.trial.node"]
    result = subprocess.run(command, input="{}", capture_output=True, text=True, timeout=60)
    assert result.returncode == ExitCode.USAGE
    assert result.stderr == "A trial node is for users, not for root.\n"

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncluster.ndm.worker.niceness import set_niceness


def has_autogroups() -> bool:
    """Whether a session of its own has a share of its own here."""
    command = ["cat", "/proc/self/autogroup"]
    return bool(subprocess.run(command, start_new_session=True, capture_output=True, check=False).stdout)


needs_autogroups = pytest.mark.skipif(
    not has_autogroups(), reason="this kernel divides the processor among processes alone"
)


@pytest.fixture(params=[True, False], ids=["leader", "member"])
def sleeper(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], start_new_session=request.param) as process:
        yield process
        process.kill()


def session_niceness(pid: int) -> int | None:
    """None for the session that the machine's first process began: the kernel gives that one no group."""
    group = Path(f"/proc/{pid}/autogroup").read_text().split()
    return int(group[-1]) if group else None


def test_a_process_is_made_nicer(sleeper: subprocess.Popen[bytes]) -> None:
    set_niceness(sleeper.pid, 7)
    assert os.getpriority(os.PRIO_PROCESS, sleeper.pid) == 7


@needs_autogroups
@pytest.mark.root
def test_its_session_is_made_nicer_only_if_it_is_its_own(sleeper: subprocess.Popen[bytes]) -> None:
    ours = session_niceness(os.getpid())
    set_niceness(sleeper.pid, 7)
    leads = os.getsid(sleeper.pid) == sleeper.pid
    assert session_niceness(sleeper.pid) == (7 if leads else ours)
    assert session_niceness(os.getpid()) == ours


def test_who_is_gone_is_told(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    with pytest.raises(ProcessLookupError):
        set_niceness(sleeper.pid, 7)

"""Control groups that come and go while somebody looks at them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from asyncluster.ndm.session.group import ControlGroup, home


@pytest.fixture
def path() -> Path:
    found = home()
    if found is None:
        pytest.skip("this machine has no control groups of the second version")
    return found / f"asyncluster-test-group-{os.getpid()}"


def test_a_group_that_is_not_there_is_empty(path):
    group = ControlGroup(path)
    assert group.pids() == []
    group.kill()
    assert group.tell_kill() is group.freeze(True) is False


@pytest.mark.root
def test_a_group_ends_with_all_that_is_in_it(path):
    group = ControlGroup(path)
    group.make()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        group.adopt(process.pid)
        assert group.pids() == [process.pid]
        group.kill()
        assert process.wait() == -9
    group.remove()
    assert not path.exists()


@pytest.mark.root
def test_a_group_that_goes_while_it_is_read_is_empty(path, monkeypatch):
    """The kernel says "no such device" where a file of it is open already."""
    group = ControlGroup(path)
    group.make()
    with open(path / "cgroup.procs") as opened:
        group.remove()
        monkeypatch.setattr(Path, "read_text", lambda _path: opened.read())
        with pytest.raises(OSError, match="No such device"):
            opened.read()
        assert group.pids() == []

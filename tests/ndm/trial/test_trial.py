"""The workstation of the demo: real keys through a window in a window, by root's leave or an ordinary user's."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.trial import ALONE, DEMO, PASSWORD, Terminal, log_in
from support.waiting import within
from support.xserver import x_server, xdotool


@pytest.fixture
def screen() -> Iterator[str]:
    with x_server("1280x900") as display:
        yield display


@pytest.fixture
def at_terminal(screen: str) -> Iterator[Any]:
    """Starts a program at a terminal before that screen; at the end nothing of it may be left."""
    started: list[Terminal] = []

    def start(command: tuple[str, ...], account: pwd.struct_passwd | None = None) -> Terminal:
        folder = Path(tempfile.mkdtemp(prefix="acd-", dir="/tmp"))
        folder.chmod(0o711)
        identity = {}
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
            identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        started.append(Terminal(command, screen, folder, **identity))
        return started[-1]

    yield start
    for terminal in started:
        terminal.close()
        assert os.listdir(terminal.folder) == []
        shutil.rmtree(terminal.folder)


@pytest.mark.root
@pytest.mark.timeout(240)
def test_an_ordinary_user_sits_down_in_the_demo(screen, at_terminal, unix_person):
    account = unix_person("acdemo")
    terminal = at_terminal(DEMO, account)
    log_in(screen, terminal, terminal.wait_for(PASSWORD))
    session = terminal.named("asyncluster.ndm.timebar").parent()
    assert {process.uids().real for process in session.children()} == {account.pw_uid}
    assert {process.uids().real for process in terminal.programs()} == {account.pw_uid}
    assert os.listdir(account.pw_dir) == [] or ".xsession-errors" not in os.listdir(account.pw_dir)
    terminal.wait_for("to end the demo")
    window = xdotool(screen, "search", "--name", "AsynCluster demo").split()[0]  # window managers close it like this
    xdotool(screen, "windowkill", window)
    assert terminal.process.wait(within(30)) == 0


@pytest.mark.timeout(240)
def test_nobody_of_a_session_is_root_and_nothing_outlives_its_owner(screen, at_terminal):
    terminal = at_terminal(ALONE)
    log_in(screen, terminal, terminal.wait_for(PASSWORD))
    keeper = terminal.named("asyncluster.ndm.session.keeper")
    assert 0 not in {process.uids().real for process in [keeper, *keeper.children(recursive=True)]}
    terminal.process.send_signal(signal.SIGKILL)

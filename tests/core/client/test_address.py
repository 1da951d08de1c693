from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from asyncluster.core.client import address
from asyncluster.core.errors import ConfigError, MasterUnreachable


@pytest.fixture
def listener(tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "sock"))
        listener.listen(1)
        yield tmp_path / "sock"


def test_the_argument_goes_before_everything(monkeypatch, tmp_path):
    monkeypatch.setenv("ASYNCLUSTER_SOCKET", "/elsewhere")
    assert str(address.locate("/here", None)) == "/here"
    assert str(address.locate(None, None)) == "/elsewhere"
    config = tmp_path / "conf"
    config.write_text("[common]\nsocket = /configured/sock\n")
    assert str(address.locate(None, config)) == "/configured/sock"
    with pytest.raises(ConfigError):
        address.locate(None, tmp_path / "missing")


def test_a_socket_of_ones_own_user_is_trusted(listener):
    with address.dial(listener) as link:
        assert not link.getblocking()
        assert not os.get_inheritable(link.fileno())


def test_a_socket_of_somebody_else_is_not(listener, monkeypatch):
    monkeypatch.setattr(address, "_trusted", lambda: {os.geteuid() + 1})
    with pytest.raises(MasterUnreachable, match="belongs to user"):
        address.dial(listener)


def test_trusted_are_root_oneself_and_the_service():
    assert {0, os.geteuid()} <= address._trusted()
    assert len(address._trusted()) <= 3


def test_nobody_there_and_nobody_listening(tmp_path):
    with pytest.raises(MasterUnreachable, match="asyncluster master run"):
        address.dial(tmp_path / "nobody")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead"))
    with pytest.raises(MasterUnreachable, match="dead"):
        address.dial(tmp_path / "dead")
    with pytest.raises(MasterUnreachable):
        address.dial(tmp_path / ("x" * 200))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user")
def test_a_user_without_the_right_is_told_whom_to_ask(listener):
    listener.chmod(0o600)
    program = (
        "import os, sys, pathlib\n"
        "from asyncluster.core.client.address import dial\n"
        "from asyncluster.core.errors import MasterUnreachable, NotAllowed\n"
        "os.setuid(65534)\n"
        "try: dial(pathlib.Path(sys.argv[1]))\n"
        "except MasterUnreachable as error: print(error, error.exit_code, isinstance(error, NotAllowed))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, listener], capture_output=True, text=True, check=True)
    assert "group asyncluster" in done.stdout
    assert done.stdout.split()[-2:] == ["4", "True"]

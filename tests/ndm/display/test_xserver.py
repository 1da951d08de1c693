from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from asyncluster.ndm.display.cookie import authority, host_name, new_cookie, write_authority
from asyncluster.ndm.display.xserver import NoDisplay, XServer, command, environment, terminal


def arguments(*program: str, display: int = 0) -> list[str]:
    return command(program, display, Path("/run/auth"), 5)


def test_a_real_server_gets_a_terminal_and_a_seat():
    assert arguments("/usr/bin/Xorg")[-3:] == ["-seat", "seat0", "vt7"]
    assert arguments("Xorg", display=1)[-1] == "vt8"
    assert terminal(("Xvfb",), 0) is None


@pytest.mark.parametrize("program", [("Xorg",), ("Xvfb", "-screen", "0", "800x600x24"), ("Xephyr",)])
def test_every_server_is_locked_before_it_starts(program):
    """CVE-2015-8308 and hole 1."""
    argv = arguments(*program, display=7)
    assert argv[: len(program)] == list(program)
    assert argv[argv.index("-auth") + 1] == "/run/auth"
    assert argv[argv.index("-nolisten") + 1] == "tcp"
    assert {"-noreset", ":7"} <= set(argv)
    assert "-ac" not in argv


@pytest.mark.parametrize("argument", ["-ac", "-listen", "-auth", "vt3", ":5", "-terminate"])
def test_the_configuration_cannot_open_it(argument):
    with pytest.raises(NoDisplay, match="x server"):
        arguments("Xvfb", argument)


def test_a_server_sees_little_of_our_environment():
    ours = {"DISPLAY": ":0", "LD_PRELOAD": "evil.so", "PATH": "/tmp", "SECRET": "x"}
    assert set(environment(ours)) == {"PATH", "DISPLAY"}
    assert "/tmp" not in environment(ours)["PATH"]


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "server"
    write_authority(path, authority(new_cookie(), 0, host_name()), os.getuid(), os.getgid())
    return path


@pytest.mark.parametrize("content", [None, b""])
def test_without_a_key_no_server_is_started(tmp_path, content):
    """CVE-2020-28049: an empty authority file is an open server."""
    path = tmp_path / "server"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoDisplay, match="missing or empty"):
        XServer.start(("Xvfb",), 0, path, tmp_path / "log")


def test_a_server_that_is_not_installed_is_named(tmp_path, key):
    with pytest.raises(NoDisplay, match="Xnothing is not installed"):
        XServer.start(("Xnothing",), 0, key, tmp_path / "log")


def test_a_server_that_ends_says_why(tmp_path, key, free_display):
    server = XServer.start(("Xvfb", "-nonsense"), free_display(), key, tmp_path / "log")
    with pytest.raises(NoDisplay, match="Unrecognized option"):
        server.wait_until_ready()


def test_a_server_that_never_comes_up_is_ended(tmp_path, key, free_display):
    stubborn = tmp_path / "Xstubborn"
    stubborn.write_text("#!/bin/sh\nexec sleep 600\n")
    stubborn.chmod(0o755)
    server = XServer.start((str(stubborn),), free_display(), key, tmp_path / "log")
    with pytest.raises(NoDisplay, match="is not ready"):
        server.wait_until_ready(0.1)
    assert server.process.poll() is not None


def test_a_taken_display_is_not_shared(tmp_path, key, free_display):
    display = free_display()
    first = XServer.start(("Xvfb",), display, key, tmp_path / "log")
    first.wait_until_ready()
    second = XServer.start(("Xvfb",), display, key, tmp_path / "log2")
    with pytest.raises(NoDisplay, match=f":{display} .*sockets"):  # its own words say what is wrong
        second.wait_until_ready()
    first.stop()
    first.stop()  # harmless
    assert subprocess.run(["pgrep", "-f", f"Xvfb :{display} "], capture_output=True).returncode == 1

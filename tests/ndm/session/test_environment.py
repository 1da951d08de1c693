"""Nothing of root's environment (hole 8), and no shell text made of what somebody typed (hole 10)."""

from __future__ import annotations

import pwd

import pytest

from asyncluster.ndm.session.choices import CONFIGURED, NoSession, choices, chosen
from asyncluster.ndm.session.environment import Helpers, Surroundings, asked, final, session_command

LENA = pwd.struct_passwd(("lena", "x", 1000, 1000, "", "/home/lena", "/bin/zsh"))


def test_the_environment_is_the_persons():
    made = asked(LENA, Surroundings(77, None, "icewm", ("ICEWM", "X-Other")))
    assert made == {
        "USER": "lena", "LOGNAME": "lena", "HOME": "/home/lena", "SHELL": "/bin/zsh", "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games", "DISPLAY": ":77",
        "XDG_SESSION_TYPE": "x11", "XDG_SESSION_CLASS": "user", "XDG_SESSION_DESKTOP": "icewm",
        "DESKTOP_SESSION": "icewm", "XDG_CURRENT_DESKTOP": "ICEWM:X-Other",
    }  # fmt: skip
    seated = asked(LENA, Surroundings(0, 7, ""))
    assert (seated["XDG_SEAT"], seated["XDG_VTNR"]) == ("seat0", "7")
    assert "DESKTOP_SESSION" not in seated


def test_what_pam_lists_counts_but_for_what_loads_code():
    listed = {"LANG": "de_DE.UTF-8", "LD_PRELOAD": "evil.so", "PYTHONPATH": "/tmp", "XDG_RUNTIME_DIR": "/run/user/1"}
    assert final(listed, "/run/key", "/ours") == {
        "LANG": "de_DE.UTF-8", "XAUTHORITY": "/run/key", "XDG_RUNTIME_DIR": "/run/user/1",
    }  # fmt: skip
    assert final({}, "/run/key", "/ours")["XDG_RUNTIME_DIR"] == "/ours"


@pytest.mark.parametrize(
    ("argv", "helpers", "command"),
    [
        (("icewm",), Helpers(), ["icewm"]),
        (("icewm", "-c", "x y"), Helpers(), ["icewm", "-c", "x y"]),
        (("icewm", "-c", "x"), Helpers("/etc/X11/Xsession"), ["/etc/X11/Xsession", "icewm -c x"]),
        (("icewm", "$(rm -rf ~)"), Helpers("/etc/X11/Xsession"), ["icewm", "$(rm -rf ~)"]),
        (("icewm",), Helpers("/X", "/dbus"), ["/dbus", "--", "/X", "icewm"]),
        (("icewm", "a b"), Helpers("/X", "/dbus"), ["/dbus", "--", "icewm", "a b"]),
    ],
)
def test_the_command_is_a_list_wherever_it_could_be_split(argv, helpers, command):
    assert session_command(argv, helpers) == command


@pytest.fixture
def folder(tmp_path):
    for name, line in (("icewm", "icewm-session"), ("openbox", "/usr/bin/openbox-session")):
        (tmp_path / f"{name}.desktop").write_text(f"[Desktop Entry]\nType=Application\nName={name}\nExec={line}\n")
    return tmp_path


def test_the_configured_session_comes_first(folder):
    assert [each.id for each in choices(("/opt/wm", "--fast"), [folder])] == [CONFIGURED, "icewm", "openbox"]
    assert [each.id for each in choices((), [folder])] == ["icewm", "openbox"]


def test_a_configured_session_that_has_an_entry_is_that_entry(folder):
    assert [each.id for each in choices(("/usr/bin/openbox-session",), [folder])] == ["openbox", "icewm"]


def test_what_is_not_offered_any_more_is_the_nodes_own(folder):
    offered = choices((), [folder])
    assert chosen(offered, "openbox").id == "openbox"
    assert chosen(offered, "").id == chosen(offered, "/bin/sh").id == "icewm"
    with pytest.raises(NoSession, match="window manager"):
        chosen([], "")

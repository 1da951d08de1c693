"""The real program, in a session with a window manager and alone."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager

import pytest
from support.xserver import Program, on_display, until, windows, x_server, xdotool

from asyncluster.core.wire import timebar as wire
from asyncluster.ndm.timebar.window import TITLE

EXPECTED = {
    "AsynCluster time bar: The node daemon has closed its end.",
    # of Qt's offscreen platform
    "This plugin does not support setting window masks",
    "This plugin does not support raise()",
}
STATE = wire.State("Maria Koval", 6120.0, total=14400.0, mode="light")


@pytest.fixture
def start():
    programs = []

    def started(display, *messages) -> Program:
        program = Program("asyncluster.ndm.timebar", display, wire.from_time_bar)
        programs.append(program)
        program.send(*(wire.framed(message) for message in messages or (STATE,)))
        return program

    yield started
    for program in programs:
        assert set(program.close().splitlines()) <= EXPECTED


def size(display) -> tuple[int, int] | None:
    """Size of the time bar by the X server's account, once it is there."""
    found = windows(display, TITLE)
    return found[0][2:] if found else None


@pytest.fixture
def session(request):
    """A display with a window manager: openbox, or the one that the test names."""
    with x_server("1024x768") as display, window_manager(display, getattr(request, "param", "openbox")):
        yield display


@contextmanager
def window_manager(display, program):
    environment = {"DISPLAY": display, "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([program], env=environment, stderr=subprocess.DEVNULL) as manager:
        until(lambda: "window id" in on_display(display, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"))
        yield
        manager.terminate()


def test_it_counts_shows_messages_and_takes_no_keyboard(session, start):
    bar = start(session)
    until(lambda: size(session) == (320, 56))
    assert TITLE not in on_display(session, "xdotool", "getwindowfocus", "getwindowname").splitlines()
    bar.send(wire.framed(wire.Notice(7, "Nadia", "Save your work.", 0.0)))
    until(lambda: (size(session) or (0, 0))[1] > 56)
    xdotool(session, "key", "Return", "space")
    assert bar.silent()
    window = xdotool(session, "search", "--name", TITLE).split()[-1]
    place = dict(line.split("=") for line in xdotool(session, "getwindowgeometry", "--shell", window).split())
    right, bottom = int(place["X"]) + 320, int(place["Y"]) + int(place["HEIGHT"])
    xdotool(session, "mousemove", str(right - 60), str(bottom - 30), "click", "1")
    assert bar.receive() == wire.Acknowledged(7)


@pytest.mark.parametrize("session", ["openbox", "icewm"], indirect=True)
def test_it_is_in_no_list_of_windows_and_on_every_desktop(session, start):
    start(session)
    until(lambda: size(session) == (320, 56))
    window = xdotool(session, "search", "--name", TITLE).split()[-1]
    kinds = on_display(session, "xprop", "-id", window, "_NET_WM_WINDOW_TYPE").partition("= ")[2]
    assert kinds.startswith("_NET_WM_WINDOW_TYPE_DOCK,")  # no task bar lists a dock
    for desktop in ("1", "0"):
        xdotool(session, "set_desktop", desktop)
        until(lambda desktop=desktop: xdotool(session, "get_desktop").strip() == desktop)
        assert "IsViewable" in on_display(session, "xwininfo", "-id", window)


def test_it_idles_for_nothing(session, start):
    bar = start(session)
    until(lambda: size(session) == (320, 56))
    time.sleep(0.5)
    before = bar.cpu_seconds()
    time.sleep(2)
    assert bar.cpu_seconds() - before <= 0.011  # at most one tick of the kernel's count


def test_it_ends_when_the_node_daemon_is_gone(start):
    bar = start(None)
    bar.hang_up()
    assert bar.process.wait(20) == 0

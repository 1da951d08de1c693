"""The real program on a real X server without a window manager; keys and clicks come from xdotool."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest
from support.xserver import Program, on_display, until, windows, x_server, xdotool

from asyncluster.core.wire import greeter as wire
from asyncluster.ndm.greeter import loginbox, window

SESSIONS = [wire.Session("plasma", "Plasma"), wire.Session("icewm", "IceWM")]
EXPECTED = {
    "AsynCluster greeter: The node daemon has closed its end.",
    "AsynCluster greeter: The node daemon sent what cannot be understood: "
    "A frame of 4294967295 bytes is over the limit of 262144.",
}
CONFIGURATION = wire.Configuration("pc06", sessions=SESSIONS, session="plasma", power=True)


@pytest.fixture(scope="module")
def display():
    with x_server() as name:
        yield name


@pytest.fixture
def start():
    """Starts greeters, and ends those that still run."""
    programs = []

    def started(display, *messages, **environment) -> Program:
        program = Program("asyncluster.ndm.greeter", display, wire.from_greeter, **environment)
        programs.append(program)
        program.send(*(wire.framed(message) for message in messages or (CONFIGURATION,)))
        return program

    yield started
    for program in programs:
        assert set(program.close().splitlines()) <= EXPECTED


def test_a_person_logs_in_with_the_keyboard_alone(display, start):
    greeter = start(display, CONFIGURATION, wire.MasterState(True))
    assert greeter.receive() == wire.Ready()
    xdotool(display, "type", "lena")
    xdotool(display, "key", "Tab")
    xdotool(display, "type", "Pass wort+1")
    xdotool(display, "key", "Return")
    assert greeter.receive() == wire.Login("lena", "Pass wort+1", "plasma", "us")
    greeter.send(wire.framed(wire.Refused("The name or the password is wrong.")))
    xdotool(display, "key", "Return")  # the password is empty: nothing is sent
    xdotool(display, "type", "second")
    xdotool(display, "key", "Return")
    assert greeter.receive() == wire.Login("lena", "second", "plasma", "us")
    greeter.send(wire.framed(wire.Accepted()))
    assert greeter.silent()


def test_the_login_window_is_as_large_as_configured_to_the_pixel(display, start):
    start(display, wire.Configuration("pc06", size=(340, 230))).receive()
    (box,) = windows(display, loginbox.TITLE)
    assert box == ((1280 - 340) // 2, (800 - 230) // 2, 340, 230)
    assert windows(display, window.TITLE) == [(0, 0, 1280, 800)]


def test_session_and_layout_are_chosen_from_menus_by_keys(display, start):
    greeter = start(display)
    greeter.receive()
    xdotool(display, "type", "lena")
    xdotool(display, "key", "Tab", "Tab", "space", "Down", "Return")  # the session's menu
    xdotool(display, "key", "Tab", "space")  # the layouts' menu opens on the present one
    xdotool(display, "key", "Down", "Return")

    def answer():
        xdotool(display, "key", "shift+Tab", "shift+Tab", "x", "Return")
        login = greeter.receive()
        greeter.send(wire.framed(wire.Refused("no")))
        xdotool(display, "key", "Tab", "Tab")
        return login

    try:
        first = answer()
        assert first.session == "icewm"
        until(lambda: answer().layout == "gb")
    finally:
        on_display(display, "setxkbmap", "us")


def test_a_click_gives_the_keyboard_to_the_field(display, start):
    greeter = start(display)
    greeter.receive()
    x, y, _width, _height = windows(display, loginbox.TITLE)[0]
    xdotool(display, "type", "lena")
    xdotool(display, "mousemove", str(x + 150), str(y + 104), "click", "1", "mousemove", "5", "5")
    xdotool(display, "type", "geheim")
    xdotool(display, "key", "Return")
    assert greeter.receive().password == "geheim"


def test_power_needs_two_presses(display, start):
    greeter = start(display)
    greeter.receive()
    xdotool(display, "key", "shift+Tab", "Return")
    assert greeter.silent()
    xdotool(display, "key", "Return")
    assert greeter.receive() == wire.Power("shut down")


def test_caps_lock_and_layout_are_seen_at_the_x_server(display):
    source = """
import sys
from PyQt6.QtWidgets import QApplication
app = QApplication([])
from asyncluster.ndm.greeter.keyboard import Keyboard
keyboard = Keyboard()
print(keyboard.caps_lock, keyboard.layout, flush=True)
keyboard.changed.connect(lambda: print(keyboard.caps_lock, keyboard.layout, flush=True))
from PyQt6.QtCore import QTimer
QTimer.singleShot(0, lambda: keyboard.choose("ch(fr)"))
QTimer.singleShot(0, lambda: keyboard.choose("no/such;thing"))
app.exec()
"""
    environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
    with subprocess.Popen(
        [sys.executable, "-c", source], stdout=subprocess.PIPE, text=True, env={**environment, "DISPLAY": display}
    ) as process:
        try:
            assert process.stdout.readline().split() == ["False", "us"]
            assert process.stdout.readline().split() == ["False", "ch(fr)"]
            xdotool(display, "key", "Caps_Lock")
            assert process.stdout.readline().split() == ["True", "ch(fr)"]
            xdotool(display, "key", "Caps_Lock")
            assert process.stdout.readline().split() == ["False", "ch(fr)"]
        finally:
            process.kill()
            on_display(display, "setxkbmap", "us")


@pytest.fixture
def wide():
    """A display of 1600 x 600 of its own, since monitors stay as they were set."""
    with x_server("1600x600") as display:
        yield display


def split(display):
    """Makes two monitors of it."""
    on_display(display, "xrandr", "--setmonitor", "left", "800/200x600/150+0+0", "screen")
    on_display(display, "xrandr", "--setmonitor", "right", "800/200x600/150+800+0", "none")


def test_every_screen_has_a_window_and_they_share_what_is_typed(wide, start):
    split(wide)
    greeter = start(wide)
    greeter.receive()
    until(lambda: windows(wide, window.TITLE) == [(0, 0, 800, 600), (800, 0, 800, 600)])
    boxes = windows(wide, loginbox.TITLE)
    assert [(x + 150) % 800 for x, *_ in boxes] == [400, 400]
    xdotool(wide, "type", "lena")
    for x, y, _width, _height in boxes:  # half of the password on each screen
        xdotool(wide, "mousemove", str(x + 150), str(y + 104), "click", "1", "mousemove", "790", "590")
        xdotool(wide, "key", "End")
        xdotool(wide, "type", "half")
    xdotool(wide, "key", "Return")
    assert greeter.receive() == wire.Login("lena", "halfhalf", "plasma", "us")


def test_screens_that_come_and_go_get_windows_and_lose_them(wide, start):
    greeter = start(wide)
    greeter.receive()
    assert windows(wide, window.TITLE) == [(0, 0, 1600, 600)]
    split(wide)
    until(lambda: len(windows(wide, loginbox.TITLE)) == 2)
    on_display(wide, "xrandr", "--delmonitor", "right")
    until(lambda: len(windows(wide, loginbox.TITLE)) == 1)
    xdotool(wide, "type", "lena")
    xdotool(wide, "key", "Tab", "x", "Return")
    assert greeter.receive().name == "lena"


def test_on_a_dense_screen_everything_is_twice_as_large(wide, start):
    start(wide, QT_SCALE_FACTOR="2").receive()
    ((_x, _y, *size),) = windows(wide, loginbox.TITLE)
    assert size == [600, 400]


def test_it_is_ready_for_typing_soon_and_idles_for_nothing(display, start):
    greeter = start(display)
    greeter.receive()
    assert time.monotonic() - greeter.started < 15  # 0.4 s on a quiet machine
    xdotool(display, "key", "Tab", "Tab")  # a text cursor blinks and is left out of this
    time.sleep(0.5)
    before = greeter.cpu_seconds()
    time.sleep(2)
    assert greeter.cpu_seconds() - before <= 0.011  # at most one tick of the kernel's count


def test_it_ends_when_the_node_daemon_is_gone(start):
    greeter = start(None)
    greeter.receive()
    greeter.hang_up()
    assert greeter.process.wait(20) == 0


def test_it_ends_when_the_node_daemon_says_what_cannot_be_understood(start):
    greeter = start(None)
    greeter.receive()
    greeter.send(b"\xff\xff\xff\xff")
    assert greeter.process.wait(20) == 0


def test_it_ends_with_the_x_server():
    with x_server() as display:
        greeter = Program("asyncluster.ndm.greeter", display, wire.from_greeter)
        greeter.send(wire.framed(CONFIGURATION))
        greeter.receive()
    greeter.process.wait(20)
    assert "X11" in greeter.close()


def test_nobody_of_the_same_user_reads_its_memory_and_it_dumps_no_core(start):
    greeter = start(None)
    greeter.receive()
    with open(f"/proc/{greeter.process.pid}/limits", encoding="ascii") as file:
        assert re.search(r"Max core file size +0 +0", file.read())
    # Files in /proc of a process that is not dumpable belong to root.
    if os.getuid() != 0:
        assert os.stat(f"/proc/{greeter.process.pid}/mem").st_uid == 0


def test_sigterm_ends_it(start):
    greeter = start(None)
    greeter.receive()
    greeter.process.send_signal(signal.SIGTERM)
    assert greeter.process.wait(20) == 0


def test_what_is_typed_as_soon_as_there_is_a_field_is_not_lost(display, start):
    """The window is there before Twisted is."""
    greeter = start(display)
    until(lambda: has_keyboard(display))
    xdotool(display, "type", "lena")
    xdotool(display, "key", "Tab")
    xdotool(display, "type", "geheim")
    xdotool(display, "key", "Return")
    assert greeter.receive() == wire.Ready()
    assert greeter.receive() == wire.Login("lena", "geheim", "plasma", "us")


def has_keyboard(display) -> bool:
    environment = {**os.environ, "DISPLAY": display}
    command = ["xdotool", "getwindowfocus", "getwindowname"]
    return window.TITLE in subprocess.run(command, env=environment, capture_output=True, text=True).stdout


@pytest.mark.parametrize("cut", [2, 20])
def test_a_configuration_that_comes_in_pieces_is_taken(start, cut):
    framed = wire.framed(CONFIGURATION)
    greeter = Program("asyncluster.ndm.greeter", None, wire.from_greeter)
    try:
        greeter.send(framed[:cut])
        until(greeter.has_read)  # by the link, which the first look at the socket has left it to
        greeter.send(framed[cut:], wire.framed(wire.MasterState(True)))
        assert greeter.receive() == wire.Ready()
    finally:
        assert set(greeter.close().splitlines()) <= EXPECTED


def test_it_ends_when_nothing_but_nonsense_comes(start):
    greeter = Program("asyncluster.ndm.greeter", None, wire.from_greeter)
    greeter.send(b"\0\0\0\1\xc1")
    assert greeter.process.wait(20) == 0
    assert "cannot be understood" in greeter.close()


@pytest.mark.parametrize("arguments", [[], ["--fd"], ["--fd", "x"], ["--fd", "-1"], ["--fd", "3", "more"]])
def test_it_wants_its_descriptor_and_nothing_else(arguments):
    command = [sys.executable, "-m", "asyncluster.ndm.greeter", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert result.returncode == 1
    assert result.stderr.startswith("usage: asyncluster-greeter --fd DESCRIPTOR")


def test_messages_before_the_configuration_are_kept_for_it(start):
    greeter = start(None, wire.MasterState(True), wire.Openings([(0, 1440)]), CONFIGURATION)
    assert greeter.receive() == wire.Ready()

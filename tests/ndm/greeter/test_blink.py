from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QApplication

from asyncluster.ndm.greeter.blink import Blink
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.screens import Screens


@pytest.fixture
def period(qapp):
    """The cursor's period in milliseconds, which a test that stops it gives back."""
    before = qapp.cursorFlashTime()
    qapp.setCursorFlashTime(800)
    yield 800
    qapp.setCursorFlashTime(before)


@pytest.fixture(autouse=True)
def _short_while(monkeypatch):
    monkeypatch.setattr("asyncluster.ndm.greeter.blink.BLINKING_SECONDS", 0.01)


def test_the_cursor_stands_still_after_a_while_and_blinks_again_when_somebody_is_there(qtbot, qapp, period):
    blink = Blink(qapp)
    assert qapp.cursorFlashTime() == period
    qtbot.waitUntil(lambda: qapp.cursorFlashTime() == 0)
    blink.go_on()
    assert qapp.cursorFlashTime() == period
    qtbot.waitUntil(lambda: qapp.cursorFlashTime() == 0)
    blink.deleteLater()


@pytest.mark.parametrize("done", ["key", "click"])
def test_a_key_and_a_click_let_it_blink(qtbot, qapp: QApplication, period, greeter: Greeter, done):
    screens = Screens(qapp, greeter)
    qtbot.waitUntil(lambda: qapp.cursorFlashTime() == 0)
    field = next(iter(screens.windows.values())).box.name
    if done == "key":
        qtbot.keyClick(field, "l")
    else:
        qtbot.mouseClick(field, Qt.MouseButton.LeftButton)
    assert qapp.cursorFlashTime() == period
    qapp.removeEventFilter(screens)
    for window in screens.windows.values():
        window.hide()
        window.deleteLater()
    screens.deleteLater()

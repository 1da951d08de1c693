"""A greeter must not be a door: other display managers' were left through help, file dialogs and crash handlers."""

from __future__ import annotations

from pathlib import Path

import pytest

import asyncluster.core.qt
import asyncluster.ndm.greeter

SOURCES = [
    path
    for package in (asyncluster.core.qt, asyncluster.ndm.greeter)
    for path in Path(package.__file__).parent.glob("*.py")
]


@pytest.mark.parametrize(
    "door",
    ["QFileDialog", "QDesktopServices", "openExternalLinks(", "subprocess", "os.system", "os.exec", "startDetached"],
)
def test_nothing_of_this_kind_is_used(door):
    assert [path.name for path in SOURCES if door in path.read_text(encoding="utf-8")] == []


def test_only_the_keyboard_starts_a_program():
    users = [path.name for path in SOURCES if "QProcess" in path.read_text(encoding="utf-8")]
    assert users == ["keyboard.py"]


def test_labels_take_no_markup_from_elsewhere(greeter, qtbot):
    from PyQt6.QtCore import Qt
    from PyQt6.QtWidgets import QLabel

    from asyncluster.ndm.greeter.window import GreeterWindow

    window = GreeterWindow(greeter)
    qtbot.addWidget(window)
    own_words = {window.box._name_label, window.box._password_label}
    for label in window.findChildren(QLabel):
        assert label in own_words or label.textFormat() is Qt.TextFormat.PlainText

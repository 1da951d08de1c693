from __future__ import annotations

import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QWidget

from asyncluster.console.dialogs import forms


@pytest.fixture
def parent(qtbot, look):
    parent = QWidget()
    qtbot.addWidget(parent)
    parent.show()
    return parent


def field(sheet, place):
    return sheet.rows.itemAt(place).widget()


def press(qtbot, sheet):
    qtbot.mouseClick(sheet.go, Qt.MouseButton.LeftButton)


def test_a_number_within_its_bounds(qtbot, parent):
    got = []
    sheet = forms.ask_number(parent, "Niceness", "0 to 19", (0, 19, 5), "Set", got.append)
    field(sheet, 1).setValue(99)
    press(qtbot, sheet)
    assert got == [19]


def test_cancel_gives_nothing(qtbot, parent):
    got = []
    sheet = forms.ask_number(parent, "Niceness", "0 to 19", (0, 19, 5), "Set", got.append)
    qtbot.mouseClick(sheet.cancel, Qt.MouseButton.LeftButton)
    assert got == []


def test_a_text_that_is_too_long_is_said(qtbot, parent):
    got = []
    sheet = forms.ask_text(parent, "Message", "Text", "Send", got.append)
    field(sheet, 1).setPlainText("x" * 1001)
    press(qtbot, sheet)
    assert got == []
    assert sheet.isVisible()
    sheet.reject()


def test_hours_or_no_limit(qtbot, parent):
    got = []
    sheet = forms.ask_hours(parent, "Hours", (4 * 3600.0, None), lambda *hours: got.append(hours))
    assert sheet.focusWidget() is field(sheet, 1)._hours
    assert (field(sheet, 1).hours(), field(sheet, 3).hours()) == (4.0, None)
    field(sheet, 1)._free.setChecked(True)
    field(sheet, 3)._free.setChecked(False)
    field(sheet, 3)._hours.setValue(20)
    press(qtbot, sheet)
    assert got == [(None, 20.0)]


@pytest.mark.parametrize(("first", "second"), [("short", "short"), ("long enough", "long enouhg")])
def test_a_password_is_typed_twice_and_not_too_short(qtbot, parent, first, second):
    got = []
    sheet = forms.ask_password(parent, "Password", got.append)
    field(sheet, 1).setText(first)
    field(sheet, 3).setText(second)
    press(qtbot, sheet)
    assert got == []
    field(sheet, 1).setText("long enough")
    field(sheet, 3).setText("long enough")
    press(qtbot, sheet)
    assert got == ["long enough"]


def test_a_password_cannot_be_read_on_the_screen(parent):
    sheet = forms.ask_password(parent, "Password", lambda _new: None)
    assert field(sheet, 1).echoMode() == field(sheet, 1).EchoMode.Password
    sheet.reject()


def test_a_new_person(qtbot, parent):
    got = []
    sheet = forms.ask_person(parent, lambda *person: got.append(person))
    press(qtbot, sheet)
    assert got == []
    for place, text in ((1, "ann"), (3, "long enough"), (5, "long enough")):
        field(sheet, place).setText(text)
    press(qtbot, sheet)
    assert got == [("ann", "long enough", None, None, True)]

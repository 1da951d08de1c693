from __future__ import annotations

import pytest
from PyQt6.QtCore import QMimeData, QPointF, Qt
from PyQt6.QtGui import QDropEvent, QInputMethodEvent, QKeySequence
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QWidget

from asyncluster.ndm.greeter.fields import NameField, PasswordField


@pytest.fixture
def parent(qtbot):
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


@pytest.fixture
def password(parent):
    field = PasswordField(parent)
    QTest.keyClicks(field, "secret")
    return field


@pytest.fixture
def clipboard(qapp):
    clipboard = qapp.clipboard()
    clipboard.setText("pasted")
    yield clipboard
    clipboard.clear()


BARRED = [
    QKeySequence.StandardKey.Paste,
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Undo,
    QKeySequence.StandardKey.Redo,
]


@pytest.mark.parametrize("standard", BARRED)
def test_a_password_is_not_pasted_copied_cut_or_brought_back(password, clipboard, standard):
    password.selectAll()
    for combination in QKeySequence.keyBindings(standard):
        key = combination[0]
        QTest.keyClick(password, key.key(), key.keyboardModifiers())
    assert password.text() == "secret"
    assert clipboard.text() == "pasted"


@pytest.mark.parametrize(
    "modifier",
    [
        Qt.KeyboardModifier.ShiftModifier,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    ],
)
def test_insert_pastes_nothing(password, clipboard, modifier):
    QTest.keyClick(password, Qt.Key.Key_Insert, modifier)
    assert password.text() == "secret"


def test_the_middle_button_pastes_nothing(password, clipboard):
    password.show()
    QTest.mouseClick(password, Qt.MouseButton.MiddleButton)
    assert password.text() == "secret"


def test_nothing_is_dropped_on_it(password):
    data = QMimeData()
    data.setText("dropped")
    assert not password.acceptDrops()
    password.dropEvent(
        QDropEvent(
            QPointF(1, 1),
            Qt.DropAction.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    assert password.text() == "secret"


def test_there_is_no_menu(password, parent):
    for field in (password, NameField(parent)):
        assert field.contextMenuPolicy() is Qt.ContextMenuPolicy.NoContextMenu
        assert not field.dragEnabled()


def test_emptying_it_leaves_nothing_to_undo(password):
    password.show_text("")
    assert not password.isUndoAvailable()
    password.undo()
    assert password.text() == ""


def test_escape_empties_it(password):
    QTest.keyClick(password, Qt.Key.Key_Escape)
    assert password.text() == ""


def test_input_methods_may_compose_letters_but_keep_nothing(password):
    commit = QInputMethodEvent("", [])
    commit.setCommitString("ü")
    password.inputMethodEvent(commit)
    password.inputMethodEvent(QInputMethodEvent("half", []))
    assert password.text() == "secretü"


def test_it_shows_dots(password):
    assert password.displayText() == "●" * 6


def test_enter_is_reported_once_however_long_it_is_held(password, qtbot):
    entered = []
    password.entered.connect(lambda: entered.append(1))
    QTest.keyClick(password, Qt.Key.Key_Return)
    QTest.keyClick(password, Qt.Key.Key_Enter, Qt.KeyboardModifier.KeypadModifier)
    assert len(entered) == 2


def test_what_the_model_holds_already_does_not_move_the_cursor(password):
    password.setCursorPosition(2)
    password.show_text("secret")
    assert password.cursorPosition() == 2
    password.show_text("other")
    assert password.text() == "other"

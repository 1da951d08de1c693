"""Two lines over the pages: what is wrong with the master, and what was just done, with Undo for ten seconds."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QRectF, QSize, QTimer
from PyQt6.QtGui import QPainter, QPaintEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from asyncluster.console.parts.controls import label
from asyncluster.console.state.actions import Action
from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.tokens import State

UNDO_SECONDS = 10


class _Badge(QWidget):
    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedSize(QSize(24, 24))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        paint_badge(QPainter(self), QRectF(self.rect()), State.ERROR, self._look.theme.tokens)


class TroubleLine(QFrame):
    """Says what is wrong since when, and what the pages still show; hidden while nothing is."""

    def __init__(self, look: Look, retry: Callable[[], None]) -> None:
        super().__init__()
        self.setProperty("role", "error")
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 10, 12, 10)
        row.setSpacing(12)
        row.addWidget(_Badge(look))
        column = QVBoxLayout()
        column.setSpacing(0)
        self._head = label("", "strong")
        self._text = label("", "small", wrap=True)
        column.addWidget(self._head)
        column.addWidget(self._text)
        row.addLayout(column, 1)
        button = QPushButton("Retry")
        button.clicked.connect(lambda _checked: retry())
        row.addWidget(button)
        self.hide()

    def say(self, head: str, text: str) -> None:
        """Shows itself with these words; without any it hides."""
        self._head.setText(head)
        self._text.setText(text)
        self.setAccessibleName(f"{head}. {text}")
        self.setVisible(bool(head))


class DoneLine(QFrame):
    """Says what was done or refused; goes by itself."""

    def __init__(self, look: Look, perform: Callable[[Action], None]) -> None:
        super().__init__()
        self.setProperty("role", "undo")
        self._perform = perform
        self._undo_action: Action | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 6, 8, 6)
        row.setSpacing(12)
        self._text = label("", "", wrap=True)
        row.addWidget(self._text, 1)
        self._undo = QPushButton("Undo")
        self._undo.setToolTip("Undo (Ctrl+Z)")
        self._undo.clicked.connect(lambda _checked: self.undo())
        self._close = QPushButton("Close")
        self._close.clicked.connect(lambda _checked: self.hide())
        row.addWidget(self._undo)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def done(self, sentence: str, undo: Action | None) -> None:
        """Something was done."""
        self._show(sentence, undo)
        self._timer.start(1000 * UNDO_SECONDS)

    def failed(self, sentence: str) -> None:
        """Something was not done; this stays until somebody closes it."""
        self._timer.stop()
        self._show(sentence, None)

    def undo(self) -> None:
        """Undoes what was done last, if that is still offered."""
        action, self._undo_action = self._undo_action, None
        self.hide()
        if action is not None:
            self._perform(action)

    def hideEvent(self, event: object) -> None:
        self._undo_action = None

    def _show(self, sentence: str, undo: Action | None) -> None:
        self._text.setText(sentence)
        self.setAccessibleName(sentence)
        self._undo.setVisible(undo is not None)
        self._close.setVisible(undo is None)
        self.show()
        self._undo_action = undo

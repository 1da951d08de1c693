"""The two fields. Neither has a menu, and the password cannot be pasted, dropped, copied, cut or brought back."""

from __future__ import annotations

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtGui import QDragEnterEvent, QDropEvent, QInputMethodEvent, QKeyEvent, QKeySequence, QMouseEvent
from PyQt6.QtWidgets import QLineEdit, QWidget

from asyncluster.ndm.greeter.login import MAX_NAME, MAX_PASSWORD

_BARRED = (
    QKeySequence.StandardKey.Paste,
    QKeySequence.StandardKey.Copy,
    QKeySequence.StandardKey.Cut,
    QKeySequence.StandardKey.Undo,
    QKeySequence.StandardKey.Redo,
)


class EntryField(QLineEdit):
    """A field that reports Enter and whose text is set from the model.

    Signals:
        entered: Enter or Return was pressed.
    """

    entered = pyqtSignal()

    def __init__(self, parent: QWidget, longest: int) -> None:
        super().__init__(parent)
        self.setMaxLength(longest)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.setAcceptDrops(False)
        self.setDragEnabled(False)

    def show_text(self, text: str) -> None:
        """Shows the model's text; what is being typed here is that text already and keeps its cursor."""
        if self.text() != text:
            self.blockSignals(True)
            self.setText(text)
            self.blockSignals(False)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if not event.isAutoRepeat():
                self.entered.emit()
        else:
            super().keyPressEvent(event)


class NameField(EntryField):
    """The User ID."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, MAX_NAME)
        hints = Qt.InputMethodHint.ImhNoAutoUppercase | Qt.InputMethodHint.ImhNoPredictiveText
        self.setInputMethodHints(hints)


class PasswordField(EntryField):
    """The password."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, MAX_PASSWORD)
        self.setEchoMode(QLineEdit.EchoMode.Password)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is None or any(event.matches(barred) for barred in _BARRED):
            return
        if event.key() == Qt.Key.Key_Insert:  # with any modifier: X's ways to paste
            return
        if event.key() == Qt.Key.Key_Escape:
            self.clear()
            return
        super().keyPressEvent(event)

    def inputMethodEvent(self, event: QInputMethodEvent | None) -> None:
        # Input methods keep what is typed; dead keys and Compose arrive as plain text and pass.
        if event is not None and not event.preeditString():
            super().inputMethodEvent(event)

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        # The middle button would paste what is selected elsewhere.
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            super().mouseReleaseEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        if event is not None:
            event.ignore()

    def dropEvent(self, event: QDropEvent | None) -> None:
        if event is not None:
            event.ignore()

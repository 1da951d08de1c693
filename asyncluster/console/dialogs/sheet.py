"""The frame of all dialogs: a title, what is asked, and two buttons. Escape and Cancel do nothing at all."""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QSize, Qt
from PyQt6.QtWidgets import QDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from asyncluster.console.parts.controls import label

WIDTH = 440


class Sheet(QDialog):
    """A dialog over its window, which stays where it is and goes on being updated.

    Args:
        verb: the word on the button that does it; "" for dialogs that only tell.
        role: of that button: "main" or "danger".
        accept: called when it is pressed; if it returns a sentence, the dialog stays and shows it.

    Attributes:
        rows: the layout for what is asked.
        go: the button that does it.
        cancel: the one that does not.
    """

    def __init__(
        self,
        parent: QWidget | None,
        title: str,
        verb: str,
        accept: Callable[[], str] = lambda: "",
        *,
        role: str = "main",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setModal(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH)
        self._accept = accept
        outer = QVBoxLayout(self)
        outer.setContentsMargins(24, 20, 24, 20)
        outer.setSpacing(12)
        outer.addWidget(label(title, "title", wrap=True))
        self.rows = QVBoxLayout()
        self.rows.setSpacing(6)
        outer.addLayout(self.rows)
        self._problem = label("", "error", wrap=True)
        self._problem.hide()
        outer.addWidget(self._problem)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(8)
        self.buttons.addStretch()
        self.cancel = QPushButton("Cancel" if verb else "Close")
        self.cancel.setAutoDefault(False)
        self.cancel.clicked.connect(self.reject)
        self.buttons.addWidget(self.cancel)
        self.go = QPushButton(verb)
        self.go.setProperty("role", role)
        self.go.setVisible(bool(verb))
        self.go.setDefault(bool(verb) and role == "main")
        self.go.clicked.connect(self._try)
        self.buttons.addWidget(self.go)
        outer.addSpacing(8)
        outer.addLayout(self.buttons)

    def grow(self, width: int, height: int) -> None:
        """Takes so many pixels, or as many as its window has."""
        parent = self.parentWidget()
        room = parent.window() if parent is not None else None
        size = QSize(width, height)
        self.resize(size.boundedTo(room.size()) if room is not None else size)

    def say(self, problem: str) -> None:
        """Shows what is wrong; "" takes it away."""
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def _try(self) -> None:
        problem = self._accept()
        self.say(problem)
        if not problem:
            self.accept()

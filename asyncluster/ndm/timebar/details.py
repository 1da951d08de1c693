"""What opens under the bar: when the time ends, what is used, and the way out, which asks back."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt, pyqtSignal
from PyQt6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from asyncluster.ndm.timebar.words import translate


class Details(QWidget):
    """Rows of words and figures, and "Log out…".

    Signals:
        log_out: the person wants to, and has confirmed it.
        resized: its wanted height is another one.
    """

    log_out = pyqtSignal()
    resized = pyqtSignal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(16, 10, 16, 16)
        outer.setSpacing(12)
        self._grid = QGridLayout()
        self._grid.setVerticalSpacing(12)
        outer.addLayout(self._grid)
        line = QFrame()
        line.setProperty("role", "rule")
        outer.addWidget(line)
        self._question = QLabel(translate("TimeBar", "Programs are closed. Work that is not saved is lost."))
        self._question.setWordWrap(True)
        outer.addWidget(self._question)
        outer.addLayout(self._buttons())
        self._cells: list[tuple[QLabel, QLabel]] = []
        self._ask(False)

    def _buttons(self) -> QHBoxLayout:
        self._begin = QPushButton(translate("TimeBar", "Log out…"))
        self._cancel = QPushButton(translate("TimeBar", "Cancel"))
        self._confirm = QPushButton(translate("TimeBar", "Log out"))
        self._confirm.setProperty("role", "danger")
        self._begin.clicked.connect(lambda: self._ask(True))
        self._cancel.clicked.connect(lambda: self._ask(False))
        self._confirm.clicked.connect(self.log_out)
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self._begin, self._cancel, self._confirm):
            button.setAutoDefault(True)
            row.addWidget(button)
        return row

    def show_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Shows the rows; their number may change."""
        while len(self._cells) < len(rows):
            what, value = QLabel(), QLabel()
            what.setProperty("role", "muted")
            value.setProperty("role", "value")
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._grid.addWidget(what, len(self._cells), 0)
            self._grid.addWidget(value, len(self._cells), 1)
            self._cells.append((what, value))
        for index, cells in enumerate(self._cells):
            for cell, text in zip(cells, rows[index] if index < len(rows) else ("", ""), strict=True):
                cell.setText(text)
                cell.setVisible(index < len(rows))

    def close_question(self) -> None:
        """Forgets that "Log out…" was pressed."""
        self._ask(False)

    def _ask(self, asking: bool) -> None:
        self._question.setVisible(asking)
        self._cancel.setVisible(asking)
        self._confirm.setVisible(asking)
        self._begin.setVisible(not asking)
        if asking:
            self._cancel.setFocus()
        self.resized.emit()

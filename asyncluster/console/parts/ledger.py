"""A short list of lines with columns: failures by kind, the calls of nodes. It has no sorting and no selection."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QAbstractItemView, QHeaderView, QStackedWidget, QTableWidget, QTableWidgetItem

from asyncluster.console.parts.controls import EmptyNote
from asyncluster.core.qt.theme import Look


class Ledger(QStackedWidget):
    """Lines of texts; the last but one column takes what is left, the last one holds numbers.

    Args:
        titles: of the columns.
        nothing: what is said without any lines.
    """

    def __init__(self, look: Look, titles: Sequence[str], nothing: str) -> None:
        super().__init__()
        self._lines: list[Sequence[str]] = []
        self._table = QTableWidget(0, len(titles))
        self._table.setHorizontalHeaderLabels(list(titles))
        self._table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self._table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self._table.setShowGrid(False)
        self._table.setTabKeyNavigation(False)
        vertical, header = self._table.verticalHeader(), self._table.horizontalHeader()
        assert vertical is not None
        assert header is not None
        vertical.hide()
        vertical.setDefaultSectionSize(look.theme.px(28))
        self._table.setProperty("role", "plain")
        self._table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(titles) - 2, QHeaderView.ResizeMode.Stretch)
        last = self._table.horizontalHeaderItem(len(titles) - 1)
        assert last is not None
        last.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addWidget(EmptyNote(look, "check", nothing, ""))
        self.addWidget(self._table)

    def show_lines(self, lines: Sequence[Sequence[str]]) -> None:
        """Shows these lines instead."""
        if list(lines) == self._lines:
            return
        self._lines = list(lines)
        self._table.setRowCount(len(lines))
        for row, texts in enumerate(lines):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                if column == len(texts) - 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(text)
                self._table.setItem(row, column, item)
        self.setCurrentIndex(1 if lines else 0)

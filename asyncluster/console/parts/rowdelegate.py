"""What delegates have in common that paint whole rows themselves: a look, and rows of one height."""

from __future__ import annotations

from PyQt6.QtCore import QModelIndex, QObject, QSize
from PyQt6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from asyncluster.core.qt.theme import Look

_NARROWEST = 60


class RowDelegate(QStyledItemDelegate):
    """A delegate for rows of one height.

    Args:
        look: whose theme it wears.
        row_height: pixels at a scale of 1.
        parent: who keeps it.
    """

    def __init__(self, look: Look, row_height: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._look = look
        self._row_height = row_height

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(_NARROWEST, self._look.theme.px(self._row_height))

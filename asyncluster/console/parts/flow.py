"""A row of widgets that goes on in the next line where the window is narrow."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, QRect, QSize, Qt
from PyQt6.QtWidgets import QLayout, QLayoutItem


class Flow(QLayout):
    """Lays its items out from left to right, then below."""

    def __init__(self, spacing: int = 8) -> None:
        super().__init__()
        self._flowing: list[QLayoutItem] = []
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(spacing)

    def addItem(self, item: QLayoutItem | None) -> None:
        assert item is not None
        self._flowing.append(item)

    def count(self) -> int:
        return len(self._flowing)

    def itemAt(self, index: int) -> QLayoutItem | None:
        return self._flowing[index] if 0 <= index < len(self._flowing) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        return self._flowing.pop(index) if 0 <= index < len(self._flowing) else None

    def expandingDirections(self) -> Qt.Orientation:
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._flow(QRect(0, 0, width, 0), place=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._flow(rect, place=True)

    def sizeHint(self) -> QSize:
        hints = [item.sizeHint() for item in self._flowing]
        width = sum(hint.width() for hint in hints) + self.spacing() * max(0, len(hints) - 1)
        return QSize(width, max((hint.height() for hint in hints), default=0))

    def minimumSize(self) -> QSize:
        hints = [item.minimumSize() for item in self._flowing]
        return QSize(max((h.width() for h in hints), default=0), max((h.height() for h in hints), default=0))

    def _flow(self, rect: QRect, *, place: bool) -> int:
        """Places the items, or only tells how high they are together."""
        x, y, high = rect.x(), rect.y(), 0
        for item in self._flowing:
            hint = item.sizeHint()
            if x > rect.x() and x + hint.width() > rect.right() + 1:
                x, y, high = rect.x(), y + high + self.spacing(), 0
            if place:
                item.setGeometry(QRect(QPoint(x, y), hint))
            x += hint.width() + self.spacing()
            high = max(high, hint.height())
        return y + high - rect.y()

"""A check box whose edge can be seen on every ground; the style's own fades away on dark ones."""

from __future__ import annotations

from PyQt6.QtCore import QPointF, QRectF, QSize, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt6.QtWidgets import QCheckBox

_BOX = 18
_GAP = 8
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class CheckBox(QCheckBox):
    """A box with a check mark, in the colours of the palette."""

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        return QSize(_BOX + _GAP + metrics.horizontalAdvance(self.text()) + 4, max(_BOX, metrics.height()) + 8)

    def hitButton(self, pos: object) -> bool:
        return True

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        on = self.isChecked()
        edge = palette.color(QPalette.ColorRole.Highlight if on or self.hasFocus() else QPalette.ColorRole.Dark)
        box = QRectF(1, (self.height() - _BOX) / 2 + 1, _BOX - 2, _BOX - 2)
        painter.setPen(QPen(edge, 2 if self.hasFocus() else 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Highlight if on else QPalette.ColorRole.Base))
        painter.drawRoundedRect(box, 3, 3)
        if on:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.HighlightedText), 2))
            corner = box.topLeft()
            painter.drawPolyline(QPolygonF([corner + QPointF(*point) for point in ((4, 8), (7, 11), (12.5, 5))]))
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        painter.drawText(QRectF(_BOX + _GAP, 0, self.width(), self.height()), _LEFT, self.text())

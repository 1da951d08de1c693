"""What panels that paint themselves have in common."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import QSizePolicy, QWidget

from asyncluster.console.desk import Desk
from asyncluster.console.parts.faces import face
from asyncluster.core.qt.theme import Weight

LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class Painted(QWidget):
    """A widget that paints itself with the desk's theme."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        desk.look.changed.connect(self.updateGeometry)

    def words(
        self,
        painter: QPainter,
        rect: QRectF,
        text: str,
        side: int = LEFT,
        color: str = "text",
        weight: Weight = Weight.REGULAR,
    ) -> None:
        type_ = face(self.desk.look.theme, 14, weight)
        painter.setFont(type_.font)
        painter.setPen(self.desk.look.theme.color(color))
        painter.drawText(rect, side, type_.fitted(text, rect.width()))

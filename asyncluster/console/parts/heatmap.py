"""Hours of the week as a map: the darker, the more people; the numbers stand in it."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QToolTip, QWidget

from asyncluster.console.parts.weekgrid import DAYS
from asyncluster.core.qt.theme import Look, Theme
from asyncluster.core.qt.tokens import State, contrast, mix

_LEFT_SPACE = 48
_TOP_SPACE = 26
_CENTER = int(Qt.AlignmentFlag.AlignCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class HeatMap(QWidget):
    """7 days by 24 hours.

    Args:
        what: what a number counts, in the plural.
    """

    def __init__(self, look: Look, what: str) -> None:
        super().__init__()
        self._look = look
        self._what = what
        self._values: Sequence[Sequence[float]] = [[0.0] * 24 for _ in range(7)]
        self.setAccessibleName(f"{what} by day and hour")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        look.changed.connect(self.update)

    def show_values(self, values: Sequence[Sequence[float]]) -> None:
        """Shows other values, days first."""
        self._values = values
        day, hour = max(((d, h) for d in range(7) for h in range(24)), key=lambda place: values[place[0]][place[1]])
        most = values[day][hour]
        self.setAccessibleDescription(f"Most on {DAYS[day]} at {hour}:00, {most:.1f}" if most else "Nobody")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(700, self._look.theme.px(_TOP_SPACE + 7 * 28))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        most = max(max(day) for day in self._values) or 1.0
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("muted"))
        for hour in range(0, 24, 3):
            cell = self._cell(0, hour)
            painter.drawText(QRectF(cell.left() - 20, 0, 40, theme.px(_TOP_SPACE - 4)), _CENTER, f"{hour:02}")
        for day, values in enumerate(self._values):
            row = self._cell(day, 0)
            painter.setPen(theme.color("text"))
            painter.drawText(QRectF(0, row.top(), theme.px(_LEFT_SPACE), row.height()), _LEFT, DAYS[day])
            for hour, value in enumerate(values):
                self._paint_cell(painter, theme, self._cell(day, hour), value, most)

    def _paint_cell(self, painter: QPainter, theme: Theme, cell: QRectF, value: float, most: float) -> None:
        ground = theme.color("surface").name()
        share = 0.12 + 0.88 * value / most if value else 0.0
        fill = mix(theme.state(State.IN_USE).name(), ground, share) if value else theme.color("raised").name()
        box = cell.adjusted(0, 0, -2, -2)
        painter.fillRect(box, QColor(fill))
        text = f"{value:.0f}" if value >= 9.95 else f"{value:.1f}"
        if value and box.width() >= painter.fontMetrics().horizontalAdvance(text):
            ink = max((theme.color("text").name(), ground, "#FFFFFF", "#0E1210"), key=lambda ink: contrast(ink, fill))
            painter.setPen(QPen(QColor(ink)))
            painter.drawText(box, _CENTER, text)

    def event(self, event: object) -> bool:
        if isinstance(event, QHelpEvent):
            found = next(
                ((d, h) for d in range(7) for h in range(24) if self._cell(d, h).contains(event.pos().toPointF())), None
            )
            said = ""
            if found is not None:
                value = self._values[found[0]][found[1]]
                said = f"{DAYS[found[0]]} {found[1]:02}:00 to {found[1] + 1:02}:00: {value:.1f} {self._what}"
            QToolTip.showText(event.globalPos(), said, self)
            return True
        return bool(super().event(event))  # type: ignore[arg-type]

    def _cell(self, day: int, hour: int) -> QRectF:
        px = self._look.theme.px
        width = (self.width() - px(_LEFT_SPACE)) / 24
        height = (self.height() - px(_TOP_SPACE)) / 7
        return QRectF(px(_LEFT_SPACE) + hour * width, px(_TOP_SPACE) + day * height, width, height)

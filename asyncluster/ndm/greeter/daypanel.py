"""Today's openings: a heading, what changes next, and the strip with its hours."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QWidget

from asyncluster.core.qt.day import HEIGHT, paint_day, quarters
from asyncluster.core.qt.walltime import minute_of
from asyncluster.ndm.greeter import words
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.hours import hours
from asyncluster.ndm.greeter.labels import named_label

WIDTH = 768
_STRIP = 38  # from the top of the panel to that of the strip
_EDGE = 16  # room for the first and the last hour's numeral


class DayPanel(QWidget):
    """The day as `Greeter.openings` has it; empty while nobody has told."""

    def __init__(self, parent: QWidget, greeter: Greeter) -> None:
        super().__init__(parent)
        self._greeter = greeter
        self._heading, self._remark = named_label(self, "heading"), named_label(self, "remark")
        self._remark.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self._minute = 0
        self.look_again()

    def look_again(self) -> None:
        """Shows what the greeter knows now."""
        openings = self._greeter.openings
        if openings is None:
            return
        self._minute = minute_of(self._greeter.now())
        stand = hours(openings.today, self._minute)
        self._heading.setText(words.hours_heading(stand))
        self._remark.setText(words.hours_remark(stand, openings.opens, self._greeter.instant(), openings))
        self.setAccessibleName(f"{self._heading.text()}. {self._remark.text()}")
        self._arrange()
        self.update()

    def wanted_height(self) -> int:
        """Height in pixels at the present size of text."""
        px = self._greeter.look.theme.px
        return px(_STRIP) + HEIGHT + px(26)

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        px = self._greeter.look.theme.px
        remark = self._remark.sizeHint().width()
        self._heading.setGeometry(_EDGE, 0, self.width() - 2 * _EDGE - remark - 3, px(28))
        self._remark.setGeometry(self.width() - _EDGE - remark - 3, 0, remark, px(28))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        openings = self._greeter.openings
        if openings is None:
            return
        theme = self._greeter.look.theme
        painter = QPainter(self)
        strip = QRectF(_EDGE, theme.px(_STRIP), self.width() - 2 * _EDGE, HEIGHT)
        paint_day(painter, strip, quarters(openings.today, self._minute), theme, "backdrop")
        painter.setPen(theme.color("muted"))
        painter.setFont(theme.font(14))
        half = theme.px(24)
        for hour in range(0, 25, 3):
            x = strip.left() + strip.width() * hour / 24 - 1.5
            place = QRectF(x - half, strip.bottom() + theme.px(6), 2 * half, theme.px(20))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, f"{hour:02d}")

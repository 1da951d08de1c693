"""Two small signs on the greeter's ground: Caps Lock, and whether the master answers. Each has words and a glyph."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from asyncluster.core.qt.badges import paint_warning
from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Weight
from asyncluster.core.qt.tokens import State, mix
from asyncluster.ndm.greeter import words
from asyncluster.ndm.greeter.greeter import Greeter
from asyncluster.ndm.greeter.words import translate


class CapsBanner(QWidget):
    """A labelled box under the login window while Caps Lock is on."""

    def __init__(self, parent: QWidget, greeter: Greeter) -> None:
        super().__init__(parent)
        self._greeter = greeter
        self._words = translate("Greeter", "Caps Lock is on")
        self.setAccessibleName(self._words)

    def look_again(self) -> None:
        """Is there or not."""
        self.setVisible(self._greeter.keyboard.caps_lock)

    def wanted_height(self) -> int:
        """Height in pixels at the present size of text."""
        return self._greeter.look.theme.px(32)

    def place(self, middle: int, top: int) -> None:
        """Stands centred around `middle`."""
        theme = self._greeter.look.theme
        words_width = self.fontMetrics().horizontalAdvance(self._words)
        width = words_width + theme.px(38 + 20)
        self.setGeometry(middle - width // 2, top, width, self.wanted_height())

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme = self._greeter.look.theme
        ground = QColor(mix(theme.tokens.states[State.DRAINING], theme.tokens.surface, 0.3))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.state(State.DRAINING), 1))
        painter.setBrush(ground)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        size = theme.px(16)
        place = QRectF(theme.px(13), (self.height() - size) / 2, size, size)
        paint_icon(painter, place, "caps", theme.color("text"))
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.MEDIUM))
        text = QRectF(theme.px(38), 0, self.width() - theme.px(38), self.height())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._words)


class MasterLine(QWidget):
    """Whether the master answers, in the upper right corner."""

    def __init__(self, parent: QWidget, greeter: Greeter) -> None:
        super().__init__(parent)
        self._greeter = greeter
        self._words = ""

    def look_again(self) -> None:
        """Says how it is now."""
        self._words = words.master_words(self._greeter.master, self._greeter.openings)
        self.setAccessibleName(self._words)
        self.update()

    def place(self, right: int, top: int) -> None:
        """Ends at `right`."""
        px = self._greeter.look.theme.px
        width = self.fontMetrics().horizontalAdvance(self._words) + px(28)
        self.setGeometry(right - width, top, width, px(24))

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme, reachable = self._greeter.look.theme, self._greeter.master.reachable
        painter = QPainter(self)
        size = theme.px(16)
        place = QRectF(0, (self.height() - size) / 2, size, size)
        ink = theme.color("muted" if reachable else "text")
        if reachable:
            paint_icon(painter, place, "check", ink)
        else:
            paint_warning(painter, place, theme.tokens)
        painter.setPen(ink)
        painter.setFont(theme.font(14))
        text = QRectF(theme.px(26), 0, self.width() - theme.px(26), self.height())
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._words)

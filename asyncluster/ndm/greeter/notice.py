"""The message under the fields. Its place is always kept, so nothing moves when it speaks; its ground ends below it."""

from __future__ import annotations

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QLabel, QWidget

from asyncluster.core.qt.badges import paint_badge, paint_warning
from asyncluster.core.qt.bars import paint_bar
from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Look, Weight
from asyncluster.core.qt.tokens import State
from asyncluster.ndm.greeter.words import Kind, Notice

_BAR_HEIGHT = 4
_BAR_ROOM = 8  # between the words and the bar


class NoticeBox(QWidget):
    """Draws a `Notice`: quiet lines, a refusal, a countdown or a warning."""

    def __init__(self, parent: QWidget, look: Look) -> None:
        super().__init__(parent)
        self._look = look
        self._notice = Notice(Kind.QUIET, "")
        self._ends = 0  # where the ground ends: below the words, or the bar under them
        self._head, self._text = QLabel(self), QLabel(self)
        for label in (self._head, self._text):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)  # the words come from elsewhere
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)

    def show_notice(self, notice: Notice) -> None:
        """Shows `notice`; screen readers are told when its words are new."""
        if notice == self._notice:
            return
        spoken = (notice.head, notice.text) != (self._notice.head, self._notice.text)
        self._notice = notice
        self._head.setText(notice.head)
        self._text.setText(notice.text)
        self.restyle()
        if spoken:
            self.setAccessibleName(" ".join((notice.head, notice.text)).strip())

    def restyle(self) -> None:
        """Takes colours, weights and places from the theme again."""
        theme, quiet = self._look.theme, self._notice.kind is Kind.QUIET
        ink = theme.color("muted" if quiet else "text").name()
        for label, weight in ((self._head, Weight.REGULAR if quiet else Weight.BOLD), (self._text, Weight.REGULAR)):
            label.setStyleSheet(f"color: {ink}; font-weight: {int(weight.value)};")
        self._arrange()
        self.update()

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        theme, quiet = self._look.theme, self._notice.kind is Kind.QUIET
        left = theme.px(8 if quiet else 36)
        width = self.width() - left - theme.px(8)
        top, gap = theme.px(6 if quiet else 13), theme.px(5)
        head_height = self._head.heightForWidth(width)
        text_height = self._text.heightForWidth(width) if self._notice.text else 0
        spare = self.height() - head_height - text_height - gap
        if spare < 2 * theme.px(6):  # long words: they need the margin more
            top, gap = max(0, spare // 2), 0
        elif self._notice.share is not None:
            top, gap = theme.px(10), theme.px(3)
        bar = 0 if self._notice.share is None else theme.px(_BAR_ROOM)
        words = top + head_height + (gap + text_height if text_height else 0)
        self._ends = min(self.height(), words + bar + top)
        self._head.setGeometry(left, top, width, head_height)
        self._text.setGeometry(left, top + head_height + gap, width, self.height() - top - head_height - gap)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        if self._notice.kind is Kind.QUIET:
            return
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._ground())
        painter.drawRoundedRect(QRectF(0, 0, self.width(), self._ends), 4, 4)
        size = theme.px(18)
        place = QRectF(theme.px(8), self._head.y() - theme.px(1), size, size)
        if self._notice.kind is Kind.ERROR:
            paint_badge(painter, place, State.ERROR, theme.tokens)
        elif self._notice.kind is Kind.WARNING:
            paint_warning(painter, place, theme.tokens)
        else:
            paint_icon(painter, place, "clock", theme.color("text"))
        if self._notice.share is not None:
            left = self._head.x()
            bar = QRectF(left, self._ends - theme.px(10), self.width() - left - theme.px(8), _BAR_HEIGHT)
            paint_bar(painter, bar, self._notice.share, theme.color("accent"), theme.color("line"))

    def _ground(self) -> QColor:
        theme = self._look.theme
        match self._notice.kind:
            case Kind.ERROR:
                return theme.tint(State.ERROR)
            case Kind.WARNING:
                return theme.tint(State.DRAINING)
            case _:
                return theme.color("raised")

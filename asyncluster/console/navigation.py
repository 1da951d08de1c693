"""The navigation at the left: the pages, what is new on them, and who is looking."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QAbstractButton, QButtonGroup, QVBoxLayout, QWidget

from asyncluster.console.parts.controls import line
from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Look, Weight
from asyncluster.core.qt.tokens import State

WIDTH = 176
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_CENTER = int(Qt.AlignmentFlag.AlignCenter)


class NavButton(QAbstractButton):
    """One page: icon, title, and a number."""

    def __init__(self, look: Look, title: str, glyph: str, key: str) -> None:
        super().__init__()
        self._look = look
        self._glyph = glyph
        self._count = 0
        self._alarming = False
        self.setText(title)
        self.setAccessibleName(title)
        self.setToolTip(f"{title} ({key})")
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def count(self, number: int, *, alarming: bool = False) -> None:
        """Shows a number; an alarming one stands on red."""
        if (number, alarming) != (self._count, self._alarming):
            self._count, self._alarming = number, alarming
            self.setAccessibleName(f"{self.text()}, {number}" if number else self.text())
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._look.theme.px(WIDTH - 16), self._look.theme.px(40))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if self.isChecked() or self.underMouse():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("select" if self.isChecked() else "raised"))
            painter.drawRoundedRect(frame, 4, 4)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.color("accent"), 2))
            painter.drawRoundedRect(frame, 4, 4)
        size = theme.px(16)
        color = theme.color("accent" if self.isChecked() else "muted")
        paint_icon(painter, QRectF(theme.px(12), (self.height() - size) / 2, size, size), self._glyph, color)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.BOLD if self.isChecked() else Weight.MEDIUM))
        painter.drawText(QRectF(theme.px(40), 0, self.width(), self.height()), _LEFT, self.text())
        if self._count:
            self._paint_count(painter)

    def _paint_count(self, painter: QPainter) -> None:
        theme = self._look.theme
        painter.setFont(theme.font(12, Weight.BOLD if self._alarming else Weight.REGULAR))
        text = str(self._count) if self._count < 1000 else "999+"
        if not self._alarming:
            painter.setPen(theme.color("muted"))
            painter.drawText(QRectF(0, 0, self.width() - theme.px(12), self.height()), _RIGHT, text)
            return
        width = max(theme.px(22), painter.fontMetrics().horizontalAdvance(text) + theme.px(12))
        pill = QRectF(self.width() - width - theme.px(10), (self.height() - theme.px(18)) / 2, width, theme.px(18))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.state(State.ERROR))
        painter.drawRoundedRect(pill, pill.height() / 2, pill.height() / 2)
        painter.setPen(QColor("#FFFFFF"))
        painter.drawText(pill, _CENTER, text)


class _Brand(QWidget):
    """The program's sign and name."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self.setFixedHeight(look.theme.px(56))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, (height, color) in enumerate(((8, "accent"), (16, "text"), (8, "text"), (12, "text"))):
            painter.setBrush(theme.color(color))
            bar = QRectF(
                theme.px(20 + 5 * place), self.height() / 2 + theme.px(8 - height), theme.px(3), theme.px(height)
            )
            painter.drawRoundedRect(bar, 1, 1)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(14, Weight.BOLD))
        painter.drawText(QRectF(theme.px(48), 0, self.width(), self.height()), _LEFT, "AsynCluster")


class _Account(QWidget):
    """Whose window it is, and what the master lets them do."""

    def __init__(self, look: Look, name: str) -> None:
        super().__init__()
        self._look = look
        self._name = name
        self._role = ""
        self.setFixedHeight(look.theme.px(64))

    def show_role(self, role: str) -> None:
        self._role = role.capitalize()
        self.setAccessibleName(f"{self._name}, {self._role}")
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        disc = QRectF(0, (self.height() - theme.px(32)) / 2, theme.px(32), theme.px(32))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("select"))
        painter.drawEllipse(disc)
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font(12, Weight.BOLD))
        painter.drawText(disc, _CENTER, self._name[:2].upper())
        left = disc.right() + theme.px(8)
        painter.setFont(theme.font(14, Weight.MEDIUM))
        middle = self.height() / 2
        painter.drawText(QRectF(left, middle - theme.px(19), self.width() - left, theme.px(20)), _LEFT, self._name)
        painter.setFont(theme.font(12))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(left, middle + theme.px(1), self.width() - left, theme.px(16)), _LEFT, self._role)


class Navigation(QWidget):
    """The left edge of the window.

    Signals:
        chosen: the place of the page that was clicked.
    """

    chosen = pyqtSignal(int)

    def __init__(self, look: Look, pages: Sequence[tuple[str, str]], account: str) -> None:
        super().__init__()
        self.setObjectName("nav")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(look.theme.px(WIDTH))
        self.setAccessibleName("Pages")
        rows = QVBoxLayout(self)
        rows.setContentsMargins(8, 0, 8, 8)
        rows.setSpacing(0)
        rows.addWidget(_Brand(look))
        rows.addSpacing(8)
        self._group = QButtonGroup(self)
        self._buttons: list[NavButton] = []
        for place, (title, glyph) in enumerate(pages):
            button = NavButton(look, title, glyph, str(place + 1))
            self._group.addButton(button, place)
            self._buttons.append(button)
            rows.addWidget(button)
        self._group.idClicked.connect(self.chosen)
        rows.addStretch()
        inner = QVBoxLayout()
        inner.setContentsMargins(8, 0, 8, 0)
        inner.addWidget(line())
        self._account = _Account(look, account)
        inner.addWidget(self._account)
        rows.addLayout(inner)

    def choose(self, place: int) -> None:
        """Marks a page as the one that is shown."""
        self._buttons[place].setChecked(True)

    def count(self, place: int, number: int, *, alarming: bool = False) -> None:
        """Shows a number beside a page."""
        self._buttons[place].count(number, alarming=alarming)

    def show_role(self, role: str) -> None:
        """What the master lets this account do."""
        self._account.show_role(role)

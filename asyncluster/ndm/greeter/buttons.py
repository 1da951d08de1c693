"""The buttons at the foot of the screen: choices that open a menu, and restart and shut down, which ask back.

There are no dialogs: without a window manager they would be another window to get the keyboard to. A power button
asks by itself, and does it when it is pressed a second time within a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PyQt6.QtCore import QPoint, QRectF, QSize, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QAction, QActionGroup, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QAbstractButton, QMenu, QWidget

from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Look, Weight

CONFIRM_SECONDS = 5.0


class FootButton(QAbstractButton):
    """A flat button with an icon; a chevron if it opens a menu."""

    def __init__(self, parent: QWidget, look: Look, icon: str, *, chevron: bool = False) -> None:
        super().__init__(parent)
        self.look = look
        self.filled = False  # in the colour of danger
        self._icon = icon
        self._chevron = chevron
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def label(self, text: str, described: str = "") -> None:
        """Shows `text`; screen readers say `described`, or the same."""
        if text != self.text():
            self.setText(text)
            self.updateGeometry()
        self.setAccessibleName(described or text)

    def sizeHint(self) -> QSize:
        px = self.look.theme.px
        words = QFontMetrics(self.look.theme.font(14, Weight.MEDIUM)).horizontalAdvance(self.text())
        width = px(12) + px(16) + px(13) + px(28 if self._chevron else 0)
        return QSize(width + (words + px(9) if self.text() else 0), px(40))

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme = self.look.theme
        px, middle = theme.px, self.height() / 2
        ink = theme.color("on_danger" if self.filled else "text")
        ground = "danger" if self.filled else "raised" if self.isDown() or self.underMouse() else "surface"
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2 if self.hasFocus() else 1
        painter.setPen(QPen(theme.color("accent" if self.hasFocus() else "line"), width))
        painter.setBrush(theme.color(ground))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)
        if self.filled and self.hasFocus():  # the ring keeps a gap to what is filled
            painter.setPen(QPen(theme.color("surface"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5), 2, 2)
        paint_icon(painter, QRectF(px(12), middle - px(16) / 2, px(16), px(16)), self._icon, ink)
        painter.setPen(ink)
        painter.setFont(theme.font(14, Weight.MEDIUM))
        words = QRectF(px(37), 0, self.width() - px(37), self.height())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self._chevron:
            place = QRectF(self.width() - px(27), middle - px(8), px(16), px(16))
            paint_icon(painter, place, "up", theme.color("muted"))


class ChoiceButton(FootButton):
    """A button whose menu offers one of several things.

    Args:
        choices: (key, words) of what can be chosen, asked for when the menu opens.
        chosen: key of what is chosen now.
        choose: takes the key of what is chosen.
    """

    def __init__(
        self,
        parent: QWidget,
        look: Look,
        icon: str,
        choices: Callable[[], Sequence[tuple[str, str]]],
        chosen: Callable[[], str],
        choose: Callable[[str], None],
    ) -> None:
        super().__init__(parent, look, icon, chevron=True)
        self._choices, self._chosen, self._choose = choices, chosen, choose
        self.clicked.connect(self.open_menu)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.click()
        else:
            super().keyPressEvent(event)

    def menu(self) -> QMenu:
        """A menu of the present choices."""
        menu = QMenu(self)
        group = QActionGroup(menu)
        for key, words in self._choices():
            action = QAction(words.replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(key == self._chosen())
            action.triggered.connect(lambda _checked, key=key: self._choose(key))
            group.addAction(action)
            menu.addAction(action)
        return menu

    def open_menu(self) -> None:
        """Opens the menu above the button, on what is chosen now."""
        menu = self.menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        checked = next((action for action in menu.actions() if action.isChecked()), None)
        menu.setActiveAction(checked)
        menu.popup(self.mapToGlobal(QPoint(0, -menu.sizeHint().height() - 4)))


class ConfirmButton(FootButton):
    """A button that acts only when it is pressed twice.

    Signals:
        confirmed: it was.

    Args:
        words: what stands on it.
        question: what stands on it after the first press.
    """

    confirmed = pyqtSignal()

    def __init__(self, parent: QWidget, look: Look, icon: str, words: str, question: str) -> None:
        super().__init__(parent, look, icon)
        self._words, self._question = words, question
        self._patience = QTimer(self)
        self._patience.setSingleShot(True)
        self._patience.setInterval(int(CONFIRM_SECONDS * 1000))
        self._patience.timeout.connect(self._calm)
        self.clicked.connect(self._pressed)
        self.label(words)

    def focusOutEvent(self, event: QFocusEvent | None) -> None:
        super().focusOutEvent(event)
        self._calm()

    def _pressed(self) -> None:
        if self.filled:
            self._calm()
            self.confirmed.emit()
            return
        self.filled = True
        self.label(self._question)
        self._patience.start()

    def _calm(self) -> None:
        self._patience.stop()
        self.filled = False
        self.label(self._words)
        self.update()

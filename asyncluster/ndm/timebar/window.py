"""The time bar's window: the face, what opens under it, and the card of a message, one below the other.

It stays above other windows and takes the keyboard from nobody; a person who clicks it has it there. It can be dragged
to any edge of the screen, or moved there with the arrow keys. Closing it does nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PyQt6.QtCore import QPoint, QRect, QRectF, Qt, QTimer, QVariantAnimation
from PyQt6.QtGui import (
    QBitmap,
    QCloseEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PyQt6.QtWidgets import QStyle, QWidget

from asyncluster.core.qt.theme import Look, Mode
from asyncluster.core.wire.timebar import Acknowledged, EndSession, Message, State, ToTimeBar
from asyncluster.ndm.timebar import words
from asyncluster.ndm.timebar.card import Card
from asyncluster.ndm.timebar.desktops import on_every_desktop
from asyncluster.ndm.timebar.details import Details
from asyncluster.ndm.timebar.face import WIDTH, Face, Shown
from asyncluster.ndm.timebar.model import TimeModel
from asyncluster.ndm.timebar.place import Box, Edge, at_edge, nearest_edge

TITLE = "AsynCluster time bar"

_CARD_GAP = 8
_GROW_MS = 200
_DRAG = 6  # pixels that tell a drag from a click
_KEYS = {
    Qt.Key.Key_Up: Edge.TOP,
    Qt.Key.Key_Down: Edge.BOTTOM,
    Qt.Key.Key_Left: Edge.LEFT,
    Qt.Key.Key_Right: Edge.RIGHT,
}


class TimeBar(QWidget):
    """The window over a `TimeModel`.

    Args:
        state: what the node daemon said first.
        look: the theme.
        send: takes a message to the node daemon.
        clock: seconds of a clock that only runs forward, suspend included.
    """

    def __init__(
        self,
        state: State,
        look: Look,
        send: Callable[[Message], None],
        clock: Callable[[], float] = lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    ) -> None:
        super().__init__()
        self._look, self._send, self._clock = look, send, clock
        self._dress(state)
        self.model = TimeModel(state, clock())
        self._edge = Edge.TOP
        self._pressed: tuple[QPoint, QPoint] | None = None
        self._level = self.model.level(clock())
        self.setWindowTitle(TITLE)
        self.setWindowFlags(Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(Qt.WidgetAttribute.WA_X11NetWmWindowTypeDock)  # in no list of windows
        on_every_desktop(int(self.winId()))
        self.face, self.details, self.card = Face(self, look), Details(self), Card(self, look)
        self.details.hide()
        self.card.hide()
        self.face.toggled.connect(self.toggle)
        self.details.resized.connect(self.look_again)
        self.details.log_out.connect(lambda: self._send(EndSession()))
        self.card.acknowledged.connect(self._acknowledge)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.look_again)
        self._growth = QVariantAnimation(self)
        self._growth.valueChanged.connect(self._arrange)
        look.changed.connect(self.look_again)
        self.look_again()

    def receive(self, message: ToTimeBar) -> None:
        """Takes what the node daemon says."""
        if isinstance(message, State):
            self._dress(message)
        self.model.take(message, self._clock())
        self.look_again()

    def _dress(self, state: State) -> None:
        mode, theme = Mode(state.mode), self._look.theme
        if (mode, state.scale) != (self._look.mode, theme.scale) or not self.isVisible():
            self._look.choose(mode, scale=state.scale)

    def toggle(self) -> None:
        """Opens or closes what is under the bar."""
        self.details.setVisible(not self.details.isVisibleTo(self))
        self.details.close_question()
        self.look_again()

    def _acknowledge(self) -> None:
        identity = self.model.acknowledge()
        if identity is not None:
            self._send(Acknowledged(identity))
        self.look_again()

    # --- what changes

    def look_again(self) -> None:
        """Shows what the model says now, and looks again when that changes."""
        now, model = self._clock(), self.model
        level = model.level(now)
        self.face.show_time(
            Shown(
                words.headline(model, now),
                words.beside(model, now),
                words.second_line(model, now),
                level,
                model.share(now),
                model.mark(),
                self.details.isVisibleTo(self),
            )
        )
        self.details.show_rows(words.details(model, now))
        notice = model.notice()
        self.card.setVisible(notice is not None)
        if notice is not None:
            self.card.show_notice(notice, model.waiting(), model.state.zone)
        self._grow()
        if level > self._level:
            self.raise_()  # a warning is seen
        self._level = level
        self._timer.start(int(model.next_change(now) * 1000) + 20)

    def _grow(self) -> None:
        """Lets the face grow to the height it wants: slowly where the desktop moves things at all."""
        wanted, present = self.face.wanted_height(), self.face.height()
        style = self.style()
        moves = style is not None and style.styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) > 0
        self._growth.stop()
        if wanted > present and self.isVisible() and moves:
            self._growth.setDuration(_GROW_MS)
            self._growth.setStartValue(present)
            self._growth.setEndValue(wanted)
            self._growth.start()
        else:
            self._arrange(wanted)

    # --- places

    def _arrange(self, face: int) -> None:
        width = self._look.theme.px(WIDTH)
        self.face.setGeometry(0, 0, width, face)
        bottom = face
        if self.details.isVisibleTo(self):
            height = self.details.sizeHint().height()
            self.details.setGeometry(0, bottom, width, height)
            bottom += height
        panel = QRect(0, 0, width, bottom)
        parts = [panel]
        if self.card.isVisibleTo(self):
            height = self.card.wanted_height(width)
            self.card.setGeometry(0, bottom + _CARD_GAP, width, height)
            parts.append(self.card.geometry())
            bottom += _CARD_GAP + height
        self._panel = panel
        self.resize(width, bottom)
        self._settle()
        self._cut_out(parts)
        self.update()

    def _settle(self) -> None:
        """Moves to the edge where the bar belongs."""
        screen = self.screen()
        if screen is None or self._pressed is not None:
            return
        room = screen.availableGeometry()
        box = Box(self.x(), self.y(), self.width(), self.height())
        if not self.isVisible():
            box = box._replace(x=room.x() + (room.width() - self.width()) // 2)
        place = at_edge(Box(room.x(), room.y(), room.width(), room.height()), box, self._edge)
        self.move(place.x, place.y)

    def _cut_out(self, parts: list[QRect]) -> None:
        """The window is its rounded parts and nothing between them; that needs no compositor."""
        bitmap = QBitmap(self.size())
        bitmap.clear()
        painter = QPainter(bitmap)
        painter.setBrush(Qt.GlobalColor.color1)
        painter.setPen(Qt.GlobalColor.color1)
        for part in parts:
            painter.drawRoundedRect(QRectF(part).adjusted(0, 0, -1, -1), 8, 8)
        painter.end()
        self.setMask(bitmap)

    # --- the person

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = (event.globalPosition().toPoint(), self.pos())

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        if event is not None and self._pressed is not None:
            start, place = self._pressed
            moved = event.globalPosition().toPoint() - start
            if moved.manhattanLength() >= _DRAG:
                self.move(place + moved)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        if event is None or self._pressed is None:
            return
        start, _place = self._pressed
        self._pressed = None
        if (event.globalPosition().toPoint() - start).manhattanLength() < _DRAG:
            if self.face.geometry().contains(event.position().toPoint()):
                self.toggle()
            return
        screen = self.screen()
        if screen is not None:
            room = screen.availableGeometry()
            box = Box(self.x(), self.y(), self.width(), self.height())
            self._edge = nearest_edge(Box(room.x(), room.y(), room.width(), room.height()), box)
        self._settle()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and Qt.Key(event.key()) in _KEYS:
            self._edge = _KEYS[Qt.Key(event.key())]
            self._settle()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        if event is not None:
            event.ignore()

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        if not self.details.isVisibleTo(self):
            return
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("surface"))
        painter.drawRoundedRect(QRectF(self._panel).adjusted(0.5, 0.5, -0.5, -0.5), 8, 8)

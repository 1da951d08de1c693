"""The top of the window: the way into the command palette, how the master is, the theme, and the master's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from asyncluster.console.link import State as LinkState
from asyncluster.console.parts.controls import IconButton, label
from asyncluster.console.state import words
from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.icons import icon, paint_icon
from asyncluster.core.qt.theme import Look
from asyncluster.core.qt.tokens import State, ink_on
from asyncluster.core.wire.feed import MasterRow

HEIGHT = 56


class TopBar(QWidget):
    """The bar.

    Args:
        palette: opens the command palette.
        change_theme: goes from light to dark and back.
    """

    def __init__(self, look: Look, palette: Callable[[], None], change_theme: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(look.theme.px(HEIGHT))
        self._look = look
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 0, 24, 0)
        row.setSpacing(8)
        self._command = _CommandButton(look)
        self._command.clicked.connect(lambda _checked: palette())
        row.addWidget(self._command)
        row.addStretch()
        self._sign = _MasterSign(look)
        self._master = label("", "strong")
        self._nodes = label("", "muted")
        self._theme = IconButton(look, "", "moon", "plain", does=change_theme)
        self._theme.setAccessibleName("Light or dark")
        self._theme.setToolTip("Light or dark (t)")
        self._clock = label("", "strong")
        for widget in (self._sign, self._master, self._nodes, _divider(), self._theme, self._clock):
            row.addWidget(widget)
        look.changed.connect(self._dress)
        self._dress()

    def show_master(self, state: LinkState, master: MasterRow | None) -> None:
        """How the master is, and how many nodes answer."""
        said = {
            LinkState.UP: "Master ok",
            LinkState.CONNECTING: "Looking for the master",
            LinkState.AWAY: "Master does not answer",
            LinkState.REFUSED: "Master refuses",
        }
        self._master.setText(said[state])
        self._sign.show_state(state)
        known = master is not None and state is LinkState.UP
        self._nodes.setText(_answering(master) if master is not None and known else "")

    def show_time(self, moment: datetime) -> None:
        """What the master's clock shows."""
        self._clock.setText(f"{words.day(moment)}  {moment:%H:%M}")

    def _dress(self) -> None:
        self._theme.show_icon("sun" if self._look.theme.tokens.dark else "moon")


def _answering(master: MasterRow) -> str:
    if master.answering == master.nodes:
        return words.counted(master.nodes, "node answers", "nodes answer")
    return f"{words.thousands(master.answering)} of {words.counted(master.nodes, 'node', 'nodes')} answer"


def _divider() -> QFrame:
    made = QFrame()
    made.setProperty("role", "line")
    made.setFixedSize(1, 24)
    return made


class _CommandButton(QPushButton):
    """Looks like the field that it opens."""

    def __init__(self, look: Look) -> None:
        super().__init__("  Search or type a command")
        self._look = look
        self.setProperty("role", "command")
        self.setAccessibleName("Search or type a command")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMaximumWidth(look.theme.px(432))
        self.setMinimumWidth(look.theme.px(220))
        self._key = QLabel("Ctrl K", self)
        self._key.setProperty("role", "hint")
        look.changed.connect(self._dress)
        self._dress()

    def resizeEvent(self, event: object) -> None:
        hint = self._key.sizeHint()
        self._key.setVisible(self.width() >= self.sizeHint().width() + hint.width())
        self._key.setGeometry(self.width() - hint.width() - 12, 0, hint.width(), self.height())

    def _dress(self) -> None:
        self.setIcon(icon("search", self._look.theme.color("muted")))


class _MasterSign(QWidget):
    """A check mark on green, or a warning."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look
        self._state = LinkState.CONNECTING
        look.changed.connect(self.update)

    def show_state(self, state: LinkState) -> None:
        self._state = state
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._look.theme.px(20), self._look.theme.px(20))

    def paintEvent(self, event: QPaintEvent | None) -> None:
        theme = self._look.theme
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        place = QRectF(0, (self.height() - side) / 2, side, side)
        if self._state is LinkState.UP:
            color = theme.state(State.COMPUTING)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(place)
            paint_icon(painter, place.adjusted(4, 4, -4, -4), "check", QColor(ink_on(color.name())))
        elif self._state is LinkState.CONNECTING:
            painter.setPen(QPen(theme.color("muted"), 2, Qt.PenStyle.DotLine))
            painter.drawEllipse(place.adjusted(2, 2, -2, -2))
        else:
            paint_badge(painter, place, State.ERROR, theme.tokens)

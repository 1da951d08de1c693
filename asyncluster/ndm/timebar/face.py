"""The bar itself, 320 by 56: time left, name, and the thin bar that empties to the left.

It grows by a line at the last two warnings, and changes its ground with each: surface, a tint, the full colour of
draining, danger. A click or Enter opens what is under it.
"""

from __future__ import annotations

import msgspec
from PyQt6.QtCore import QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QWidget

from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.bars import paint_bar
from asyncluster.core.qt.icons import paint_icon
from asyncluster.core.qt.theme import Look, Theme, Weight
from asyncluster.core.qt.tokens import State, ink_on, mix
from asyncluster.ndm.timebar.model import Level

WIDTH = 320
HEIGHT = 56
TALL = 80

_GROUND_SHARE = 0.22  # of the draining colour, at the first warning


class Shown(msgspec.Struct, frozen=True):
    """What the face shows."""

    headline: str
    beside: str
    second: str
    level: Level
    share: float | None
    mark: float | None
    open: bool


class Face(QWidget):
    """Paints a `Shown`.

    Signals:
        toggled: what is under the bar is to be opened or closed.
    """

    toggled = pyqtSignal()

    def __init__(self, parent: QWidget, look: Look) -> None:
        super().__init__(parent)
        self._look = look
        self._shown = Shown("", "", "", Level.CALM, None, None, False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def show_time(self, shown: Shown) -> None:
        """Shows the time; screen readers get the same words."""
        self._shown = shown
        self.setAccessibleName(", ".join(part for part in (shown.headline, shown.beside, shown.second) if part))
        self.update()

    def wanted_height(self) -> int:
        """Height in pixels: one line more when there is a second one to read."""
        return self._look.theme.px(TALL if self._shown.second else HEIGHT)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        if event is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.toggled.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent | None) -> None:
        theme, shown = self._look.theme, self._shown
        colors = _colors(theme, shown.level)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("accent") if self.hasFocus() else colors.edge, 2 if self.hasFocus() else 1))
        painter.setBrush(colors.ground)
        inset = 1.0 if self.hasFocus() else 0.5
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 8, 8)
        if self._shown.open and not self.hasFocus():  # one panel with what is open under it
            painter.fillRect(self.rect().adjusted(1, 8, -1, 0), colors.ground)
        self._paint_sign(painter, theme, colors)
        self._paint_words(painter, theme, colors)
        self._paint_bar(painter, theme, colors)

    def _paint_sign(self, painter: QPainter, theme: Theme, colors: _Colors) -> None:
        px = theme.px
        if self._shown.level is Level.CALM:
            paint_badge(painter, QRectF(px(16), px(14), px(24), px(24)), State.IN_USE, theme.tokens)
        else:
            paint_icon(painter, QRectF(px(16), px(14), px(24), px(24)), "clock", colors.ink)
        chevron = QRectF(self.width() - px(16 + 16), px(18), px(16), px(16))
        paint_icon(painter, chevron, "up" if self._shown.open else "down", colors.ink)

    def _paint_words(self, painter: QPainter, theme: Theme, colors: _Colors) -> None:
        px, shown = theme.px, self._shown
        left, right = float(px(53)), float(self.width() - px(40))
        big = theme.font(20, Weight.BOLD)
        painter.setPen(colors.ink)
        left += _write(painter, big, left, px(33), shown.headline, right) + px(8)
        painter.setPen(colors.beside)
        _write(painter, theme.font(14), left, px(33), shown.beside, right)
        painter.setPen(colors.ink)
        _write(painter, theme.font(14, Weight.MEDIUM), px(52), px(53), shown.second, self.width() - px(12))

    def _paint_bar(self, painter: QPainter, theme: Theme, colors: _Colors) -> None:
        px, shown = theme.px, self._shown
        if shown.share is None:
            return
        height = 8 if shown.second else 4
        top = self.height() - px(12 if not shown.second else 18)
        place = QRectF(px(16), top, self.width() - px(32), height)
        calm = shown.level is Level.CALM and shown.mark is not None
        mark = (shown.mark or 0.0, theme.color("muted")) if calm else None
        paint_bar(painter, place, shown.share, colors.fill, colors.rest, mark)


class _Colors(msgspec.Struct, frozen=True):
    ground: QColor
    edge: QColor
    ink: QColor
    beside: QColor
    fill: QColor
    rest: QColor


def _colors(theme: Theme, level: Level) -> _Colors:
    tokens, warning = theme.tokens, theme.tokens.states[State.DRAINING]
    if level is Level.CALM:
        return _Colors(
            theme.color("surface"),
            theme.color("line"),
            theme.color("text"),
            theme.color("muted"),
            theme.color("accent"),
            theme.color("line"),
        )
    if level is Level.SOON:
        ground = mix(warning, tokens.surface, _GROUND_SHARE)
        ink, rest = tokens.text, mix(warning, ground, 0.55)
        return _Colors(*(QColor(color) for color in (ground, warning, ink, ink, ink, rest)))
    ground = warning if level is Level.NOW else tokens.danger
    ink = ink_on(ground) if level is Level.NOW else tokens.on_danger
    rest = mix(ink, ground, 0.25 if level is Level.NOW else 0.36)
    return _Colors(*(QColor(color) for color in (ground, ground, ink, ink, ink, rest)))


def _write(painter: QPainter, font: QFont, left: float, baseline: float, text: str, right: float) -> float:
    """Writes `text`, shortened before `right`; returns its width."""
    metrics = QFontMetricsF(font)
    fitting = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, right - left))
    painter.setFont(font)
    painter.drawText(int(left), int(baseline), fitting)
    return metrics.horizontalAdvance(fitting)

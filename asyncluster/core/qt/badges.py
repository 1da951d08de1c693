"""The seven states as badges: colour, shape and glyph together, and the word that always stands beside them.

Everything is drawn from paths on a grid of 24, so that a badge is sharp at any size and on any screen.
"""

from __future__ import annotations

from collections.abc import Callable

from PyQt6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, QLineF, QPointF, QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPainterPath, QPen, QPolygonF

from asyncluster.core.qt.tokens import State, Tokens, ink_on

GRID = 24.0

_WORDS = {
    State.IN_USE: QT_TRANSLATE_NOOP("State", "In use"),
    State.IDLE: QT_TRANSLATE_NOOP("State", "Idle"),
    State.COMPUTING: QT_TRANSLATE_NOOP("State", "Computing"),
    State.SUSPENDED: QT_TRANSLATE_NOOP("State", "Suspended"),
    State.DRAINING: QT_TRANSLATE_NOOP("State", "Draining"),
    State.OFFLINE: QT_TRANSLATE_NOOP("State", "Offline"),
    State.ERROR: QT_TRANSLATE_NOOP("State", "Error"),
}


def state_word(state: State) -> str:
    """The state's word in the program's language."""
    return QCoreApplication.translate("State", _WORDS[state])


def paint_badge(painter: QPainter, rect: QRectF, state: State, tokens: Tokens) -> None:
    """Draws the badge of `state` into the square `rect`; 24 px is its size in a tile, 16 px the least."""
    color = tokens.states[state]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / GRID, rect.height() / GRID)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(color))
    painter.drawPath(_shape(state))
    _GLYPHS[state](painter, QColor(ink_on(color)))
    painter.restore()


def paint_warning(painter: QPainter, rect: QRectF, tokens: Tokens) -> None:
    """Draws the sign of a warning that is no node's state: a triangle in the colour of draining."""
    color = tokens.states[State.DRAINING]
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / GRID, rect.height() / GRID)
    join = Qt.PenJoinStyle.RoundJoin
    painter.setPen(QPen(QColor(color), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, join))
    painter.setBrush(QColor(color))
    painter.drawPolygon(QPolygonF([QPointF(12, 3.5), QPointF(22, 20.5), QPointF(2, 20.5)]))
    painter.translate(0, 2)
    _exclamation(painter, QColor(ink_on(color)))
    painter.restore()


def _shape(state: State) -> QPainterPath:
    path = QPainterPath()
    if state in (State.DRAINING, State.OFFLINE):
        path.addRoundedRect(QRectF(0, 0, GRID, GRID), 4, 4)
    elif state is State.ERROR:
        cut = GRID / (2 + 2**0.5)
        near, far = cut, GRID - cut
        corners = [(near, 0), (far, 0), (GRID, near), (GRID, far), (far, GRID), (near, GRID), (0, far), (0, near)]
        path.addPolygon(QPolygonF(QPointF(x, y) for x, y in corners))
        path.closeSubpath()
    else:
        path.addEllipse(QRectF(0, 0, GRID, GRID))
    return path


def _stroke(painter: QPainter, ink: QColor, width: float = 2.0) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    pen = QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)


def _person(painter: QPainter, ink: QColor) -> None:
    painter.setBrush(ink)
    painter.drawEllipse(QPointF(12, 9.2), 2.7, 2.7)
    shoulders = QPainterPath(QPointF(7, 17.5))
    shoulders.cubicTo(7, 11.9, 17, 11.9, 17, 17.5)
    shoulders.closeSubpath()
    painter.drawPath(shoulders)


def _ring(painter: QPainter, ink: QColor) -> None:
    _stroke(painter, ink)
    painter.drawEllipse(QPointF(12, 12), 3.8, 3.8)


def _triangle(painter: QPainter, ink: QColor) -> None:
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF([QPointF(9, 7), QPointF(17.5, 12), QPointF(9, 17)]))


def _two_bars(painter: QPainter, ink: QColor) -> None:
    painter.setBrush(ink)
    painter.drawRect(QRectF(7.8, 7.5, 3, 9))
    painter.drawRect(QRectF(13.2, 7.5, 3, 9))


def _arrow_to_a_line(painter: QPainter, ink: QColor) -> None:
    _stroke(painter, ink)
    painter.drawLine(QLineF(12, 6.5, 12, 13.5))
    painter.drawPolyline(QPolygonF([QPointF(9, 10.8), QPointF(12, 13.8), QPointF(15, 10.8)]))
    painter.drawLine(QLineF(7.5, 17.5, 16.5, 17.5))


def _cross(painter: QPainter, ink: QColor) -> None:
    _stroke(painter, ink, 2.4)
    painter.drawLine(QLineF(8, 8, 16, 16))
    painter.drawLine(QLineF(16, 8, 8, 16))


def _exclamation(painter: QPainter, ink: QColor) -> None:
    _stroke(painter, ink, 2.4)
    painter.drawLine(QLineF(12, 6.8, 12, 13))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawEllipse(QPointF(12, 16.8), 1.4, 1.4)


_GLYPHS: dict[State, Callable[[QPainter, QColor], None]] = {
    State.IN_USE: _person,
    State.IDLE: _ring,
    State.COMPUTING: _triangle,
    State.SUSPENDED: _two_bars,
    State.DRAINING: _arrow_to_a_line,
    State.OFFLINE: _cross,
    State.ERROR: _exclamation,
}

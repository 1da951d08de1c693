"""Badges and chips as pictures, made once: a table shows the same few of them hundreds of times a second."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QPainter, QPen, QPixmap

from asyncluster.console.parts.faces import face
from asyncluster.core.qt.badges import paint_badge
from asyncluster.core.qt.theme import Theme, Weight
from asyncluster.core.qt.tokens import DARK, LIGHT, State

_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def badge(theme: Theme, state: State, size: int, ratio: float) -> QPixmap:
    """The badge of a state, for a screen with so many pixels a pixel."""
    return _badge(theme.tokens.dark, theme.scale, state, size, ratio)


@lru_cache(maxsize=200)
def _badge(dark: bool, scale: float, state: State, size: int, ratio: float) -> QPixmap:
    theme = _theme(dark, scale)
    return _drawn(size, size, ratio, lambda p: paint_badge(p, QRectF(0, 0, size, size), state, theme.tokens))


def chip(theme: Theme, number: int, ratio: float) -> QPixmap:
    """A job's chip: a dot in its colour, and its number."""
    return _chip(theme.tokens.dark, theme.scale, number, ratio)


@lru_cache(maxsize=500)
def _chip(dark: bool, scale: float, number: int, ratio: float) -> QPixmap:
    theme = _theme(dark, scale)
    width, height = chip_width(theme, number), theme.px(20)

    def draw(painter: QPainter) -> None:
        rect = QRectF(0.5, 0.5, width - 1, height - 1)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised"))
        painter.drawRoundedRect(rect, 4, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens.job_color(number)))
        dot = theme.px(8)
        painter.drawRoundedRect(QRectF(rect.left() + theme.px(6), rect.center().y() - dot / 2, dot, dot), 2, 2)
        painter.setPen(theme.color("text"))
        painter.setFont(face(theme, 12, Weight.BOLD).font)
        painter.drawText(rect.adjusted(theme.px(19), 0, 0, 0), _LEFT, str(number))

    return _drawn(width, height, ratio, draw)


def chip_width(theme: Theme, number: int) -> int:
    """How wide a job's chip is."""
    return round(theme.px(30) + face(theme, 12, Weight.BOLD).width(str(number)))


def _theme(dark: bool, scale: float) -> Theme:
    """A theme by what tells it from others: hashing all of its colours would take longer than drawing."""
    return Theme(DARK if dark else LIGHT, scale)


def _drawn(width: int, height: int, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
    picture = QPixmap(round(width * ratio), round(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    draw(painter)
    painter.end()
    return picture
